/** The stream of a side output: rows pass as they are. */
import type { Batch } from '../data/batch.ts';
import { ImmediateOperator } from './immediate-operator.ts';

export class SideOperator extends ImmediateOperator {
  processBatch(batch: Batch): void {
    this.context.metrics.recordsIn += batch.rowCount;
    this.context.metrics.recordsOut += batch.rowCount;
    this.output.emit(batch);
  }
}
