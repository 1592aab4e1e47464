/** A rolling aggregation as a stream: one result for each record, at its time. */
import type { RollingOptions } from './rolling.ts';
import { RollingOperator } from './rolling-operator.ts';

export class StreamRollingOperator extends RollingOperator {
  constructor(options: RollingOptions) {
    super(options, true, []);
  }
}
