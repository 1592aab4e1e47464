/** Asynchronous functions over streams, lookups by them, and functions for threads of their own. */
import { aFunction, aPlainFunction, checkOptions } from '../base/options.ts';
import type { NodeId } from '../graph/graph.ts';
import type { AsyncDefinition, AsyncSpec } from '../operator/async/async-spec.ts';
import type { ParallelDefinition, ParallelSpec } from '../operator/async/parallel-operator.ts';
import {
  type AnyLookupOptions,
  type AnyOptions,
  ASYNC_OPTIONS,
  CAPACITY,
  cacheSpec,
  callFunctions,
  callSpec,
  LOOKUP_OPTIONS,
  PARALLEL_OPTIONS,
  PARALLEL_ROWS,
  type ParallelOptions,
} from './async-options.ts';
import type { GraphBuilder, InputEdge } from './graph-builder.ts';
import { Stream } from './stream.ts';

/** Where a step gets its rows. */
export type AsyncInput = {
  readonly builder: GraphBuilder;
  readonly edges: readonly InputEdge[];
};

/** Adds a step that calls an asynchronous function. */
export function addAsync(
  what: 'mapAsync' | 'flatMapAsync',
  { builder, edges }: AsyncInput,
  fn: object,
  options: AnyOptions,
): NodeId {
  aFunction(what, fn);
  checkOptions(what, options, ASYNC_OPTIONS);
  const async: AsyncSpec = {
    ...callSpec(what, options),
    capacity: options.capacity ?? CAPACITY,
    isFlat: what === 'flatMapAsync',
    lookup: null,
  };
  const definition: AsyncDefinition = {
    ...callFunctions(options),
    call: fn as AsyncDefinition['call'],
  };
  return builder.add({
    name: what,
    operator: { type: 'async', async },
    inputs: edges,
    schema: null,
    functions: [definition],
  });
}

/** Adds a step whose function is run by threads of its own. */
export function addParallel(
  { builder, edges }: AsyncInput,
  fn: object,
  options: ParallelOptions<never, unknown>,
): NodeId {
  const what = 'mapParallel';
  aFunction(what, fn);
  checkOptions(what, options, PARALLEL_OPTIONS);
  const parallel: ParallelSpec = {
    ...callSpec(what, options),
    threads: options.threads ?? null,
    batchRows: options.batchRows ?? PARALLEL_ROWS,
  };
  const definition: ParallelDefinition = {
    ...callFunctions(options),
    call: fn as ParallelDefinition['call'],
  };
  return builder.add({
    name: what,
    operator: { type: 'parallel', parallel },
    inputs: edges,
    schema: null,
    functions: [definition],
  });
}

/** A stream whose rows are looked up: `apply` says what becomes of a row and of what was found for it. */
export class Lookup<out Row, out Found, out Late> {
  readonly #input: AsyncInput;
  readonly #async: AsyncSpec;
  readonly #definition: AsyncDefinition;

  constructor(input: AsyncInput, key: string | object, fn: object, options: AnyLookupOptions) {
    if (typeof key !== 'string') aPlainFunction('lookup: a key that is no field', key);
    aFunction('lookup', fn);
    checkOptions('lookup', options, LOOKUP_OPTIONS);
    const { cache } = options;
    this.#input = input;
    this.#async = {
      ...callSpec('lookup', options),
      capacity: options.capacity ?? CAPACITY,
      isFlat: false,
      lookup: {
        field: typeof key === 'string' ? key : null,
        cache: cache === undefined ? null : cacheSpec(cache),
      },
    };
    this.#definition = {
      ...callFunctions(options),
      call: fn as AsyncDefinition['call'],
      ...(typeof key === 'function' ? { key: key as NonNullable<AsyncDefinition['key']> } : {}),
    };
  }

  /** A new row for each row and what was found for it: `.apply((bid, auction) => ({ ...bid, seller: auction?.seller }))`. */
  apply<Out>(fn: (row: Row, found: Found) => Out): Stream<Out | Late> {
    aPlainFunction('apply', fn);
    const { builder, edges } = this.#input;
    const node = builder.add({
      name: 'lookup',
      operator: { type: 'async', async: this.#async },
      inputs: edges,
      schema: null,
      functions: [{ ...this.#definition, apply: fn } as AsyncDefinition],
    });
    return new Stream<Out | Late>(builder, node, null);
  }
}
