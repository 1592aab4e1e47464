/** Jobs: the user's function under a name, and the ways to run it. */

import { EngineError } from '../base/errors.ts';
import type { Bindings } from '../graph/graph.ts';
import {
  type BuiltJob,
  interceptedRun,
  type JobParams,
  registerJob,
} from '../graph/job-registry.ts';
import type { JobClient, JobResult, RunOptions } from '../job/job.ts';
import { startJob } from '../job/job-coordinator.ts';
import { CollectSink } from './collect-sink.ts';
import { Flow } from './flow.ts';
import { GraphBuilder } from './graph-builder.ts';
import type { Stream } from './stream.ts';

/** Streams by the name under which the calling program reads them. */
export type Outputs = Readonly<Record<string, Stream<never>>>;

/** The rows of each output, as `collect` gives them. */
export type Collected<T> = {
  -readonly [K in keyof T]: T[K] extends Stream<infer Row> ? Row[] : never;
};

export class Job<T> {
  readonly name: string;
  readonly #url: string;
  readonly #define: (flow: Flow) => T;

  constructor(url: string, name: string, define: (flow: Flow) => T) {
    this.name = name;
    this.#url = url;
    this.#define = define;
  }

  /**
   * Runs the job to its end. Rejects with an EngineError when it fails.
   * `await flights.run({ threads: 2, params: { input: 'flights.parquet' } })`
   */
  async run(options: RunOptions = {}): Promise<JobResult> {
    const client = await this.start(options);
    return await client.result();
  }

  /** Starts the job and answers with a client for watching and cancelling it. */
  async start(options: RunOptions = {}): Promise<JobClient> {
    return (await interceptedRun()) ?? (await startJob(this.#registered(), options, null));
  }

  /** Runs the job to its end and returns the rows of the streams that its function returned. */
  async collect(options: RunOptions = {}): Promise<Collected<T>> {
    await interceptedRun();
    const rows: Record<string, unknown[]> = {};
    const client = await startJob(this.#registered(), options, (output) => {
      rows[output] = [];
      return new CollectSink(rows[output]);
    });
    await client.result();
    return rows as Collected<T>;
  }

  /** The graph, without running anything. */
  build(params: JobParams, collects: boolean): BuiltJob {
    const builder = new GraphBuilder(this.name);
    const flow = new Flow(builder, params);
    const returned = this.#define(flow);
    flow.checkParams();
    const outputs = new Map<string, number>();
    for (const [output, stream] of Object.entries((returned ?? {}) as Outputs)) {
      if (collects) outputs.set(output, stream.collectAs(output));
    }
    const { graph, bindings } = builder.finish();
    this.#checkEnds(bindings, outputs.size, returned);
    return { graph, bindings, outputs };
  }

  #checkEnds(bindings: Bindings, outputs: number, returned: unknown): void {
    const hasSink = bindings.some((binding) => binding.sink !== null);
    if (hasSink || outputs > 0 || Object.keys((returned ?? {}) as object).length > 0) return;
    throw new EngineError(
      'JOB_DEFINITION',
      `job '${this.name}' has no end: send a stream .to(a sink), or return it`,
    );
  }

  #registered() {
    const { name } = this;
    return { url: this.#url, name, build: this.build.bind(this) };
  }

  register(): this {
    registerJob(this.#registered());
    return this;
  }
}

/**
 * Defines a job. Call it at the top level of a module: worker threads import the module to find the job.
 *
 *   export default job(import.meta, 'words', (flow) => {
 *     const words = flow.from(collection([{ word: 'a' }, { word: 'b' }]));
 *     return { words };
 *   });
 */
export function job<T extends Readonly<Record<string, object>>>(
  meta: ImportMeta,
  name: string,
  define: (flow: Flow) => T,
): Job<T>;
export function job(
  meta: ImportMeta,
  name: string,
  define: (flow: Flow) => void,
): Job<Record<never, never>>;
export function job(meta: ImportMeta, name: string, define: (flow: Flow) => unknown): Job<unknown> {
  return new Job<unknown>(meta.url, name, define).register();
}
