/**
 * Counters and gauges that functions of the user make as they run: each is a number in shared memory, which its subtask
 * writes and anyone may read. Where it lies is told once, when it is made.
 */
import { EngineError } from '../base/errors.ts';
import { wrong } from '../base/options.ts';

/** Counts what a function sees. The counts of all subtasks are added up in the result of the job. */
export interface Counter {
  /** What this subtask has counted since it was started. */
  readonly count: number;
  /** Adds 1, or so many; negative numbers too. */
  add(more?: number): void;
}

/** A number that goes up and down. In the result of the job it is one a subtask. */
export interface Gauge {
  /** What was set last; NaN before. */
  readonly value: number;
  set(value: number): void;
}

/** Makes counters and gauges, or gives those that were made. EngineError JOB_DEFINITION for a name of the other kind. */
export interface Metrics {
  counter(name: string): Counter;
  gauge(name: string): Gauge;
}

export type MetricKind = 'counter' | 'gauge';

/** Where the number of a metric lies. */
export type MetricCell = {
  readonly name: string;
  readonly kind: MetricKind;
  readonly memory: SharedArrayBuffer;
  readonly index: number;
};

/** Numbers of one piece of shared memory. */
const NUMBERS = 32;

/** The metrics of one operator in one subtask. */
export class UserMetrics implements Metrics {
  readonly #tell: (cell: MetricCell) => void;
  readonly #made = new Map<string, { readonly kind: MetricKind; readonly number: SharedNumber }>();
  #memory = new SharedArrayBuffer(0);
  #used = 0;

  constructor(tell: (cell: MetricCell) => void) {
    this.#tell = tell;
  }

  counter(name: string): Counter {
    return this.#metric(name, 'counter', 0);
  }

  gauge(name: string): Gauge {
    return this.#metric(name, 'gauge', Number.NaN);
  }

  #metric(name: string, kind: MetricKind, first: number): SharedNumber {
    const made = this.#made.get(name);
    if (made === undefined) return this.#make(name, kind, first);
    if (made.kind === kind) return made.number;
    throw new EngineError('JOB_DEFINITION', `ctx.metrics: '${name}' is a ${made.kind} already`);
  }

  #make(name: string, kind: MetricKind, first: number): SharedNumber {
    if (typeof name !== 'string' || name === '') {
      throw wrong(`ctx.metrics.${kind}: the name`, 'is a text that is not empty', name);
    }
    if (this.#used * 8 === this.#memory.byteLength) {
      this.#memory = new SharedArrayBuffer(NUMBERS * 8);
      this.#used = 0;
    }
    const memory = this.#memory;
    const index = this.#used++;
    const number = new SharedNumber(
      new Float64Array(memory),
      index,
      `ctx.metrics: the ${kind} '${name}'`,
    );
    number.set(first);
    this.#made.set(name, { kind, number });
    this.#tell({ name, kind, memory, index });
    return number;
  }
}

class SharedNumber implements Counter, Gauge {
  readonly #numbers: Float64Array;
  readonly #at: number;
  readonly #what: string;

  constructor(numbers: Float64Array, at: number, what: string) {
    this.#numbers = numbers;
    this.#at = at;
    this.#what = what;
  }

  get count(): number {
    return this.#numbers[this.#at]!;
  }

  get value(): number {
    return this.#numbers[this.#at]!;
  }

  add(more = 1): void {
    this.#check(more);
    this.#numbers[this.#at] = this.#numbers[this.#at]! + more;
  }

  set(value: number): void {
    this.#check(value);
    this.#numbers[this.#at] = value;
  }

  /** A text would be added as if it were a number. */
  #check(value: unknown): void {
    if (typeof value !== 'number') throw wrong(this.#what, 'takes numbers', value);
  }
}

/** What the metrics of the subtasks of one operator say together. */
export type MetricValues = {
  /** Counts of all subtasks, added up. */
  readonly counters: Readonly<Record<string, number>>;
  /** Values of the subtasks that have the gauge. */
  readonly gauges: Readonly<Record<string, readonly number[]>>;
};

/** Reads metrics of several subtasks. */
export function readMetrics(cells: readonly MetricCell[]): MetricValues {
  const counters: Record<string, number> = {};
  const gauges: Record<string, number[]> = {};
  for (const { name, kind, memory, index } of cells) {
    const [value] = new Float64Array(memory, index * 8, 1) as unknown as [number];
    if (kind === 'counter') counters[name] = (counters[name] ?? 0) + value;
    else if (!Number.isNaN(value)) gauges[name] = [...(gauges[name] ?? []), value];
  }
  return { counters, gauges };
}
