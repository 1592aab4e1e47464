/**
 * Windows in general, as plain data: which windows a record belongs to, when they fire, what is kept of them and what is
 * made of it. Functions of the user are numbers: their places among the functions of the node.
 *
 * The plain cases (tumbling and sliding windows of aggregates that fire once) have an operator of their own, which is
 * faster: window-aggregate.ts.
 */
import type { StateSpec } from '../../process/process-spec.ts';
import type { AggregateSpec } from '../aggregate.ts';
import type { WindowSpec } from '../window.ts';

/** A window that grows with the records of its key: each makes it last for a gap beyond its own time. */
export type SessionSpec = {
  readonly kind: 'session';
  readonly time: 'event' | 'processing';
  /** Null where a function tells it for each record. */
  readonly gapMs: number | null;
};

/** Windows of one start that grow in steps up to a size: [0, 1), [0, 2), ... [0, max). */
export type CumulatingSpec = {
  readonly kind: 'cumulating';
  readonly time: 'event' | 'processing';
  readonly maxMs: number;
  readonly stepMs: number;
  readonly offsetMs: number;
};

/** One window for each key, without bounds. */
export type GlobalSpec = { readonly kind: 'global' };

/** Windows that a function tells for each record. */
export type CustomSpec = {
  readonly kind: 'custom';
  readonly time: 'event' | 'processing';
  /** Windows of a key that overlap or touch become one, as sessions do. */
  readonly merges: boolean;
};

export type AssignerSpec = WindowSpec | SessionSpec | CumulatingSpec | GlobalSpec | CustomSpec;

export type TriggerSpec =
  | { readonly kind: 'eventTime' | 'processingTime' | 'endOfStream' | 'never' }
  | { readonly kind: 'count'; readonly count: number }
  | {
      readonly kind: 'continuousEventTime' | 'continuousProcessingTime';
      readonly everyMs: number;
    }
  | { readonly kind: 'delta'; readonly threshold: number; readonly by: number }
  | {
      readonly kind: 'timeout';
      readonly afterMs: number;
      /** Each record begins the time anew. */
      readonly isReset: boolean;
      readonly of: TriggerSpec;
    }
  | { readonly kind: 'purging'; readonly of: TriggerSpec }
  | { readonly kind: 'custom'; readonly by: number; readonly canMerge: boolean };

export type RuleEvictorSpec = {
  /** Behind the function of the window instead of before it. */
  readonly isAfter: boolean;
} & (
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'time'; readonly keptMs: number }
  | { readonly kind: 'delta'; readonly threshold: number; readonly by: number }
);

export type EvictorSpec = RuleEvictorSpec | { readonly kind: 'custom'; readonly by: number };

/** What is made of the records of a window: aggregates, one row by a function, or whatever a function emits or gives. */
export type WindowWork =
  | {
      readonly kind: 'aggregate';
      readonly aggregates: readonly AggregateSpec[];
      /** A function that gets the row of results instead of the output. */
      readonly process: number | null;
    }
  | { readonly kind: 'reduce'; readonly by: number; readonly process: number | null }
  | { readonly kind: 'process'; readonly process: number }
  /** Of two inputs: a row for each pair of theirs, or any number of rows for all of both sides. */
  | {
      readonly kind: 'joined';
      readonly takes: 'pairs' | 'groups';
      readonly by: number;
      readonly process: null;
    };

export type GeneralWindowSpec = {
  readonly assigner: AssignerSpec;
  /** Where a function tells the gap of a session, or the windows of a record: its number. */
  readonly assignBy: number | null;
  readonly trigger: TriggerSpec;
  readonly evictor: EvictorSpec | null;
  /** How long a window is kept behind its end, for late records. */
  readonly latenessMs: number;
  readonly work: WindowWork;
  /** State of keys that the function of windows keeps. */
  readonly states: readonly StateSpec[];
};

/** Whether windows end by event time: only then can a record be late. */
export function isByEventTime(assigner: AssignerSpec): boolean {
  return assigner.kind === 'global' || assigner.time === 'event';
}

/** Whether windows of a key that overlap or touch become one. */
export function merges({ kind, merges = false }: Merging): boolean {
  return kind === 'session' || merges;
}

type Merging = { readonly kind: string; readonly merges?: boolean };

export function defaultTrigger(assigner: AssignerSpec): TriggerSpec {
  if (assigner.kind === 'global') return { kind: 'never' };
  return { kind: assigner.time === 'event' ? 'eventTime' : 'processingTime' };
}

/** Triggers that know what to do when two windows become one. */
export function canMerge(trigger: TriggerSpec): boolean {
  if (trigger.kind === 'purging' || trigger.kind === 'timeout') return canMerge(trigger.of);
  return trigger.kind === 'custom' ? trigger.canMerge : trigger.kind !== 'delta';
}

/** Whether records have to have an event time. */
export function needsEventTime({ assigner, trigger }: GeneralWindowSpec): boolean {
  if (assigner.kind !== 'global') return assigner.time === 'event';
  return innermost(trigger).kind === 'continuousEventTime';
}

/** Whether windows fire at their end by event time, and at late records. */
export function firesAtEnd({ assigner, trigger }: GeneralWindowSpec): boolean {
  return assigner.kind !== 'global' && assigner.time === 'event' && trigger.kind === 'eventTime';
}

function innermost(trigger: TriggerSpec): TriggerSpec {
  return trigger.kind === 'purging' || trigger.kind === 'timeout' ? innermost(trigger.of) : trigger;
}
