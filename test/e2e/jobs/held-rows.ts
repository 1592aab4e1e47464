/**
 * Generated rows that wait for what is to happen while they are read, however long that takes on this machine. A job tells by
 * parameters what they wait for; without them they are read to their end.
 *
 *   holdAt, until      at this row, until there is such a file; for ever where it is left out
 *   each, checkpoints  at every so many rows, until two more checkpoints are in this directory: the second has all rows before
 */
import { existsSync } from 'node:fs';
import { type Flow, generate, type RowGenerator, type Source, type SplitReader } from 'millrace';
import { checkpointsOf } from '../checkpoint-files.ts';

const LOOK_MS = 5;

/** Rows up to a place in the sequence, and whether what is behind it may come. */
type Hold = { readonly count: number; readonly isOver: () => boolean };

type Plan = {
  readonly count: number;
  readonly holdAt: number;
  readonly until: string;
  readonly each: number;
  readonly checkpoints: string;
};

/** The place in the sequence where a reader stops that is before this row. */
function holdBehind(row: number, { count, holdAt, until, each, checkpoints }: Plan): Hold {
  if (holdAt > row) return { count: holdAt, isOver: () => until !== '' && existsSync(until) };
  if (each === 0) return { count, isOver: () => false };
  const stop = Math.min(count, (Math.floor(row / each) + 1) * each);
  const newest = (): number => checkpointsOf(checkpoints).at(-1) ?? 0;
  let before: number | null = null;
  const isOver = (): boolean => {
    before ??= newest();
    return newest() >= before + 2;
  };
  return { count: stop, isOver };
}

/** As `generate` of rows. */
export function heldRows<Row>(
  flow: Flow,
  options: RowGenerator<Row> & { readonly count: number },
): Source<Row> {
  const { count } = options;
  const plan: Plan = {
    count,
    holdAt: flow.param('holdAt', 0),
    until: flow.param('until', ''),
    each: flow.param('each', 0),
    checkpoints: flow.param('checkpoints', ''),
  };
  const whole: Source<Row> = generate(options);
  if (plan.holdAt === 0 && plan.each === 0) return whole;
  return {
    ...whole,
    createReader(split, position, context) {
      const { of } = split.detail as { readonly of: number };
      const rowAt = (place: unknown): number =>
        ((place as { done: number } | null)?.done ?? 0) * of;
      const readerAt = (hold: Hold, place: typeof position): SplitReader =>
        generate({ ...options, count: hold.count }).createReader(split, place, context);
      let hold = holdBehind(rowAt(position), plan);
      let reader = readerAt(hold, position);
      let wakeAtMs = Infinity;
      return {
        get wakeAtMs() {
          return wakeAtMs;
        },
        poll() {
          const polled = reader.poll();
          if (polled !== 'end' || hold.count === count) return polled;
          if (!hold.isOver()) {
            wakeAtMs = context.clock.now() + LOOK_MS;
            return 'idle';
          }
          const place = reader.position();
          hold = holdBehind(Math.max(hold.count, rowAt(place)), plan);
          reader = readerAt(hold, place);
          return reader.poll();
        },
        position: () => reader.position(),
        progress: () => reader.progress(),
        close: () => reader.close(),
      };
    },
  };
}
