/** An evictor by functions of the user. */
import { answeredNow } from '../../../base/thenable.ts';
import { describe } from '../../../data/field-check.ts';
import type { Evictor } from './evictor.ts';
import { keepRows, type WindowRows } from './row-contents.ts';
import type { TriggerHost } from './trigger.ts';

/** A row of a window, as an evictor looks at it. */
export type EvictorRow<Row> = {
  readonly row: Row;
  /** By the kind of time of the windows; NaN where there is none. */
  readonly timestamp: number;
};

/** What the functions of an evictor know of the window. */
export interface EvictorContext {
  /** -Infinity for a window without bounds. */
  readonly windowStart: number;
  /** Exclusive; Infinity for a window without bounds. */
  readonly windowEnd: number;
  readonly watermark: number;
  readonly processingTime: number;
}

/**
 * An evictor of the user: functions that are given the rows of a window that fires, in the order in which they came, and give back
 * those that stay, each as it was given; `before` the function of the window, and `after` it. What stays keeps its order.
 */
export interface CustomEvictor<Row> {
  before?(rows: readonly EvictorRow<Row>[], ctx: EvictorContext): Iterable<EvictorRow<Row>>;
  after?(rows: readonly EvictorRow<Row>[], ctx: EvictorContext): Iterable<EvictorRow<Row>>;
}

export class CustomEvictorRunner implements Evictor {
  readonly #code: CustomEvictor<unknown>;
  readonly #host: TriggerHost;

  constructor(code: CustomEvictor<unknown>, host: TriggerHost) {
    this.#code = code;
    this.#host = host;
  }

  before(slot: number, window: WindowRows): void {
    this.#evict('before', slot, window);
  }

  after(slot: number, window: WindowRows): void {
    this.#evict('after', slot, window);
  }

  #evict(when: 'before' | 'after', slot: number, window: WindowRows): void {
    if (this.#code[when] === undefined) return;
    const given = window.rows.map((row, i) => ({ row, timestamp: window.times[i]! }));
    const answer = this.#code[when](given.slice(), this.#contextOf(slot));
    const kept = checked(answeredNow(answer), new Set(given), when);
    keepRows(window, (i) => kept.has(given[i]!));
  }

  #contextOf(slot: number): EvictorContext {
    const { windows, watermark, nowMs } = this.#host;
    return {
      windowStart: windows.startOf(slot),
      windowEnd: windows.endOf(slot),
      watermark,
      processingTime: nowMs,
    };
  }
}

type Kept = ReadonlySet<EvictorRow<unknown>>;

function checked(answer: Iterable<EvictorRow<unknown>>, given: Kept, when: string): Kept {
  if (typeof answer?.[Symbol.iterator] !== 'function') {
    throw new TypeError(
      `${when} of an evictor gives the rows that stay, such as rows.slice(-10), got ${describe(answer)}`,
    );
  }
  const kept = new Set(answer);
  for (const row of kept) {
    if (given.has(row)) continue;
    throw new TypeError(
      `${when} of an evictor gives rows back as it was given them, { row, timestamp }, got ${describe(row)}`,
    );
  }
  return kept;
}
