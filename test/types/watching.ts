/** What the compiler knows of a job that is watched, checked by the compiler: this file is never run. */
import {
  type CheckpointPart,
  type CheckpointRecord,
  collection,
  type JobMetrics,
  job,
  type RunOptions,
  type SubtaskMetrics,
} from 'millrace';
import { type Equal, expect } from './expect.ts';

const numbers = job(import.meta, 'numbers', (flow) => ({ numbers: flow.from(collection([1])) }));
const client = await numbers.start({ port: 0, token: 'secret', allowedOrigins: ['https://a.b'] });

expect<Equal<typeof client.port, number | null>>();
const metrics = client.metrics();
expect<Equal<typeof metrics, JobMetrics>>();
expect<Equal<(typeof metrics.tasks)[number]['subtasks'], readonly SubtaskMetrics[]>>();
expect<Equal<SubtaskMetrics['watermark'], number | null>>();
expect<Equal<(typeof metrics.checkpoints)['lastCompleted'], CheckpointRecord | null>>();
expect<Equal<CheckpointRecord['parts'], readonly CheckpointPart[]>>();
expect<Equal<(typeof metrics.exchanges)[number]['rows'], number>>();
expect<Equal<RunOptions['host'], string | undefined>>();

// @ts-expect-error a snapshot is not to be changed
metrics.restarts = 1;
// @ts-expect-error a port is a number
numbers.run({ port: '8081' });
