/** What the contexts of all functions that emit rows have. */
import type { Metrics } from '../metrics/user-metrics.ts';
import type { SideOutput } from './side-output.ts';

export interface FunctionContext {
  /** Metrics of your own: `ctx.metrics.counter('alerts').add()`; gauges, meters and histograms too. */
  readonly metrics: Metrics;
  /**
   * Sends a row to a side output, which `.sideOutput(side)` on the stream behind gives, at the event time that rows have
   * which are emitted. EngineError JOB_DEFINITION when nobody reads it.
   */
  readonly output: <Side>(side: SideOutput<Side>, row: NoInfer<Side>) => void;
}
