/** Jobs: the user's function under a name, and the ways to run it. */

import { moduleUrl } from '../base/engine-files.ts';
import { EngineError } from '../base/errors.ts';
import { delay } from '../base/event-loop.ts';
import { UNREAD_OUTPUT_MS } from '../base/limits.ts';
import {
  aFunction,
  checkOptions,
  choice,
  type OptionRules,
  someText,
  wrong,
} from '../base/options.ts';
import type { ProgramSource } from '../connector/program/program-input.ts';
import { ProgramOutput } from '../connector/program/program-output.ts';
import type { Bindings, NodeId } from '../graph/graph.ts';
import {
  type BuiltJob,
  interceptedRun,
  type JobParams,
  type RegisteredJob,
  registerJob,
} from '../graph/job-registry.ts';
import {
  type JobClient,
  type JobResult,
  type OperatorResult,
  RUN_OPTIONS,
  type RunOptions,
} from '../job/job.ts';
import { startServedJob } from '../server/serve.ts';
import { CollectSink } from './collect-sink.ts';
import { Flow } from './flow.ts';
import { GraphBuilder } from './graph-builder.ts';
import { KeyedStream } from './keyed-stream.ts';
import { JobInput, JobOutput } from './program.ts';
import { Step } from './step.ts';
import { InputStream, type RowStream, Stream } from './stream.ts';
import { WindowedStream } from './windowed-stream.ts';

/** Streams by the name under which the calling program reads or writes them. */
export type Outputs = Readonly<Record<string, RowStream<unknown>>>;

/** Of a function that returns no streams: nothing, or the end of one. Why no promise will do is said when the job is built. */
type NoOutputs = void | (Step & { readonly collectAs?: never }) | Promise<void>;

/** Names of the streams that the program writes. */
type InputNames<T> = {
  [K in keyof T]: T[K] extends InputStream<infer _> ? K : never;
}[keyof T];

/** The rows of each output, as `collect` gives them. */
export type Collected<T> = {
  -readonly [K in Exclude<keyof T, InputNames<T>>]: T[K] extends Stream<infer Row> ? Row[] : never;
};

/** A client with the doors of the job: the streams that its function returned. */
export type StartedJob<T> = JobClient & {
  readonly inputs: {
    readonly [K in InputNames<T>]: T[K] extends InputStream<infer Row> ? JobInput<Row> : never;
  };
  /** What is not read makes the job wait, once some ten thousand rows are there; see the option `outputs`. */
  readonly outputs: {
    readonly [K in Exclude<keyof T, InputNames<T>>]: T[K] extends Stream<infer Row>
      ? JobOutput<Row>
      : never;
  };
};

export type StartOptions = RunOptions & {
  /** false: the program will not read the outputs, and the job goes on without them. True when left out. */
  readonly outputs?: boolean;
};

const START_OPTIONS: OptionRules<StartOptions> = { ...RUN_OPTIONS, outputs: choice(true, false) };

export class Job<T> {
  readonly name: string;
  readonly #define: (flow: Flow) => T;
  /** Known by name as long as this is there. */
  readonly #registered: RegisteredJob;

  constructor(url: string, name: string, define: (flow: Flow) => T) {
    this.name = name;
    this.#define = define;
    this.#registered = { url, name, build: this.build.bind(this) };
  }

  /**
   * Runs the job to its end. Rejects with an EngineError when it fails.
   * `await flights.run({ threads: 2, params: { input: 'flights.parquet' } })`
   */
  async run(options: RunOptions = {}): Promise<JobResult> {
    await interceptedRun(this.#registered.url);
    checkOptions('run', options, RUN_OPTIONS);
    const client = await startServedJob(this.#registered, options, {
      output: null,
      input: refuseInput,
    });
    return await client.result();
  }

  /**
   * Starts the job; the client watches and cancels it, writes its inputs and reads its outputs.
   *
   *   const client = await flights.start();
   *   for await (const row of client.outputs.hourly) console.log(row.origin, row.mean);
   */
  async start(options: StartOptions = {}): Promise<StartedJob<T>> {
    await interceptedRun(this.#registered.url);
    checkOptions('start', options, START_OPTIONS);
    const inputs: Record<string, JobInput<unknown>> = {};
    const outputs: Record<string, JobOutput<unknown>> = {};
    const closers: ((error: Error | null) => void)[] = [];
    const { outputs: wantsOutputs = true, ...runOptions } = options;
    const makeOutput = (name: string): ProgramOutput<unknown> => {
      const output = new ProgramOutput<unknown>(name, () => void tellUnread(name, output));
      outputs[name] = new JobOutput(output);
      closers.push((error) => output.close(error));
      return output;
    };
    const starting = startServedJob(this.#registered, runOptions, {
      input(name, source) {
        const { queue } = source as ProgramSource<unknown>;
        inputs[name] = new JobInput(queue);
        closers.push((error) => queue.close(error));
      },
      output: wantsOutputs ? makeOutput : null,
    });
    const tellUnread = async (name: string, output: ProgramOutput<unknown>): Promise<void> => {
      await delay(UNREAD_OUTPUT_MS);
      const started = await starting.catch(() => null);
      if (output.isUnread) started?.log.warn(unreadText(this.name, name));
    };
    const client = await starting;
    const closeAll = (error: Error | null): void => {
      for (const close of closers) close(error);
    };
    client.result().then(
      () => closeAll(null),
      (error: Error) => closeAll(error),
    );
    await client.ready();
    return Object.assign(client, { inputs, outputs }) as unknown as StartedJob<T>;
  }

  /**
   * Runs the job to its end and returns the rows of the streams that its function returned:
   * `const { hourly } = await flights.collect({ threads: 0 })`.
   */
  async collect(options: RunOptions = {}): Promise<Collected<T>> {
    await interceptedRun(this.#registered.url);
    checkOptions('collect', options, RUN_OPTIONS);
    const rows: Record<string, unknown[]> = {};
    const client = await startServedJob(this.#registered, options, {
      input: refuseInput,
      output(name) {
        rows[name] = [];
        return new CollectSink(rows[name]);
      },
    });
    const { operators } = await client.result();
    const losing = operators.filter(({ lateRecords }) => lateRecords > 0);
    if (losing.length > 0) client.log.warn(lateText(this.name, losing));
    return rows as Collected<T>;
  }

  /** The graph, without running anything. */
  build(params: JobParams, collects: boolean): BuiltJob {
    const builder = new GraphBuilder(this.name);
    const flow = new Flow(builder, params);
    const returned: unknown = this.#define(flow);
    flow.checkParams();
    const streams = this.#streamsOf(returned, builder);
    const inputs = new Map<string, NodeId>();
    const outputs = new Map<string, NodeId>();
    const unread: string[] = [];
    for (const [name, stream] of streams) {
      if (stream instanceof InputStream) inputs.set(name, stream.inputNode);
      else if (collects) outputs.set(name, stream.collectAs(name));
      else if (!stream.isRead()) unread.push(name);
    }
    flow.checkInputs(inputs);
    const { graph, bindings } = builder.finish();
    if (streams.length === 0) this.#checkEnds(bindings);
    return { graph, bindings, inputs, outputs, unread };
  }

  /** What the function has returned, by name. */
  #streamsOf(
    returned: unknown,
    builder: GraphBuilder,
  ): readonly (readonly [string, Stream<unknown>])[] {
    const what = `job '${this.name}'`;
    if (returned instanceof Promise) {
      throw new EngineError(
        'JOB_DEFINITION',
        `${what} is defined by an asynchronous function: await in the module, in front of job(...)`,
      );
    }
    const isEnd = returned instanceof Step && !(returned instanceof Stream);
    if (returned === undefined || returned === null || isEnd) return [];
    const rule = 'returns streams by name, such as { rows: stream }';
    if (!isPlain(returned)) throw wrong(what, rule, returned);
    return Object.entries(returned).map(([name, stream]) => {
      if (!(stream instanceof Stream)) {
        const { message } = wrong(what, `${rule}, but '${name}' is none`, stream);
        throw new EngineError('JOB_DEFINITION', message + unfinished(stream));
      }
      builder.checkOwn(`${what}: '${name}'`, stream.builder);
      return [name, stream];
    });
  }

  #checkEnds(bindings: Bindings): void {
    if (bindings.some((binding) => binding.sink !== null)) return;
    throw new EngineError(
      'JOB_DEFINITION',
      `job '${this.name}' has no end: send a stream .to(a sink), or return it`,
    );
  }

  register(): this {
    registerJob(this.#registered);
    return this;
  }
}

/** Whether it is an object of no class. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object') return false;
  const above = Object.getPrototypeOf(value) as object | null;
  return above === null || Object.getPrototypeOf(above) === null;
}

function unreadText(job: string, output: string): string {
  return (
    `job '${job}' waits, for its output '${output}' is full and nobody reads it: read client.outputs.${output}, ` +
    'or start the job with outputs: false'
  );
}

/** Rows are all that a program sees of `collect`: what was dropped would be missed by nobody. */
function lateText(job: string, losing: readonly OperatorResult[]): string {
  const counts = losing.map(({ name, lateRecords }) => `${lateRecords} for '${name}'`);
  return (
    `job '${job}' dropped records that were late: ${counts.join(', ')}; let watermarks wait longer (boundedOutOfOrderness), ` +
    'read them by lateTo(side), or run it in batch, where nothing is late'
  );
}

/** What is missing behind what is no stream yet. */
function unfinished(value: unknown): string {
  if (value instanceof WindowedStream) return ': call aggregate, reduce or process behind it';
  if (value instanceof KeyedStream) return ': call a step behind keyBy, such as process';
  return '';
}

function refuseInput(name: string): never {
  throw new EngineError(
    'JOB_DEFINITION',
    `input '${name}' has nobody who writes it: start the job with start(), and write client.inputs.${name}`,
  );
}

/**
 * Defines a job. Call it at the top level of a module: worker threads import the module to find the job.
 *
 *   export default job(import.meta, 'words', (flow) => {
 *     const words = flow.from(collection([{ word: 'a' }, { word: 'b' }]));
 *     return { words };
 *   });
 */
export function job<T extends Outputs>(
  meta: ImportMeta,
  name: string,
  define: (flow: Flow) => T,
): Job<T>;
export function job(
  meta: ImportMeta,
  name: string,
  define: (flow: Flow) => NoOutputs,
): Job<Record<never, never>>;
export function job(meta: ImportMeta, name: string, define: (flow: Flow) => unknown): Job<unknown> {
  someText('job: the name', name);
  aFunction(`job '${name}': what defines it`, define);
  const url = moduleUrl(meta);
  if (url !== null) return new Job<unknown>(url, name, define).register();
  throw new EngineError(
    'JOB_DEFINITION',
    `job '${name}': import.meta.url is empty, since its module has become CommonJS, and worker threads cannot find it: ` +
      'keep the module an ES module (esbuild: --format=esm), or bundle the engine with it',
  );
}
