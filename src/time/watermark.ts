/**
 * Event time: what a watermark promises, and how streams of watermarks behave.
 *
 * A watermark W says: no more records with a timestamp at or before W. On one channel watermarks only rise; a
 * lower one is ignored. A stream whose input has paused may be idle: it then takes no part in the minimum that
 * a consumer of several streams works with, until it is active again and has caught up (watermark-merger.ts).
 * Type and bounds of watermarks are in data/batch.ts.
 */

/** How watermarks follow from the timestamps of records, as plain data. */
export type WatermarkSpec = {
  readonly kind: 'boundedOutOfOrderness' | 'monotonous';
  /** How far behind the greatest timestamp a record may still come. */
  readonly outOfOrdernessMs: number;
  /** Without a record for this long the stream is idle; null for never. */
  readonly idlenessMs: number | null;
};
