/** Reads a split by its reader, as a subtask does, and watches what the contract of readers says. */
import { VirtualClock } from '../../base/clock.ts';
import { after } from '../../base/event-loop.ts';
import { BATCH_ROWS } from '../../base/limits.ts';
import type { Batch } from '../../data/batch.ts';
import { sameSchema } from '../../data/schema.ts';
import type {
  PlainData,
  PollResult,
  Source,
  SourceSplit,
  SplitReader,
} from '../../operator/source.ts';
import { textOf } from '../rows.ts';
import { check, throughCheckpoint } from './conformance-case.ts';

/** What one poll has given, and the position behind it. */
export type Poll = {
  readonly rows: readonly unknown[];
  readonly position: PlainData;
  /** Nobody reads on from there. */
  readonly hasEnded: boolean;
};

/** How long a source may give nothing before its end. */
const PATIENCE_MS = 10_000;
/** How long one without an end may be idle until it is quiet. */
const QUIET_MS = 60;
const LOOK_MS = 1;
/** Polls in a row that bring nothing, until a source without an end is quiet. */
const QUIET_POLLS = 12;

/** Resolves after some time, for which it keeps the process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void after(ms, resolve));
}

/** `givenMs` null: none is given. */
export function patienceWith({ isBounded }: Source, givenMs: number | null): number {
  return givenMs ?? (isBounded ? PATIENCE_MS : QUIET_MS);
}

export class SplitReading {
  readonly clock = new VirtualClock();
  readonly reader: SplitReader;
  readonly #source: Source;
  readonly #what: string;
  readonly #patienceMs: number;
  #isWoken = false;
  /** Batches that may be kept, with what they held when they came. */
  readonly #kept: { readonly batch: Batch; readonly text: string }[] = [];

  /** An idle reader of a source with an end has to wake its subtask within its patience. */
  constructor(source: Source, split: SourceSplit, position: PlainData, patienceMs: number | null) {
    this.#source = source;
    this.#patienceMs = patienceWith(source, patienceMs);
    this.#what = `split '${split.id}'`;
    this.reader = source.createReader(split, position, {
      clock: this.clock,
      wake: () => {
        this.#isWoken = true;
      },
      malformed() {},
    });
  }

  /** Polls until there is a batch; null at the end, or when a source without one has given nothing for some time. */
  async next(): Promise<Poll | null> {
    for (let quiet = 0; ; ) {
      this.#isWoken = false;
      const result = this.reader.poll();
      if (result === 'end') return null;
      if (result !== 'idle' && result.rowCount > 0) return this.#taken(result);
      if (!this.#source.isBounded && ++quiet > QUIET_POLLS) return null;
      const { wakeAtMs } = this.reader;
      if (result !== 'idle' || this.#isWoken) continue;
      if (wakeAtMs === Infinity) {
        if (!(await this.#wakes())) return null;
      } else if (wakeAtMs > this.clock.now()) this.clock.advanceTo(wakeAtMs);
    }
  }

  /** Waits for the reader to wake its subtask. */
  async #wakes(): Promise<boolean> {
    for (let waitedMs = 0; !this.#isWoken && waitedMs < this.#patienceMs; waitedMs += LOOK_MS) {
      await pause(LOOK_MS);
    }
    const isLost = !this.#isWoken && this.#source.isBounded;
    check(!isLost, `${this.#what} is idle, and nobody wakes its subtask`);
    return this.#isWoken;
  }

  #taken(batch: Exclude<PollResult, string>): Poll {
    const { schema, rowCount } = batch;
    check(
      rowCount <= BATCH_ROWS,
      `${this.#what}: a batch has ${rowCount} rows, more than ${BATCH_ROWS}`,
    );
    check(
      sameSchema(schema, this.#source.schema),
      `${this.#what}: a batch has another schema than the source`,
    );
    const rows = batch.rowObjects().slice(0, rowCount);
    if (!batch.isTransient) this.#kept.push({ batch, text: textOf(rows) });
    const progress = this.reader.progress();
    check(progress >= 0 && progress <= 1, `${this.#what}: progress is ${progress}, not 0 to 1`);
    const { reader } = this;
    return { rows, position: reader.position(), hasEnded: reader.hasEnded === true };
  }

  close(): void {
    this.reader.close();
    for (const { batch, text } of this.#kept) {
      const now = textOf(batch.rowObjects().slice(0, batch.rowCount));
      check(
        now === text,
        `${this.#what}: a batch that is not transient was changed after it was given`,
      );
    }
  }
}

/** All polls of a split from a position on; positions as a checkpoint keeps them. */
export async function readSplit(
  source: Source,
  split: SourceSplit,
  position: PlainData,
  patienceMs: number | null,
): Promise<Poll[]> {
  const reading = new SplitReading(source, split, position, patienceMs);
  const what = `a position of split '${split.id}'`;
  const polls: (Poll & { readonly text: string })[] = [];
  try {
    for (;;) {
      const poll = await reading.next();
      if (poll === null) break;
      check(
        textOf(reading.reader.position()) === textOf(poll.position),
        `${what} is another when it is asked for twice`,
      );
      polls.push({ ...poll, text: textOf(poll.position) });
    }
    for (const { position: kept, text } of polls) {
      check(textOf(kept) === text, `${what} changes while reading goes on: it was ${text}`);
    }
  } finally {
    reading.close();
  }
  return polls.map((poll) => ({
    rows: poll.rows,
    hasEnded: poll.hasEnded,
    position: throughCheckpoint(poll.position, what),
  }));
}
