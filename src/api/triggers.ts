/** Triggers: when a window fires. */
import {
  aPlainFunction,
  aStateMaker,
  checkFunctions,
  checkOptions,
  choice,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import type { CustomTrigger } from '../operator/window/general/custom-trigger.ts';
import type { TriggerSpec } from '../operator/window/general/window-spec.ts';
import { type Duration, durationMs } from '../time/duration.ts';

declare const TAKES: unique symbol;

/** Puts a function among those of the node; returns its number. */
export type AddFunction = (code: object) => number;

/** A trigger for windows of rows of a type. */
export type Trigger<Row = unknown> = {
  /** Its plain data, once it has a node. */
  readonly bind: (add: AddFunction) => TriggerSpec;
  readonly [TAKES]?: (row: Row) => void;
};

function plain(spec: TriggerSpec): Trigger {
  return { bind: () => spec };
}

/**
 * Fires at the end of a window by the watermark, then for each late record, `.trigger(eventTimeTrigger())`: what windows of event
 * time do anyway.
 */
export function eventTimeTrigger(): Trigger {
  return plain({ kind: 'eventTime' });
}

/** Fires at the end of a window by the clock, `.trigger(processingTimeTrigger())`: what windows of processing time do anyway. */
export function processingTimeTrigger(): Trigger {
  return plain({ kind: 'processingTime' });
}

/** Fires for every so many records of a window: `.trigger(purging(countTrigger(100)))`. */
export function countTrigger(count: number): Trigger {
  wholeNumber(1)('countTrigger', count);
  return plain({ kind: 'count', count });
}

/**
 * Fires whenever the watermark passes a multiple of an interval, and at the end of the window: early results of long
 * windows, `.window(tumbling('1 d')).trigger(continuousEventTimeTrigger('5 min'))`.
 */
export function continuousEventTimeTrigger(every: Duration): Trigger {
  return plain({
    kind: 'continuousEventTime',
    everyMs: interval('continuousEventTimeTrigger', every),
  });
}

/** The same by the clock: `.trigger(continuousProcessingTimeTrigger('10 s'))`. */
export function continuousProcessingTimeTrigger(every: Duration): Trigger {
  const everyMs = interval('continuousProcessingTimeTrigger', every);
  return plain({ kind: 'continuousProcessingTime', everyMs });
}

/**
 * Fires when a record is farther than a threshold from the one that fired last, or from the first:
 * `.trigger(deltaTrigger(10, (before, row) => Math.abs(row.price - before.price)))`. Not for sessions.
 */
export function deltaTrigger<Row>(
  threshold: number,
  delta: (before: Row, row: Row) => number,
): Trigger<Row> {
  checkThreshold('deltaTrigger', threshold);
  aPlainFunction('deltaTrigger', delta);
  return { bind: (add) => ({ kind: 'delta', threshold, by: add(delta) }) };
}

export type TimeoutOptions = {
  /** Each record begins the time anew; false: only the first behind a firing does. */
  readonly reset?: boolean;
};

const TIMEOUT_OPTIONS: OptionRules<TimeoutOptions> = { reset: choice(true, false) };

/**
 * Fires when another trigger does, and when so much time has passed by the clock since the first record behind its last
 * firing: `purging(timeoutTrigger(countTrigger(100), '5 s'))` gives up waiting for 100 records.
 */
export function timeoutTrigger<Row>(
  trigger: Trigger<Row>,
  after: Duration,
  options: TimeoutOptions = {},
): Trigger<Row> {
  checkTrigger('timeoutTrigger', trigger);
  checkOptions('timeoutTrigger', options, TIMEOUT_OPTIONS);
  const afterMs = interval('timeoutTrigger', after);
  const { reset = false } = options;
  return {
    bind: (add) => ({ kind: 'timeout', afterMs, isReset: reset, of: trigger.bind(add) }),
  };
}

/** Fires once, with the end of a bounded input: `.window(globalWindow()).trigger(endOfStreamTrigger())`. */
export function endOfStreamTrigger(): Trigger {
  return plain({ kind: 'endOfStream' });
}

/** Fires when another trigger does, and empties the window then: `purging(countTrigger(100))`. */
export function purging<Row>(trigger: Trigger<Row>): Trigger<Row> {
  checkTrigger('purging', trigger);
  return { bind: (add) => ({ kind: 'purging', of: trigger.bind(add) }) };
}

const CUSTOM_TRIGGER: OptionRules<CustomTrigger<never, never>> = {
  state: aStateMaker,
  onRecord: aPlainFunction,
  onEventTime: aPlainFunction,
  onProcessingTime: aPlainFunction,
  onMerge: aPlainFunction,
  clear: aPlainFunction,
};

/**
 * A trigger of your own; `state` is kept for each window, and goes into snapshots:
 *
 *   .window(globalWindow()).trigger(customTrigger({
 *     state: () => ({ total: 0 }),
 *     onRecord(row, ctx) {
 *       ctx.state.total += row.price;
 *       return ctx.state.total > 1000 ? 'fireAndPurge' : 'continue';
 *     },
 *   }))
 */
export function customTrigger<Row, State = undefined>(
  trigger: CustomTrigger<Row, State>,
): Trigger<Row> {
  checkFunctions('customTrigger', trigger, CUSTOM_TRIGGER);
  aPlainFunction('customTrigger: onRecord', trigger.onRecord);
  const canMerge = trigger.onMerge !== undefined;
  return { bind: (add) => ({ kind: 'custom', by: add(trigger), canMerge }) };
}

/** EngineError JOB_DEFINITION for what is no trigger. */
export function checkTrigger(what: string, trigger: Trigger<never>): void {
  if (typeof trigger === 'object' && typeof trigger?.bind === 'function') return;
  throw wrong(what, 'takes a trigger, such as countTrigger(100)', trigger);
}

function interval(what: string, duration: Duration): number {
  const ms = durationMs(duration, what);
  if (ms > 0) return ms;
  throw wrong(what, 'takes a time above 0', duration);
}

export function checkThreshold(what: string, threshold: number): void {
  if (typeof threshold === 'number' && !Number.isNaN(threshold)) return;
  throw wrong(what, 'takes a number as threshold', threshold);
}
