/** Every way a piece of dataflow can be run in a harness: the result must be the same in all. */
import { test } from 'node:test';
import type { RowStream, Stream } from '../src/api/stream.ts';
import type { Schema } from '../src/data/schema.ts';
import type { DataflowOptions } from '../src/testing/dataflow.ts';
import { type Harness, harness } from '../src/testing/harness.ts';
import { type Harness2, harness2 } from '../src/testing/harness2.ts';

/** How a harness is run, whatever its rows. */
type Places = 'maxParallelism' | 'seed' | 'restartEach' | 'snapshotsBetween';
type Running = Required<Omit<DataflowOptions, Places | 'batch'>> & Pick<DataflowOptions, Places>;

export type Mode = Running & { readonly isTyped: boolean };

export type Mode2 = Running & {
  readonly isFirstTyped: boolean;
  readonly isSecondTyped: boolean;
};

const PLACES: readonly Pick<Running, 'parallelism' | Places>[] = [
  { parallelism: 1 },
  { parallelism: 1, seed: 7 },
  { parallelism: 3, seed: 1 },
  { parallelism: 3, seed: 2 },
  // Snapshot and restore at every step.
  { parallelism: 1, restartEach: [1] },
  { parallelism: 3, restartEach: [3, 1, 2, 2] },
  // Snapshots of what has changed on top of each other, then restore.
  { parallelism: 1, restartEach: [1], snapshotsBetween: 3 },
  { parallelism: 3, restartEach: [1, 2, 3], snapshotsBetween: 2 },
];

const RUNNING: readonly Running[] = ([1, 7, 'all'] as const).flatMap((batchSize) =>
  [Infinity, 1].flatMap((outputCapacity) =>
    PLACES.map((place): Running => ({ batchSize, outputCapacity, ...place })),
  ),
);

export const MODES: readonly Mode[] = RUNNING.flatMap((running) =>
  [true, false].map((isTyped): Mode => ({ ...running, isTyped })),
);

export const MODES2: readonly Mode2[] = RUNNING.flatMap((running) =>
  [true, false].flatMap((isFirstTyped) =>
    [true, false].map((isSecondTyped): Mode2 => ({ ...running, isFirstTyped, isSecondTyped })),
  ),
);

/** For what depends on the number of subtasks, or on when a source tells its watermark. */
export const WITHOUT_RESTARTS = ({ restartEach }: Running): boolean => restartEach === undefined;

export function describeMode(mode: Mode): string {
  return `${describeRunning(mode)}, ${rowsOf(mode.isTyped)}`;
}

function describeMode2(mode: Mode2): string {
  return `${describeRunning(mode)}, ${rowsOf(mode.isFirstTyped)} and ${rowsOf(mode.isSecondTyped)}`;
}

function describeRunning({
  batchSize,
  outputCapacity,
  parallelism,
  seed,
  restartEach,
  snapshotsBetween = 0,
}: Running): string {
  const order = seed === undefined ? 'in turn' : `seed ${seed}`;
  const output = outputCapacity === Infinity ? '' : `, output of ${outputCapacity}`;
  const deltas = snapshotsBetween === 0 ? '' : ` behind ${snapshotsBetween} snapshots`;
  const restarts =
    restartEach === undefined ? '' : `, restarts with ${restartEach.join(', ')}${deltas}`;
  return `batches of ${batchSize}, ${parallelism} subtasks ${order}${output}${restarts}`;
}

function rowsOf(isTyped: boolean): string {
  return isTyped ? 'typed' : 'free-form';
}

/** Runs one case in every mode. */
export function inEveryMode<Row, Out>(
  name: string,
  schema: Schema<Row>,
  build: (stream: Stream<Row>) => RowStream<Out>,
  run: (h: Harness<Row, Out>, mode: Mode) => Promise<void> | void,
  isMeant: (mode: Mode) => boolean = () => true,
  more: Pick<DataflowOptions, 'batch'> = {},
): void {
  test(name, async (context) => {
    for (const mode of MODES.filter(isMeant)) {
      await context.test(describeMode(mode), async () => {
        const { isTyped, ...options } = mode;
        await run(
          await harness(build, { ...options, ...more, ...(isTyped ? { schema } : {}) }),
          mode,
        );
      });
    }
  });
}

/** Runs one case in every mode, as a job in batch would. */
export function inEveryBatchMode<Row, Out>(
  name: string,
  schema: Schema<Row>,
  build: (stream: Stream<Row>) => RowStream<Out>,
  run: (h: Harness<Row, Out>, mode: Mode) => Promise<void> | void,
): void {
  inEveryMode(name, schema, build, run, () => true, { batch: true });
}

/** Runs one case of two inputs in every mode: each of them with and without its schema. */
export function inEveryMode2<First, Second, Out>(
  name: string,
  firstSchema: Schema<First>,
  secondSchema: Schema<Second>,
  build: (first: Stream<First>, second: Stream<Second>) => RowStream<Out>,
  run: (h: Harness2<First, Second, Out>, mode: Mode2) => Promise<void> | void,
  isMeant: (mode: Mode2) => boolean = () => true,
): void {
  test(name, async (context) => {
    for (const mode of MODES2.filter(isMeant)) {
      await context.test(describeMode2(mode), async () => {
        const { isFirstTyped, isSecondTyped, ...options } = mode;
        const h = await harness2(build, {
          ...options,
          ...(isFirstTyped ? { firstSchema } : {}),
          ...(isSecondTyped ? { secondSchema } : {}),
        });
        await run(h, mode);
      });
    }
  });
}

/** Elements as text, records in the order of their text: within one firing the order across keys is free. */
export function sorted(elements: readonly object[]): string[] {
  const lines: string[] = [];
  let records: string[] = [];
  const flush = (): void => {
    lines.push(...records.sort());
    records = [];
  };
  for (const element of elements) {
    if ('record' in element) records.push(JSON.stringify(element));
    else {
      flush();
      lines.push(
        String(JSON.stringify(element, (_, value) => (value === Infinity ? 'max' : value))),
      );
    }
  }
  flush();
  return lines;
}

/** Several subtasks give their rows in any order. */
export function inOrderOf<Row>(mode: Running, rows: readonly Row[]): readonly Row[] {
  if (mode.parallelism === 1) return rows;
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
