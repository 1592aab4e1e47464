/** Runs a job before it defines the next: `node defined-late.ts`. */
import { collection, job } from 'millrace';

const first = job(import.meta, 'first', (flow) => ({ rows: flow.from(collection([1])) }));
await first.collect({ threads: 1 });

const second = job(import.meta, 'second', (flow) => ({ rows: flow.from(collection([2])) }));
await second.collect({ threads: 1 }).catch((error: Error) => console.log(error.message));
