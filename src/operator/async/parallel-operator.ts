/**
 * Has a function of the user run by other threads, for some rows at a time, and emits its results at the event times of the
 * rows. A request is a group of rows; in a snapshot it is rows again.
 */
import { availableParallelism } from 'node:os';
import type { CallFunctions, CallSpec } from './async-spec.ts';
import type { Call } from './calls.ts';
import {
  applyToAll,
  type FunctionPool,
  type MakePool,
  RowFailure,
  type RowFunction,
} from './function-pool.ts';
import { Request } from './request.ts';
import { RequestOperator } from './request-operator.ts';

export type ParallelSpec = CallSpec & {
  /** Threads over all subtasks, one at least for each; null for as many as the machine has processors. */
  readonly threads: number | null;
  /** Rows that a thread gets at a time, at most. */
  readonly batchRows: number;
};

export type ParallelDefinition = CallFunctions & { readonly call: RowFunction };

export type ParallelOperatorOptions = {
  readonly parallel: ParallelSpec;
  /** Of the node: the definition. */
  readonly functions: readonly object[];
  readonly makePool: MakePool;
};

/** Groups of rows for each thread: while it is at one, the next is on its way. */
const GROUPS_EACH = 2;

type Group = { readonly rows: readonly unknown[]; readonly times: Float64Array | null };

export class ParallelOperator extends RequestOperator {
  readonly #options: ParallelOperatorOptions;
  #threads = 1;
  #pool: FunctionPool | null = null;
  /** Rows that have been emitted of a result for which there is no room. */
  #emitted = 0;

  constructor(options: ParallelOperatorOptions) {
    super(options.parallel, groupFunctions(options.functions[0] as ParallelDefinition));
    this.#options = options;
  }

  protected override start(): { call: Call; capacity: number } {
    const { makePool, functions, parallel } = this.#options;
    const { subtask, parallelism } = this.context;
    const threads = parallel.threads ?? availableParallelism();
    this.#threads = shareOf(threads, subtask, parallelism);
    const pool = makePool((functions[0] as ParallelDefinition).call, this.#threads);
    this.#pool = pool;
    // The time that rows may take does not begin before.
    pool.ready.then(() => this.allow(this.#threads * GROUPS_EACH));
    return {
      call: (request) => pool.run((request.row as Group).rows, request.signal),
      capacity: 0,
    };
  }

  /** Groups of equal size, so that few rows too are for all threads. */
  protected override addRows(
    rows: readonly unknown[],
    times: Float64Array | null,
    record: number,
  ): void {
    const { batchRows } = this.#options.parallel;
    const groups = Math.max(Math.ceil(rows.length / batchRows), this.#threads);
    const size = Math.max(1, Math.ceil(rows.length / groups));
    for (let from = 0; from < rows.length; from += size) {
      const to = Math.min(rows.length, from + size);
      const group: Group = {
        rows: rows.slice(from, to),
        times: times === null ? null : times.slice(from, to),
      };
      this.add(new Request(group, group.times?.[0] ?? Number.NaN, record + from));
    }
  }

  protected override *rowsOf({ row }: Request): Iterable<readonly [unknown, number]> {
    const { rows, times } = row as Group;
    for (let i = 0; i < rows.length; i++) yield [rows[i], times?.[i] ?? Number.NaN];
  }

  protected override emitResult({ row, result }: Request): boolean {
    const { times } = row as Group;
    const results = result as readonly unknown[];
    while (this.#emitted < results.length) {
      if (!this.output.isReady) return false;
      this.emit(results[this.#emitted], times?.[this.#emitted] ?? Number.NaN);
      this.#emitted++;
    }
    this.#emitted = 0;
    return true;
  }

  override close(): void {
    super.close();
    this.#pool?.close();
  }
}

/** What goes up unevenly goes to the first subtasks. */
function shareOf(threads: number, subtask: number, parallelism: number): number {
  const more = subtask < threads % parallelism ? 1 : 0;
  return Math.max(1, Math.floor(threads / parallelism) + more);
}

/** The functions of the user, which know rows, for calls, which know groups. */
function groupFunctions({ onTimeout, retriesError, definedAt }: ParallelDefinition): CallFunctions {
  return {
    definedAt,
    onTimeout: onTimeout && ((group) => applyToAll(onTimeout, (group as Group).rows)),
    retriesError:
      retriesError && ((error) => retriesError(error instanceof RowFailure ? error.cause : error)),
  };
}
