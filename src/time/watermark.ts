/**
 * Event time: what a watermark promises, and how streams of watermarks behave.
 *
 * A watermark W says: no more records with a timestamp at or before W. On one channel watermarks only rise; a
 * lower one is ignored. A stream whose input has paused may be idle: it then takes no part in the minimum that
 * a consumer of several streams works with, until it is active again and has caught up (watermark-merger.ts).
 * Type and bounds of watermarks are in data/batch.ts.
 */
import type { Watermark } from '../data/batch.ts';

/** How watermarks follow from the timestamps of records, as plain data. */
export type WatermarkSpec = {
  readonly kind: 'boundedOutOfOrderness' | 'monotonous' | 'custom';
  /** How far behind the greatest timestamp a record may still come. */
  readonly outOfOrdernessMs: number;
  /** Without a record for this long the stream is idle; null for never. */
  readonly idlenessMs: number | null;
  /** Null where sources run as far ahead of others as they can. */
  readonly alignment: AlignmentSpec | null;
};

/** How far ahead of the slowest of a group a source may read. */
export type AlignmentSpec = {
  readonly group: string;
  readonly maxDriftMs: number;
  /** How long a split that waits looks away. */
  readonly everyMs: number;
};

/** What a watermark generator of the user works with. */
export interface WatermarkContext<State> {
  /** What `create` made for this stream or split. */
  readonly state: State;
  /** Promises that no record at or before this event time follows; lower than an earlier promise it does nothing. */
  emit(watermark: Watermark): void;
}

/**
 * A watermark generator of the user. There is one `state` for each stream or split. What `onRecord` emits goes out
 * behind the batch of the record; `onPeriodic` is asked before watermarks go out, every 4 ms at most.
 */
export interface CustomWatermarks<Row, State> {
  create?(): State;
  onRecord?(row: Row, timestamp: number, context: WatermarkContext<State>): void;
  onPeriodic?(context: WatermarkContext<State>): void;
}
