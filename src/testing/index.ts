/** millrace/testing: harnesses for pieces of a dataflow, without threads and with a clock that tests move. */
export { VirtualClock } from '../base/clock.ts';
export type { Element } from './elements.ts';
export { Harness, type HarnessOptions, harness } from './harness.ts';
