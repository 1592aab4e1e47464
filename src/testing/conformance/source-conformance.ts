/** What every source has to keep to, as cases for a test runner. */
import {
  aFunction,
  checkOptions,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../../base/options.ts';
import { Random } from '../../base/random.ts';
import type { Source, SourceSplit } from '../../operator/source.ts';
import { fromItsStart } from '../../task/split-state.ts';
import { aDuration, type Duration, durationMs } from '../../time/duration.ts';
import { textOf } from '../rows.ts';
import {
  aFailing,
  type ConformanceCase,
  caseOf,
  check,
  checkRows,
  errorCase,
  throughCheckpoint,
} from './conformance-case.ts';
import { type InputLeft, SourceLife } from './source-life.ts';
import { pause, readSplit, SplitReading } from './split-reading.ts';

/** A source under test. Defaults in brackets. */
export type SourceConformanceOptions<Row> = {
  /** Makes the source anew, as each thread and each run of a job does, over the same input each time. */
  readonly source: () => Source<Row>;
  /** All rows of the input, in any order [those that it gives undisturbed]. */
  readonly rows?: readonly Row[];
  /** How many files, connections and the like the source holds now: none once its readers are closed [not looked at]. */
  readonly held?: () => number;
  /** The same source over an input that fails, and what its error says [not looked at]. */
  readonly failing?: { readonly source: () => Source<Row>; readonly message: RegExp };
  /** Random runs through crashes [10]. */
  readonly runs?: number;
  /** How long it may give nothing before its end ['10 s'] or, where it has none, until it counts as quiet ['60 ms']. */
  readonly patience?: Duration;
};

const OPTIONS: OptionRules<SourceConformanceOptions<unknown>> = {
  source: aFunction,
  rows: (what, value) => {
    if (!Array.isArray(value)) throw wrong(what, 'is an array', value);
  },
  held: aFunction,
  failing: aFailing('source'),
  runs: wholeNumber(1),
  patience: aDuration,
};

const PARALLELISM = 2;
/** Numbers of subtasks, one after the other, as a job is rescaled. */
const RESCALED = [1, 2, 3, 1];
/** Positions of a split from which the rest is read. */
const POSITIONS_MAX = 12;
const CRASHES = 5;
const STEPS_MAX = 8;
/** How long what was cancelled may still try to do something. */
const AFTER_CLOSE_MS = 5;

/**
 * The rules that a source has to keep to, as cases for any test runner: positions restored at every step give each row once, also
 * with other numbers of subtasks and through crashes; splits and positions are plain data; batches keep to their bounds; who is
 * idle wakes its subtask; cancellation leaves nothing behind; errors come out. A source without an end is read until it is quiet; one
 * that finds splits while it is read is given half of them at its start, and the others one by one.
 *
 *   for (const { name, run } of sourceConformance({ source: () => collection([1, 2, 3]), rows: [1, 2, 3] })) await run();
 */
export function sourceConformance<Row>(
  options: SourceConformanceOptions<Row>,
): readonly ConformanceCase[] {
  checkOptions('sourceConformance', options, OPTIONS as OptionRules<SourceConformanceOptions<Row>>);
  aFunction('sourceConformance: source', options.source);
  const { failing } = options;
  const make = options.source as () => Source;
  const { patience } = options;
  const patienceMs =
    patience === undefined ? null : durationMs(patience, 'sourceConformance: patience');
  const suite = new SourceSuite(make, options.rows ?? null, options.held ?? (() => 0), patienceMs);
  return [
    caseOf('all rows come, each once', () => suite.givesAll()),
    caseOf('splits are plain data, found again by the same ids', () => suite.findsSplits()),
    caseOf('a reader from any position gives the rest, in order', () => suite.restores()),
    caseOf('restored at every step, over 1, 2, 3 and 1 subtasks', () => suite.rescales()),
    ...Array.from({ length: options.runs ?? 10 }, (_, n) =>
      caseOf(`through crashes, each back to the last checkpoint (${n + 1})`, () =>
        suite.survives(new Random(n + 1)),
      ),
    ),
    caseOf('cancelled at any step, it leaves nothing behind', () => suite.cancels()),
    ...(failing === undefined
      ? []
      : [
          errorCase('an error of the input comes out', failing.message, async () => {
            await allRows(failing.source() as Source, patienceMs);
          }),
        ]),
  ];
}

class SourceSuite {
  readonly #make: () => Source;
  readonly #held: () => number;
  readonly #patienceMs: number | null;
  #rows: readonly unknown[] | null;

  constructor(
    make: () => Source,
    rows: readonly unknown[] | null,
    held: () => number,
    patienceMs: number | null,
  ) {
    this.#make = make;
    this.#patienceMs = patienceMs;
    this.#rows = rows;
    this.#held = held;
  }

  async #expected(): Promise<readonly unknown[]> {
    this.#rows ??= await allRows(this.#make(), this.#patienceMs);
    return this.#rows;
  }

  #checkHeld(): void {
    const held = this.#held();
    check(held === 0, `all readers are closed, and the source still holds ${held}`);
  }

  async givesAll(): Promise<void> {
    const source = this.#make();
    const splits = await source.discoverSplits(PARALLELISM);
    const rows = [];
    for (const split of splits) {
      for (const poll of await readSplit(source, split, null, this.#patienceMs))
        rows.push(...poll.rows);
    }
    checkRows(rows, await this.#expected(), 'read split by split');
    this.#checkHeld();
  }

  async findsSplits(): Promise<void> {
    for (const parallelism of [1, 3]) {
      const splits = await this.#make().discoverSplits(parallelism);
      const ids = splits.map(({ id }) => id);
      check(new Set(ids).size === ids.length, `two splits have the same id: ${ids.join(', ')}`);
      const again = (await this.#make().discoverSplits(parallelism)).map(({ id }) => id);
      check(
        textOf(again) === textOf(ids),
        `found again, splits are ${again.join(', ')}, not ${ids.join(', ')}`,
      );
      await this.#findsLater(parallelism, splits);
      for (const split of splits) {
        throughCheckpoint(split, `split '${split.id}'`);
        check(split.weight >= 0, `the weight of split '${split.id}' is ${split.weight}`);
      }
    }
  }

  /** Where a source looks for splits while it is read, those of its last stage have the same ids there. */
  async #findsLater(parallelism: number, splits: readonly SourceSplit[]): Promise<void> {
    const { discovery, assignment } = this.#make();
    if (discovery === undefined) return;
    const later = new Set((await discovery.findSplits(parallelism)).map(({ id }) => id));
    const last = typeof assignment === 'string' ? undefined : assignment.length - 1;
    const ids = splits.filter(({ stage }) => stage === last).map(({ id }) => id);
    const lacking = ids.filter((id) => !later.has(id));
    check(
      lacking.length === 0,
      `looked for while it is read, splits are ${[...later].join(', ')}, without ${lacking.join(', ')}`,
    );
  }

  async restores(): Promise<void> {
    for (const split of await this.#make().discoverSplits(PARALLELISM))
      await this.#restoresSplit(split);
    this.#checkHeld();
  }

  async #restoresSplit(split: SourceSplit): Promise<void> {
    const polls = await readSplit(this.#make(), split, null, this.#patienceMs);
    const all = polls.flatMap(({ rows }) => rows);
    let given = 0;
    const every = Math.max(1, Math.ceil(polls.length / POSITIONS_MAX));
    for (const [n, { rows, position, hasEnded }] of polls.entries()) {
      given += rows.length;
      if (hasEnded || (n % every > 0 && n < polls.length - 1)) continue;
      const rest = await readSplit(this.#make(), split, position, this.#patienceMs);
      const got = rest.flatMap((poll) => poll.rows);
      const expected = all.slice(given);
      const what = `split '${split.id}' from position ${textOf(position)}`;
      checkRows(got, expected, what);
      check(textOf(got) === textOf(expected), `${what}: the rest comes in another order`);
    }
  }

  async rescales(): Promise<void> {
    let left = await inputOf(this.#make());
    const given: unknown[] = [];
    for (let n = 0; ; n++) {
      const life = this.#live(left, RESCALED[n % RESCALED.length]!, null, given);
      await life.step();
      const { isOver } = life;
      left = life.snapshot();
      life.close();
      if (isOver) break;
    }
    checkRows(given, await this.#expected(), 'restored behind every batch');
    this.#checkHeld();
  }

  async survives(random: Random): Promise<void> {
    let left = await inputOf(this.#make());
    let given: unknown[] = [];
    for (let crash = 0; crash < CRASHES; crash++) {
      const rate = random.below(3) > 0 ? null : 10 ** (2 + random.below(3));
      const since = [...given];
      const life = this.#live(left, RESCALED[random.below(3)]!, rate, since);
      const steps = random.below(STEPS_MAX);
      for (let step = 0; step < steps && !life.isOver; step++) {
        await life.step();
        if (random.below(2) > 0) continue;
        left = life.snapshot();
        given = [...since];
      }
      life.close();
    }
    const life = this.#live(left, PARALLELISM, null, given);
    while (!life.isOver) await life.step();
    life.close();
    checkRows(given, await this.#expected(), `through ${CRASHES} crashes`);
    this.#checkHeld();
  }

  #live(input: InputLeft, parallelism: number, rate: number | null, given: unknown[]): SourceLife {
    const onRows = (rows: readonly unknown[]): void => void given.push(...rows);
    const patienceMs = this.#patienceMs;
    return new SourceLife({ source: this.#make(), input, parallelism, rate, patienceMs, onRows });
  }

  async cancels(): Promise<void> {
    for (const split of await this.#make().discoverSplits(PARALLELISM)) {
      for (let steps = 0; steps < STEPS_MAX; steps++) {
        const reading = new SplitReading(this.#make(), split, null, this.#patienceMs);
        let isOver = false;
        for (let step = 0; step < steps && !isOver; step++)
          isOver = (await reading.next()) === null;
        // Where it is in the middle of something: what it asks for next.
        if (!isOver) reading.reader.poll();
        reading.close();
        await pause(AFTER_CLOSE_MS);
        if (isOver) break;
      }
    }
    this.#checkHeld();
  }
}

/** At the start of a job: of a source that finds splits while it is read, some of them come later. */
async function inputOf(source: Source): Promise<InputLeft> {
  const splits = await source.discoverSplits(PARALLELISM);
  const found = await source.discovery?.findSplits(PARALLELISM);
  const ids = new Set(found?.map(({ id }) => id));
  const withheld = splits.filter(({ id }) => ids.has(id)).slice(Math.ceil(ids.size / 2));
  const left = splits.filter((split) => !withheld.includes(split));
  return { left: left.map(fromItsStart), read: [] };
}

/** Undisturbed, by the subtasks of a job. */
async function allRows(source: Source, patienceMs: number | null): Promise<readonly unknown[]> {
  const given: unknown[] = [];
  const life = new SourceLife({
    source,
    input: await inputOf(source),
    parallelism: PARALLELISM,
    rate: null,
    patienceMs,
    onRows: (rows) => void given.push(...rows),
  });
  try {
    while (!life.isOver) await life.step();
  } finally {
    life.close();
  }
  return given;
}
