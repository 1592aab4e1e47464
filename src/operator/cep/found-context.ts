/** What the function of a match is given beside it: one object for all. */
import type { UserMetrics } from '../../metrics/user-metrics.ts';
import type { Emitter } from '../process/emitter.ts';
import type { MatchContext } from './pattern-spec.ts';

export class FoundContext implements MatchContext {
  timestamp = 0;
  readonly metrics: UserMetrics;
  readonly emit: MatchContext['emit'];
  readonly output: MatchContext['output'];

  constructor(emitter: Emitter, metrics: UserMetrics) {
    this.metrics = metrics;
    this.emit = (row) => emitter.emit(row, this.timestamp);
    this.output = (side, row) => emitter.emitTo(side.name, row, this.timestamp);
  }
}
