/**
 * Starts and watches the worker threads of a job. Each must end by saying how: done, cancelled or failed; one
 * that goes without a word (out of memory, say) has died, and the job is told what it was working at.
 */
import { Worker } from 'node:worker_threads';
import { reviveError } from '../base/error-transport.ts';
import { EngineError, messageOf } from '../base/errors.ts';
import type { NodeId } from '../graph/graph.ts';
import type { PlainData } from '../operator/source.ts';
import type { WorkerAssignment, WorkerMessage } from '../task/worker-message.ts';

/** Runs the entry module; on a Node that cannot load TypeScript the hooks come first. */
const BOOT = `
const { workerData } = require('node:worker_threads');
const { entry, hooks } = workerData.boot;
process.setSourceMapsEnabled(true);
if (hooks !== null) require('node:module').register(hooks);
import(entry);
`;

export type WorkerEvents = {
  onCommittables(node: NodeId, committables: readonly PlainData[]): void;
  /** Name of the subtask a worker is working at. */
  runningIn(worker: number): string | null;
};

export type WorkerHandle = {
  /** Resolves when the worker has finished its share or was cancelled; rejects when it failed or died. */
  readonly ended: Promise<void>;
  terminate(): Promise<void>;
};

export function startWorker(
  assignment: WorkerAssignment,
  heapMb: number | null,
  events: WorkerEvents,
): WorkerHandle {
  const worker = new Worker(BOOT, {
    eval: true,
    name: `millrace ${assignment.job.name} ${assignment.worker}`,
    workerData: { ...assignment, boot: bootOf(assignment.job.url) },
    ...(heapMb === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'committables')
        events.onCommittables(message.node, message.committables);
      else if (message.type === 'failed') reject(reviveError(message.error));
      else resolve();
    });
    const died = (reason: string, cause?: unknown): void => {
      const place = events.runningIn(assignment.worker);
      const where = place === null ? 'outside any operator' : `in '${place}'`;
      reject(
        new EngineError('WORKER_DIED', `worker ${assignment.worker} died ${where}: ${reason}`, {
          cause,
        }),
      );
    };
    worker.on('error', (error: unknown) => died(messageOf(error), error));
    worker.on('exit', (code) => died(`it exited with code ${code}`));
  });
  return {
    ended,
    async terminate() {
      await worker.terminate();
    },
  };
}

/** How to load the entry and the user's job: TypeScript needs hooks where Node does not strip types itself. */
function bootOf(jobUrl: string): { entry: string; hooks: string | null } {
  const own = import.meta.url;
  const extension = own.endsWith('.ts') ? 'ts' : 'js';
  const isTypeScript = extension === 'ts' || /\.m?ts$/.test(jobUrl);
  const isNative = Boolean((process.features as { typescript?: unknown }).typescript);
  return {
    entry: new URL(`../task/worker-main.${extension}`, own).href,
    hooks: isTypeScript && !isNative ? new URL('../base/typescript-hooks.mjs', own).href : null,
  };
}
