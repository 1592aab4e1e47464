/** Every way a piece of dataflow can be run in a harness: the result must be the same in all. */
import { test } from 'node:test';
import type { RowStream, Stream } from '../src/api/stream.ts';
import type { Schema } from '../src/data/schema.ts';
import {
  type Harness,
  type Harness2,
  type Harness2Options,
  type HarnessOptions,
  harness,
  harness2,
} from '../src/testing/harness.ts';

export type Mode = Pick<
  HarnessOptions<never>,
  'batchSize' | 'outputCapacity' | 'parallelism' | 'seed'
> & {
  readonly isTyped: boolean;
};

const PLACES: readonly Pick<Mode, 'parallelism' | 'seed'>[] = [
  { parallelism: 1 },
  { parallelism: 1, seed: 7 },
  { parallelism: 3, seed: 1 },
  { parallelism: 3, seed: 2 },
];

export const MODES: readonly Mode[] = ([1, 7, 'all'] as const).flatMap((batchSize) =>
  [Infinity, 1].flatMap((outputCapacity) =>
    PLACES.flatMap((place) =>
      [true, false].map((isTyped): Mode => ({ batchSize, outputCapacity, ...place, isTyped })),
    ),
  ),
);

export function describeMode(mode: Mode): string {
  const { batchSize, outputCapacity, parallelism, seed, isTyped } = mode;
  const order = seed === undefined ? 'in turn' : `seed ${seed}`;
  const output = outputCapacity === Infinity ? '' : `, output of ${outputCapacity}`;
  return `batches of ${batchSize}, ${parallelism} subtasks ${order}, ${isTyped ? 'typed' : 'free-form'}${output}`;
}

/** Runs one case in every mode. */
export function inEveryMode<Row, Out>(
  name: string,
  schema: Schema<Row>,
  build: (stream: Stream<Row>) => RowStream<Out>,
  run: (h: Harness<Row, Out>, mode: Mode) => Promise<void> | void,
): void {
  test(name, async (context) => {
    for (const mode of MODES) {
      await context.test(describeMode(mode), async () => {
        const { isTyped, ...options } = mode;
        const given = Object.fromEntries(
          Object.entries(options).filter(([, value]) => value !== undefined),
        );
        await run(await harness(build, { ...given, ...(isTyped ? { schema } : {}) }), mode);
      });
    }
  });
}

/** Runs one case over two inputs in every mode; typed modes have the first input typed, or both where `second` is given. */
export function inEveryMode2<First, Second, Out>(
  name: string,
  schemas: { readonly first: Schema<First>; readonly second?: Schema<Second> },
  build: (first: Stream<First>, second: Stream<Second>) => RowStream<Out>,
  run: (h: Harness2<First, Second, Out>, mode: Mode) => Promise<void> | void,
): void {
  test(name, async (context) => {
    for (const mode of MODES) {
      await context.test(describeMode(mode), async () => {
        const { isTyped, seed, ...options } = mode;
        const { first, second } = schemas;
        const h = await harness2(build, {
          ...options,
          ...(seed === undefined ? {} : { seed }),
          ...(isTyped ? { firstSchema: first } : {}),
          ...(isTyped && second !== undefined ? { secondSchema: second } : {}),
        } as Harness2Options<First, Second>);
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
export function inOrderOf<Row>(mode: Mode, rows: readonly Row[]): readonly Row[] {
  if (mode.parallelism === 1) return rows;
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
