/** millrace/testing: harnesses for pieces of a dataflow, without threads and with a clock that tests move. */
import { openDoor } from '../base/doors.ts';

openDoor(import.meta.url);

export { VirtualClock } from '../base/clock.ts';
export type { Element } from './elements.ts';
export {
  Harness,
  Harness2,
  type Harness2Options,
  type HarnessOptions,
  harness,
  harness2,
} from './harness.ts';
