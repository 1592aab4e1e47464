/**
 * What all steps of random jobs are drawn with. Each draws itself as code for a stream of some shape, or says by null that it
 * cannot stand behind it.
 *
 * What comes out of a step must be sure, whatever the number of subtasks and the order in which their rows come: where the order
 * counts (the first row, a running sum), the rows are in order, or only what does not depend on it is looked at (rows are
 * sorted, sums of numbers are, of several the greatest is taken). Nothing is late, but in `lateRows`, where rows are counted.
 */
import type { Random } from '../../../src/base/random.ts';
import type { Fields, Shape } from './shape.ts';

/** A stream that steps may stand behind, by the name of its variable. */
export type Stream = { readonly name: string; readonly shape: Shape };

export type DrawnStep = {
  /** An expression over the names of streams. */
  readonly code: string;
  readonly shape: Shape;
  /** Whether the stream before it may take its place: the shape is that of the first input, or has more. */
  readonly canBeLeftOut?: boolean;
  /** Settings that may be left out, such as `.disableChaining()`. */
  readonly settings?: readonly string[];
};

export type Drawing = {
  readonly random: Random;
  /** Of what was drawn later than the rest, so that old seeds draw the same jobs as before, but for this. */
  readonly more: Random;
  /** A number of its own, for the names of fields. */
  readonly id: number;
  /** Whether the job has only what there is a naive evaluation of: one step without is enough for the whole job to have none. */
  readonly isEvaluated: boolean;
};

export type DrawStep = (drawing: Drawing, stream: Stream, other: Stream) => DrawnStep | null;

/** Where rows of a few hundred meet rows of a few hundred there are more than it takes to find anything. */
export const JOINED_MAX = 400;
/** No step is put behind a stream that has more, where it would make it longer. */
export const ROWS_MAX = 6000;

export const sometimes = (random: Random, one: number): boolean => random.below(one) === 0;

export function settings(random: Random, more: readonly string[] = []): string[] {
  const all = ['.disableChaining()', '.startNewChain()', ".bufferTimeout('1 ms')", ...more];
  return all.filter(() => sometimes(random, 8));
}

/** Steps that take a row at a time are in one subtask where rows are to stay in order. */
export function oneByOne(random: Random, shape: Shape): { code: string; shape: Shape } {
  if (shape.order === 'all') {
    if (!sometimes(random, 4)) return { code: '.parallelism(1)', shape };
    return { code: '', shape: { ...shape, order: 'none' } };
  }
  if (!sometimes(random, 5)) return { code: '', shape };
  return { code: `.parallelism(${1 + random.below(3)})`, shape: { ...shape, order: 'none' } };
}

export const untyped = (shape: Shape, fields: Fields): Shape => ({
  ...shape,
  fields,
  isTyped: false,
});

const TYPES = {
  number: 't.float64',
  fraction: 't.float64',
  bigint: 't.int64',
  string: 't.string',
  boolean: 't.boolean',
  time: 't.timestamp',
  date: 't.date',
  other: 't.dynamic()',
} as const;

/** Code of the schema of some fields. */
export function schemaOf(fields: Fields): string {
  const types = Object.entries(fields).map(([name, { kind, nullable }]) => {
    const type = TYPES[kind];
    return `${name}: ${nullable ? `t.nullable(${type})` : type}`;
  });
  return `record({ ${types.join(', ')} })`;
}
