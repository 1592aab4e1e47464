/**
 * millrace/testing: harnesses for pieces of a dataflow, without threads and with a clock that tests move; simulations of jobs; the
 * rules that connectors have to keep to.
 */
import { openDoor } from '../base/doors.ts';

openDoor(import.meta.url);

export { VirtualClock } from '../base/clock.ts';
export type { ConformanceCase } from './conformance/conformance-case.ts';
export {
  type SinkConformanceOptions,
  sinkConformance,
} from './conformance/sink-conformance.ts';
export {
  type SourceConformanceOptions,
  sourceConformance,
} from './conformance/source-conformance.ts';
export type { Element } from './elements.ts';
export { Harness, type HarnessOptions, harness } from './harness.ts';
export { Harness2, type Harness2Options, harness2 } from './harness2.ts';
export { type SimulateOptions, type SimulationResult, simulate } from './simulate.ts';
export type { OracleKind } from './simulation/oracle.ts';
export type { Faults } from './simulation/scenario.ts';
