/** Where a dataflow begins: sources and parameters. */
import { EngineError } from '../base/errors.ts';
import {
  aPlainFunction,
  checkOptions,
  type OptionRules,
  someText,
  wrong,
} from '../base/options.ts';
import { programSource } from '../connector/program/program-input.ts';
import { aSchema, type Schema } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { JobParams } from '../graph/job-registry.ts';
import type { Source } from '../operator/source.ts';
import { sourceUntil } from '../operator/source-until.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { InputStream, Stream } from './stream.ts';

export type FromOptions<Row = unknown> = {
  readonly name?: string;
  readonly uid?: string;
  readonly parallelism?: number;
  /** Records a second over all subtasks; 0, Infinity or left out for no limit. */
  readonly rate?: number;
  /**
   * Ends a split at the first record for which it says so. That record does not go out, nor what lies behind it in the split: a
   * connection, a share of a watched folder, a part of a file, whatever the source is read by. When all have ended, so has the
   * source; which records end it is known when they are read, so that a source without an end counts as one without.
   */
  readonly until?: (row: Row) => boolean;
};

/** The others are those of a step, and checked there. */
const FROM_OPTIONS: OptionRules<FromOptions> = {
  name: true,
  uid: true,
  parallelism: true,
  rate: aRate,
  until: aPlainFunction,
};

function aRate(what: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return;
  throw wrong(what, 'is a number of records a second, 0 or more', value);
}

type Widened<T> = T extends string ? string : T extends number ? number : boolean;

export class Flow {
  readonly #builder: GraphBuilder;
  readonly #params: JobParams;
  readonly #asked = new Set<string>();
  readonly #inputs: NodeId[] = [];

  constructor(builder: GraphBuilder, params: JobParams) {
    this.#builder = builder;
    this.#params = params;
  }

  /** The stream of a source: `flow.from(files('flights.parquet', parquet(Flight)))`. */
  from<Row>(source: Source<Row>, options: FromOptions<NoInfer<Row>> = {}): Stream<Row> {
    if (typeof (source as Source | undefined)?.discoverSplits !== 'function') {
      throw wrong('from', 'takes a source, such as files(...) or collection(...)', source);
    }
    checkOptions('from', options, FROM_OPTIONS);
    const { rate = 0, until } = options;
    const ending = until === undefined ? source : sourceUntil(source, until);
    const node = this.#addSource(ending as Source, rate);
    const stream = new Stream<Row>(this.#builder, node, source.schema);
    if (options.name !== undefined) stream.name(options.name);
    if (options.uid !== undefined) stream.uid(options.uid);
    if (options.parallelism !== undefined) stream.parallelism(options.parallelism);
    return stream;
  }

  #addSource(source: Source, rate: number): NodeId {
    return this.#builder.add({
      name: source.name,
      operator: {
        type: 'source',
        connector: source.kind ?? source.name,
        descriptor: source.descriptor,
        eventTime: null,
        rate: rate === 0 || rate === Infinity ? null : rate,
        isCallers: source.isCallers ?? false,
        hasDeadLetters: source.hasDeadLetters ?? false,
      },
      inputs: [],
      schema: source.schema as Schema | null,
      source,
    });
  }

  /**
   * Rows that the calling program writes while the job runs: return the stream, and the client has its other end.
   * They are not kept: those that the job had taken since its last checkpoint are lost when it fails.
   *
   *   const pages = job(import.meta, 'pages', (flow) => {
   *     const clicks = flow.input(record({ page: t.string, hits: t.int32 }));
   *     return { clicks, counts: clicks.keyBy('page').sum('hits') };
   *   });
   *   const client = await pages.start({ threads: 0 });
   *   client.inputs.clicks.write({ page: '/', hits: 1 });
   *   client.inputs.clicks.end();
   *   for await (const { page, hits } of client.outputs.counts) console.error(page, hits);
   */
  input<Row>(schema: Schema<Row> | null = null): InputStream<Row> {
    if (schema !== null) aSchema('input: the schema', schema);
    const source = programSource(schema);
    const node = this.#addSource(source as Source, 0);
    this.#inputs.push(node);
    return new InputStream<Row>(this.#builder, node, schema);
  }

  /** A parameter of the job, as text, number or boolean by its default: `flow.param('rate', 0)`. */
  param<T extends string | number | boolean>(name: string, fallback: T): Widened<T> {
    someText('param: the name', name);
    if (!['string', 'number', 'boolean'].includes(typeof fallback)) {
      throw wrong(`param '${name}'`, 'has a default: a text, a number or a boolean', fallback);
    }
    this.#asked.add(name);
    const given = Object.hasOwn(this.#params, name) ? this.#params[name] : undefined;
    return (given === undefined ? fallback : convert(name, given, fallback)) as Widened<T>;
  }

  /** Refuses inputs that are not among those that the program gets: they would have no end. */
  checkInputs(written: ReadonlyMap<string, NodeId>): void {
    const known = new Set(written.values());
    if (this.#inputs.every((node) => known.has(node))) return;
    throw new EngineError(
      'JOB_DEFINITION',
      'an input has nobody who writes it: return what flow.input(...) gives by a name, such as { clicks }, before any ' +
        'step, and write client.inputs.clicks',
    );
  }

  /** Refuses parameters that the job never asked for: most are typing mistakes. */
  checkParams(): void {
    const unknown = Object.keys(this.#params).filter((name) => !this.#asked.has(name));
    if (unknown.length === 0) return;
    const known = [...this.#asked].join(', ') || 'none';
    throw new EngineError(
      'PARAM_INVALID',
      `unknown parameter ${unknown.map((name) => `'${name}'`).join(', ')}; the job has ${known}`,
    );
  }
}

function convert(
  name: string,
  given: string | number | boolean,
  fallback: string | number | boolean,
): string | number | boolean {
  if (typeof given === typeof fallback) return given;
  if (typeof fallback === 'string') return String(given);
  if (typeof fallback === 'number') {
    const number = Number(given);
    if (String(given).trim() !== '' && !Number.isNaN(number)) return number;
  }
  if (typeof fallback === 'boolean' && (given === 'true' || given === 'false')) {
    return given === 'true';
  }
  throw new EngineError(
    'PARAM_INVALID',
    `parameter '${name}' must be a ${typeof fallback}, got ${JSON.stringify(given)}`,
  );
}
