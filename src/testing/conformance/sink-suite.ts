/** The rules of sinks, each as a run of writers that breaks off somewhere (sink-conformance.ts). */
import { BATCH_ROWS } from '../../base/limits.ts';
import type { Random } from '../../base/random.ts';
import type { Sink } from '../../operator/sink.ts';
import type { PlainData } from '../../operator/source.ts';
import { durationMs } from '../../time/duration.ts';
import { shownRows, textOf, without } from '../rows.ts';
import { check, checkRows } from './conformance-case.ts';
import type { SinkConformanceOptions } from './sink-conformance.ts';
import { type SinkCheckpoint, SinkLife } from './sink-life.ts';

const RESCALED = [1, 2, 3, 1];
const LIVES = 6;
const STEPS_MAX = 6;

export class SinkSuite {
  readonly #options: SinkConformanceOptions<unknown>;
  readonly #isOnce: boolean;
  readonly #patienceMs: number;
  #runs = 0;

  constructor(options: SinkConformanceOptions<unknown>) {
    this.#options = options;
    this.#isOnce = options.guarantee !== 'atLeastOnce';
    this.#patienceMs = durationMs(options.patience ?? '10 s', 'sinkConformance: patience');
  }

  #begin(
    from: SinkCheckpoint | null,
    parallelism = 2,
    isCheckpointed = true,
    sink = this.#options.sink,
  ): Promise<SinkLife> {
    return SinkLife.begin({
      sink: sink() as Sink,
      schema: this.#options.schema ?? null,
      parallelism,
      run: this.#runs++,
      from,
      isCheckpointed,
      patienceMs: this.#patienceMs,
    });
  }

  /** Rows `from` to `to` - 1. */
  #rows(from: number, to: number): unknown[] {
    return Array.from({ length: to - from }, (_, n) => this.#options.row(from + n));
  }

  /** Rows 0 to `count` - 1 are seen, each once; by a sink of the lesser guarantee, each at least once. */
  async #checkSeen(count: number, what: string): Promise<void> {
    const seen = await this.#options.visible();
    const expected = this.#rows(0, count);
    if (this.#isOnce) {
      checkRows(seen, expected, what);
      return;
    }
    const texts = expected.map(textOf);
    const missing = without(texts, seen.map(textOf));
    check(missing.length === 0, `${what}: missing ${shownRows(missing)}`);
    const strange = without([...new Set(seen.map(textOf))], texts);
    check(strange.length === 0, `${what}: rows that nobody wrote: ${shownRows(strange)}`);
  }

  async #checkUnseen(what: string): Promise<void> {
    if (this.#isOnce) checkRows(await this.#options.visible(), [], what);
  }

  async completes(): Promise<void> {
    for (const isCheckpointed of [true, false]) {
      await this.#options.clear();
      const life = await this.#begin(null, 2, isCheckpointed);
      for (let n = 0; n < 4; n++) await life.write(this.#rows(5 * n, 5 * n + 5));
      const committables = await life.end();
      life.close();
      await life.commit(committables);
      await this.#checkSeen(20, 'behind the commit at the end');
    }
  }

  async takesBatches(): Promise<void> {
    const life = await this.#begin(null);
    let count = 0;
    for (const rows of [1, 7, BATCH_ROWS, 1, 2]) {
      await life.write(this.#rows(count, count + rows));
      count += rows;
    }
    const committables = await life.end();
    life.close();
    await life.commit(committables);
    await this.#checkSeen(count, 'of batches of 1, 7, 4096, 1 and 2 rows');
  }

  async takesNothing(): Promise<void> {
    const life = await this.#begin(null);
    const first = await life.checkpoint();
    await life.commit(first.committables);
    await life.commit(await life.end());
    life.close();
    await this.#checkSeen(0, 'without a row');
  }

  async hides(): Promise<void> {
    const life = await this.#begin(null);
    await life.write(this.#rows(0, 5));
    await this.#checkUnseen('behind write');
    const { committables } = await life.checkpoint();
    await this.#checkUnseen('behind preCommit at a checkpoint');
    await life.commit(committables);
    await life.write(this.#rows(5, 10));
    const last = await life.end();
    life.close();
    const later = new Set(this.#rows(5, 10).map(textOf));
    const early = (await this.#options.visible()).map(textOf).filter((row) => later.has(row));
    check(early.length === 0, `before the commit at the end there are ${shownRows(early)}`);
    await life.commit(last);
    await this.#checkSeen(10, 'behind all commits');
  }

  async repeatsCommits(): Promise<void> {
    const life = await this.#begin(null);
    await life.write(this.#rows(0, 5));
    const first = await life.checkpoint();
    for (let n = 0; n < 2; n++) await life.commit(first.committables);
    await life.write(this.#rows(5, 10));
    const last = await life.end();
    for (let n = 0; n < 2; n++) await life.commit(last);
    life.close();
    await life.commit(last);
    await (this.#options.sink() as Sink).commit(last);
    await this.#checkSeen(10, 'behind commits that were repeated, by another run too');
  }

  async discards(): Promise<void> {
    const life = await this.#begin(null, 2, false);
    await life.write(this.#rows(0, 5));
    const committables = await life.end();
    life.close();
    await life.discard(committables);
    await this.#checkUnseen('behind discard');
    const next = await this.#begin(null, 2, false);
    await next.write(this.#rows(0, 5));
    const again = await next.end();
    next.close();
    await next.commit(again);
    await this.#checkSeen(5, 'of the run behind the one that was discarded');
  }

  async commitsAfterCrash(): Promise<void> {
    const life = await this.#begin(null);
    await life.write(this.#rows(0, 5));
    const checkpoint = await life.checkpoint();
    life.close();
    const next = await this.#begin(checkpoint);
    await this.#finish(next, 5, 10);
    await this.#checkSeen(10, 'of a run that begins with the commit of the one before');
  }

  /** Writes rows to the end, and commits them. */
  async #finish(life: SinkLife, from: number, to: number): Promise<void> {
    await life.write(this.#rows(from, to));
    const committables = await life.end();
    life.close();
    await life.commit(committables);
  }

  async writesAgain(): Promise<void> {
    for (const isCommitted of [true, false]) {
      await this.#options.clear();
      const life = await this.#begin(null);
      await life.write(this.#rows(0, 3));
      const checkpoint = await life.checkpoint();
      if (isCommitted) await life.commit(checkpoint.committables);
      // Nobody will know of these.
      await life.write(this.#rows(3, 6));
      await life.checkpoint();
      await life.write(this.#rows(6, 9));
      life.close();
      const next = await this.#begin(checkpoint);
      await this.#finish(next, 3, 10);
      await this.#checkSeen(10, 'where rows behind the checkpoint were written again');
    }
  }

  async commitsSeveral(): Promise<void> {
    const life = await this.#begin(null);
    const committables: PlainData[] = [];
    for (let n = 0; n < 3; n++) {
      await life.write(this.#rows(2 * n, 2 * n + 2));
      committables.push(...(await life.checkpoint()).committables);
    }
    await life.commit(committables);
    await this.#finish(life, 6, 8);
    await this.#checkSeen(8, 'where two checkpoints had failed before the one that was committed');
  }

  async rescales(): Promise<void> {
    let from: SinkCheckpoint | null = null;
    let written = 0;
    for (const parallelism of RESCALED) {
      const life = await this.#begin(from, parallelism);
      for (let n = 0; n < 4; n++) await life.write(this.#rows(written + n, written + n + 1));
      written += 4;
      from = await life.checkpoint();
      await life.write(this.#rows(written, written + 2));
      life.close();
    }
    await this.#finish(await this.#begin(from), written, written + 2);
    await this.#checkSeen(written + 2, 'over 1, 2, 3 and 1 subtasks');
  }

  async survives(random: Random): Promise<void> {
    let from: SinkCheckpoint | null = null;
    /** Rows that the last checkpoint has, and those that any run has written. */
    let kept = 0;
    let most = 0;
    for (let n = 0; n < LIVES; n++) {
      const life = await this.#begin(from, 1 + random.below(3));
      let written = kept;
      let prepared: PlainData[] = [];
      for (let steps = random.below(STEPS_MAX); steps > 0; steps--) {
        const rows = 1 + random.below(9);
        await life.write(this.#rows(written, written + rows));
        written += rows;
        most = Math.max(most, written);
        if (random.below(2) > 0) continue;
        const checkpoint = await life.checkpoint();
        prepared = [...prepared, ...checkpoint.committables];
        // It may fail: then its committables wait for the next one.
        if (random.below(3) === 0) continue;
        from = { committables: prepared, states: checkpoint.states };
        kept = written;
        // The process may die before, in the middle of, or behind its commit.
        const committed = random.below(3) > 0 ? prepared.length : random.below(prepared.length + 1);
        await life.commit(prepared.slice(0, committed));
        if (committed < prepared.length) break;
        prepared = [];
      }
      life.close();
    }
    await this.#finish(await this.#begin(from), kept, most + 3);
    await this.#checkSeen(most + 3, `over ${LIVES} crashes`);
  }

  async cancels(): Promise<void> {
    for (const isCheckpointed of [true, false]) {
      await this.#options.clear();
      const life = await this.#begin(null, 2, isCheckpointed);
      await life.write(this.#rows(0, 5));
      life.close();
      await this.#checkUnseen('of a job that was cancelled');
    }
  }

  async fails(sink: () => Sink<unknown>): Promise<void> {
    const life = await this.#begin(null, 1, true, sink);
    try {
      await life.write(this.#rows(0, 5));
      await life.commit(await life.end());
    } finally {
      life.close();
    }
  }
}
