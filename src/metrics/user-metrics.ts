/**
 * Metrics that functions of the user make as they run: each is a few numbers in shared memory, which its subtask writes and
 * anyone may read (read-metrics.ts). Where they lie is told once, when it is made.
 */
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { wrong } from '../base/options.ts';
import { HISTOGRAM_WORDS, SharedHistogram } from './histogram.ts';
import { METER_WORDS, SharedMeter } from './meter.ts';

/**
 * Counts what a function sees. The counts of all subtasks are added up in the result of the job. They are part of checkpoints:
 * behind a restart they go on from there, each record counted once.
 */
export interface Counter {
  /** What this subtask has counted, with its share of what subtasks had before a restart. */
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

/** Counts events, and tells how many a second there are. Those of all subtasks are added up in the result of the job. */
export interface Meter {
  /** Events of this subtask since it was started. */
  readonly count: number;
  /** Of this subtask, a second, on the average of about the last minute. */
  readonly rate: number;
  /** An event, or so many. */
  markEvent(events?: number): void;
}

/** How values are spread: quantiles that are off by 1 % at most, of all subtasks together in the result of the job. */
export interface Histogram {
  /** Values of this subtask since it was started. */
  readonly count: number;
  /** Adds a finite number; sizes from a millionth to 1e18 are told apart. */
  update(value: number): void;
}

/** Makes metrics, or gives those that were made. EngineError JOB_DEFINITION for a name of another kind. */
export interface Metrics {
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  meter(name: string): Meter;
  histogram(name: string): Histogram;
}

export type MetricKind = 'counter' | 'gauge' | 'meter' | 'histogram';

/** Where the numbers of a metric lie. */
export type MetricCell = {
  readonly name: string;
  readonly kind: MetricKind;
  readonly memory: SharedArrayBuffer;
  readonly index: number;
};

const WORDS: Readonly<Record<MetricKind, number>> = {
  counter: 1,
  gauge: 1,
  meter: METER_WORDS,
  histogram: HISTOGRAM_WORDS,
};

export function wordsOf({ kind, memory, index }: MetricCell): Float64Array {
  return new Float64Array(memory, index * 8, WORDS[kind]);
}

/** Numbers of one piece of shared memory. */
const NUMBERS = 32;

/** A counter in a snapshot. */
export type SavedCounter = { readonly name: string; readonly count: number };

type Made = { readonly kind: MetricKind; readonly metric: unknown };

/** The metrics of one operator in one subtask. */
export class UserMetrics implements Metrics {
  readonly #tell: (cell: MetricCell) => void;
  readonly #clock: Clock;
  readonly #made = new Map<string, Made>();
  /** Counters of a snapshot that nobody has asked for again. */
  readonly #restored = new Set<string>();
  #memory = new SharedArrayBuffer(0);
  #used = 0;

  constructor(tell: (cell: MetricCell) => void, clock: Clock, saved: readonly SavedCounter[] = []) {
    this.#tell = tell;
    this.#clock = clock;
    // At once: where all input has ended nobody makes them again.
    for (const { name, count } of saved) this.counter(name).add(count);
    for (const { name } of saved) this.#restored.add(name);
  }

  /** What a snapshot keeps. */
  counters(): SavedCounter[] {
    return [...this.#made].flatMap(([name, { kind, metric }]) =>
      kind === 'counter' ? [{ name, count: (metric as Counter).count }] : [],
    );
  }

  counter(name: string): Counter {
    return this.#metric(name, 'counter', (words) => new SharedNumber(words, 'counter', name, 0));
  }

  gauge(name: string): Gauge {
    return this.#metric(
      name,
      'gauge',
      (words) => new SharedNumber(words, 'gauge', name, Number.NaN),
    );
  }

  meter(name: string): Meter {
    return this.#metric(name, 'meter', (words) => new SharedMeter(words, this.#clock, name));
  }

  histogram(name: string): Histogram {
    return this.#metric(name, 'histogram', (words) => new SharedHistogram(words, name));
  }

  #metric<T>(name: string, kind: MetricKind, make: (words: Float64Array) => T): T {
    const made = this.#made.get(name);
    const wasRestored = this.#restored.delete(name);
    if (made?.kind === kind) return made.metric as T;
    if (made === undefined || wasRestored) return this.#make(name, kind, make);
    throw new EngineError('JOB_DEFINITION', `ctx.metrics: '${name}' is a ${made.kind} already`);
  }

  #make<T>(name: string, kind: MetricKind, make: (words: Float64Array) => T): T {
    if (typeof name !== 'string' || name === '') {
      throw wrong(`ctx.metrics.${kind}: the name`, 'is a text that is not empty', name);
    }
    const count = WORDS[kind];
    if ((this.#used + count) * 8 > this.#memory.byteLength) {
      this.#memory = new SharedArrayBuffer(Math.max(NUMBERS, count) * 8);
      this.#used = 0;
    }
    const cell: MetricCell = { name, kind, memory: this.#memory, index: this.#used };
    this.#used += count;
    const metric = make(wordsOf(cell));
    this.#made.set(name, { kind, metric });
    this.#tell(cell);
    return metric;
  }
}

class SharedNumber implements Counter, Gauge {
  readonly #words: Float64Array;
  readonly #kind: MetricKind;
  readonly #name: string;

  constructor(words: Float64Array, kind: MetricKind, name: string, first: number) {
    this.#words = words;
    this.#kind = kind;
    this.#name = name;
    words[0] = first;
  }

  get count(): number {
    return this.#words[0]!;
  }

  get value(): number {
    return this.#words[0]!;
  }

  add(more = 1): void {
    this.#check(more);
    this.#words[0] = this.#words[0]! + more;
  }

  set(value: number): void {
    this.#check(value);
    this.#words[0] = value;
  }

  /** A text would be added as if it were a number. */
  #check(value: unknown): void {
    if (typeof value === 'number') return;
    throw wrong(`ctx.metrics: the ${this.#kind} '${this.#name}'`, 'takes numbers', value);
  }
}
