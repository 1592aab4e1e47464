/** What functions of the user have beside `emit`: side outputs, and metrics that take everything and tell nothing. */
import { NotEvaluable, type TimedRow } from './records.ts';

/** Rows of the side outputs of a step, by name. */
export class NaiveSides {
  readonly rows: Record<string, TimedRow[]> = {};

  /** For rows of an event time. */
  readonly contextAt = (time: number | null): object => ({
    metrics: METRICS,
    output: ({ name }: { readonly name: string }, row: unknown): void => {
      this.rows[name] ??= [];
      this.rows[name].push({ row, time });
    },
  });
}

const ofTheRun = (): never => {
  throw new NotEvaluable('has a function that looks at its metrics');
};

const METRIC = {
  add(): void {},
  set(): void {},
  markEvent(): void {},
  update(): void {},
  get count(): never {
    return ofTheRun();
  },
  get value(): never {
    return ofTheRun();
  },
  get rate(): never {
    return ofTheRun();
  },
};

const metric = (): typeof METRIC => METRIC;

const METRICS = { counter: metric, gauge: metric, meter: metric, histogram: metric };
