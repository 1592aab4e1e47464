/** Entry of a worker thread. In a bundle, which has no such file, job/worker-pool.ts does the same. */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../base/assert.ts';
import { runWorker } from './worker.ts';
import type { WorkerAssignment } from './worker-message.ts';

runWorker(workerData as WorkerAssignment, must(parentPort, 'the port to the calling thread'));
