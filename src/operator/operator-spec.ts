/**
 * What an operator is, as plain data: the part of a node that the graph carries. User functions, sources and
 * sinks are not in it; they are found by the node's place in the graph (see graph.ts, `Bindings`), because
 * every thread runs the user's module and has its own.
 *
 * To add an operator: a member here, its class in this folder, a case in create-operator.ts, a method in api/.
 */

import type { KeySpec } from '../data/key.ts';
import type { Field } from '../data/schema.ts';
import type { WatermarkSpec } from '../time/watermark.ts';
import type { AsyncSpec } from './async/async-spec.ts';
import type { ParallelSpec } from './async/parallel-operator.ts';
import type { MatchSpec } from './cep/pattern-spec.ts';
import type { GeneralJoinSpec } from './join/general-join.ts';
import type { IntervalJoinSpec } from './join/interval-join.ts';
import type { WindowJoinSpec } from './join/window-join.ts';
import type { PartitionWork } from './partition/partition.ts';
import type { ProcessSpec } from './process/process-spec.ts';
import type { RollingSpec } from './rolling.ts';
import type { PlainData } from './source.ts';
import type { AggregateSpec } from './window/aggregate.ts';
import type { CountWindowSpec } from './window/count-window.ts';
import type { GeneralWindowSpec } from './window/general/window-spec.ts';
import type { NumberShape } from './window/number-shape.ts';
import type { PaneWindow } from './window/window.ts';

/** Where the event time of a record comes from. */
export type TimestampSpec =
  | { readonly kind: 'field'; readonly field: string }
  | { readonly kind: 'function' };

export type EventTimeSpec = {
  readonly timestamp: TimestampSpec;
  readonly watermark: WatermarkSpec;
};

/** One step on one row, without memory; a run of them becomes one generated loop (fused.ts). */
export type StatelessSpec =
  | { readonly type: 'map' }
  | { readonly type: 'filter' }
  | { readonly type: 'flatMap' }
  | { readonly type: 'project'; readonly fields: readonly string[] };

export type OperatorSpec =
  | {
      readonly type: 'source';
      /** Which kind of source it is. */
      readonly connector: string;
      readonly descriptor: PlainData;
      /** Set when event time is assigned right behind the source: then each split has its own watermark. */
      readonly eventTime: EventTimeSpec | null;
      /** Records a second over all subtasks; null for as fast as they come. */
      readonly rate: number | null;
      /** One subtask, in the calling thread. */
      readonly isCallers: boolean;
      /** Whether records that are malformed go to a side output. */
      readonly hasDeadLetters: boolean;
    }
  | StatelessSpec
  /** Rows of a side output of another node, as they come. */
  | { readonly type: 'side' }
  | { readonly type: 'as'; readonly fields: readonly Field[] }
  | { readonly type: 'eventTime'; readonly eventTime: EventTimeSpec }
  /** The first half of a windowAggregate, in the chain before its exchange. */
  | {
      readonly type: 'preAggregate';
      readonly key: KeySpec;
      readonly window: PaneWindow;
      readonly aggregates: readonly AggregateSpec[];
      /**
       * Fields of the records; null for free-form rows, also where streams of different rows are united and this half
       * sees only one of them: the halves have to agree on what goes from one to the other.
       */
      readonly fields: readonly Field[] | null;
      /** Of the accumulators of the user, by aggregate: the halves agree on these too. */
      readonly shapes: readonly (NumberShape | null)[];
    }
  | {
      readonly type: 'windowAggregate';
      readonly key: KeySpec;
      readonly window: PaneWindow;
      readonly aggregates: readonly AggregateSpec[];
      readonly shapes: readonly (NumberShape | null)[];
      /** Fields of the records, where a preAggregate comes before and sends partial results of them. */
      readonly partialsOf: { readonly fields: readonly Field[] | null } | null;
      /** The side output for late records; null when they are counted and dropped. */
      readonly lateTo: string | null;
    }
  | {
      readonly type: 'countWindow';
      readonly key: KeySpec;
      readonly window: CountWindowSpec;
      readonly aggregates: readonly AggregateSpec[];
    }
  /** Windows in general: what the two above cannot do. */
  | {
      readonly type: 'window';
      readonly key: KeySpec;
      readonly window: GeneralWindowSpec;
      /** Fields of the rows that a function of the user emits; null for free-form rows. */
      readonly emits: readonly Field[] | null;
      readonly lateTo: string | null;
    }
  | { readonly type: 'rolling'; readonly key: KeySpec; readonly rolling: RollingSpec }
  | { readonly type: 'partition'; readonly work: PartitionWork }
  | { readonly type: 'process'; readonly process: ProcessSpec }
  | { readonly type: 'async'; readonly async: AsyncSpec }
  | { readonly type: 'parallel'; readonly parallel: ParallelSpec }
  | {
      readonly type: 'match';
      readonly key: KeySpec;
      readonly match: MatchSpec;
      /** Fields of the rows that come out; null for free-form rows. */
      readonly emits: readonly Field[] | null;
      /** Whether the function of the user gets a context. */
      readonly hasContext: boolean;
    }
  | ({ readonly type: 'intervalJoin' } & IntervalJoinSpec)
  | ({ readonly type: 'windowJoin' } & WindowJoinSpec)
  | ({ readonly type: 'generalJoin' } & GeneralJoinSpec)
  | { readonly type: 'sink'; readonly connector: string; readonly descriptor: PlainData }
  | { readonly type: 'collect'; readonly output: string };

/** Side output of a source for records that are malformed. */
export const DEAD_LETTERS = 'dead letters';

/** Names of the side outputs of an operator, as far as they are known before it runs. */
export function sidesOf(spec: OperatorSpec): readonly string[] {
  if (spec.type === 'source' && spec.hasDeadLetters) return [DEAD_LETTERS];
  if (spec.type === 'intervalJoin' || spec.type === 'windowJoin' || spec.type === 'generalJoin') {
    return [...new Set(spec.lateTo.filter((side) => side !== null))];
  }
  if (spec.type === 'match') {
    const { timedOutTo, lateTo } = spec.match;
    return [...new Set([timedOutTo, lateTo].filter((side) => side !== null))];
  }
  const hasLate = spec.type === 'windowAggregate' || spec.type === 'window';
  return hasLate && spec.lateTo !== null ? [spec.lateTo] : [];
}

/** Whether functions of the user have a context by which they name side outputs as they run. */
export function namesSides(spec: OperatorSpec): boolean {
  switch (spec.type) {
    case 'process':
      return true;
    case 'window':
      return spec.window.work.process !== null;
    case 'intervalJoin':
      return spec.gives === 'emit';
    case 'match':
      return spec.hasContext;
    default:
      return false;
  }
}

/** Whether an operator may have a side output of this name. */
export function hasSide(spec: OperatorSpec, side: string): boolean {
  return namesSides(spec) || sidesOf(spec).includes(side);
}

export function isStateless(spec: OperatorSpec): spec is StatelessSpec {
  return (
    spec.type === 'map' ||
    spec.type === 'filter' ||
    spec.type === 'flatMap' ||
    spec.type === 'project'
  );
}
