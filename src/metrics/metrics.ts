/**
 * What the engine counts. An operator counts into its own OperatorMetrics from its own thread; anyone may read
 * at any time and sees each number some moment old.
 */
export interface OperatorMetrics {
  recordsIn: number;
  recordsOut: number;
  lateRecords: number;
  skippedRecords: number;
  /** What a source has read, and a sink written, outside; 0 where its connector does not tell. */
  bytesRead: number;
  bytesWritten: number;
}

/** How many rows a subtask has sent over an exchange. */
export interface RowCount {
  rows: number;
}

/** How many bytes of them it has written to rings: what stays within a thread is not written. */
export interface ByteCount {
  bytes: number;
}
