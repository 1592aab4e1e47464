/** Evictors: which records a window gives up when it fires. Windows with an evictor keep all their records. */
import {
  aPlainFunction,
  aPlainOrGenerator,
  checkFunctions,
  checkOptions,
  choice,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import type { CustomEvictor } from '../operator/window/general/custom-evictor.ts';
import type { EvictorSpec } from '../operator/window/general/window-spec.ts';
import { type Duration, durationMs } from '../time/duration.ts';
import { type AddFunction, checkThreshold } from './triggers.ts';

declare const TAKES: unique symbol;

/** An evictor for windows of rows of a type. */
export type Evictor<Row = unknown> = {
  /** Its plain data, once it has a node. */
  readonly evict: (add: AddFunction) => EvictorSpec;
  readonly [TAKES]?: (row: Row) => void;
};

export type EvictorOptions = {
  /** Behind the function of the window instead of before it: what is left is for the next firing. */
  readonly after?: boolean;
};

const EVICTOR_OPTIONS: OptionRules<EvictorOptions> = { after: choice(true, false) };

function isAfter(what: string, options: EvictorOptions): boolean {
  checkOptions(what, options, EVICTOR_OPTIONS);
  return options.after ?? false;
}

/** Keeps the last so many records: `.window(globalWindow()).trigger(countTrigger(10)).evictor(countEvictor(100))`. */
export function countEvictor(count: number, options: EvictorOptions = {}): Evictor {
  wholeNumber(0)('countEvictor', count);
  const spec: EvictorSpec = { kind: 'count', count, isAfter: isAfter('countEvictor', options) };
  return { evict: () => spec };
}

/** Keeps the records that are less than a time older than the newest: `timeEvictor('10 s')`. */
export function timeEvictor(time: Duration, options: EvictorOptions = {}): Evictor {
  const keptMs = durationMs(time, 'timeEvictor');
  const spec: EvictorSpec = { kind: 'time', keptMs, isAfter: isAfter('timeEvictor', options) };
  return { evict: () => spec };
}

/**
 * Keeps the records that are nearer to the last one than a threshold:
 * `.evictor(deltaEvictor(10, (row, last) => Math.abs(last.price - row.price)))`.
 */
export function deltaEvictor<Row>(
  threshold: number,
  delta: (row: Row, last: Row) => number,
  options: EvictorOptions = {},
): Evictor<Row> {
  checkThreshold('deltaEvictor', threshold);
  aPlainFunction('deltaEvictor', delta);
  const after = isAfter('deltaEvictor', options);
  return { evict: (add) => ({ kind: 'delta', threshold, by: add(delta), isAfter: after }) };
}

const CUSTOM_EVICTOR: OptionRules<CustomEvictor<never>> = {
  before: aPlainOrGenerator,
  after: aPlainOrGenerator,
};

/**
 * An evictor of your own: functions that give back the rows which stay, before the function of the window or after it:
 *
 *   .window(tumbling('1 h')).evictor(customEvictor({
 *     before: (rows) => rows.filter(({ row }) => row.price > 0),
 *     after: (rows, { windowEnd }) => rows.filter(({ timestamp }) => timestamp >= windowEnd - 60_000),
 *   }))
 *
 * EngineError JOB_DEFINITION for one that has neither.
 */
export function customEvictor<Row>(evictor: CustomEvictor<Row>): Evictor<Row> {
  checkFunctions('customEvictor', evictor, CUSTOM_EVICTOR as OptionRules<CustomEvictor<Row>>);
  if (evictor.before === undefined && evictor.after === undefined) {
    throw wrong('customEvictor', 'has before, after, or both', evictor);
  }
  return { evict: (add) => ({ kind: 'custom', by: add(evictor) }) };
}

/** EngineError JOB_DEFINITION for what is no evictor. */
export function checkEvictor(evictor: Evictor<never>): void {
  if (typeof (evictor as Evictor<never> | undefined)?.evict === 'function') return;
  throw wrong('evictor', 'takes an evictor, such as countEvictor(100)', evictor);
}
