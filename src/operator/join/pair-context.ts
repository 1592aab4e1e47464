/** What a function that emits rows of a pair is given beside it: one object for all. */
import type { UserMetrics } from '../../metrics/user-metrics.ts';
import type { SideRows } from '../side-rows.ts';
import type { JoinResults } from './join-results.ts';

export class PairContext {
  leftTimestamp = 0;
  rightTimestamp = 0;
  timestamp = 0;
  readonly metrics: UserMetrics;
  readonly emit: (row: unknown) => void;
  readonly output: (side: { readonly name: string }, row: unknown) => void;

  constructor(results: JoinResults, sides: SideRows, metrics: UserMetrics) {
    this.metrics = metrics;
    this.emit = (row) => results.add(row, this.timestamp);
    this.output = (side, row) => sides.add(side.name, row, this.timestamp);
  }
}
