/** Calls an asynchronous function for each record, and emits what it answers at the event time of the record. */
import { iteratorOf } from '../returned-rows.ts';
import type { AsyncDefinition, AsyncSpec } from './async-spec.ts';
import type { Call } from './calls.ts';
import { lookupCall } from './lookup.ts';
import { Request } from './request.ts';
import { RequestOperator } from './request-operator.ts';

export type AsyncOperatorOptions = {
  readonly async: AsyncSpec;
  /** Of the node: the definition. */
  readonly functions: readonly object[];
};

export class AsyncOperator extends RequestOperator {
  readonly #spec: AsyncSpec;
  readonly #definition: AsyncDefinition;
  /** What is left of a result of many rows. */
  #rest: Iterator<unknown> | null = null;

  constructor({ async, functions }: AsyncOperatorOptions) {
    const definition = functions[0] as AsyncDefinition;
    super(async, definition);
    this.#spec = async;
    this.#definition = definition;
  }

  protected override start(): { call: Call; capacity: number } {
    const { lookup, capacity } = this.#spec;
    const { call } = this.#definition;
    return {
      capacity,
      call:
        lookup === null
          ? (request) => call(request.row, request)
          : lookupCall(lookup, this.#definition, this.context.clock),
    };
  }

  protected override addRows(
    rows: readonly unknown[],
    times: Float64Array | null,
    record: number,
  ): void {
    for (let i = 0; i < rows.length; i++) {
      this.add(new Request(rows[i], times?.[i] ?? Number.NaN, record + i));
    }
  }

  protected override rowsOf({ row, time }: Request): Iterable<readonly [unknown, number]> {
    return [[row, time]];
  }

  protected override emitResult(request: Request): boolean {
    const { apply } = this.#definition;
    const { result, isLate, row, time } = request;
    if (this.#spec.isFlat) return this.#emitRows(request);
    if (apply === undefined || isLate) this.emit(result, time);
    else
      this.emit(
        this.guarded(request, () => apply(row, result)),
        time,
      );
    return true;
  }

  #emitRows(request: Request): boolean {
    this.#rest ??= this.guarded(request, () => iteratorOf(request.result, 'answered'));
    const rest = this.#rest;
    while (this.output.isReady) {
      const next = this.guarded(request, () => rest.next());
      if (next.done === true) {
        this.#rest = null;
        return true;
      }
      this.emit(next.value, request.time);
    }
    return false;
  }

  override close(): void {
    super.close();
    this.#rest?.return?.();
  }
}
