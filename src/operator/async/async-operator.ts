/**
 * Calls an asynchronous function for each record, and emits what it answers at the event time of the record.
 *
 * Records become requests, which stay in a queue until their results have gone out; watermarks wait there for the records in
 * front of them. A full operator takes no batch, but it takes barriers: what is in the queue is its state, and is asked for
 * again after a restart. Results enter by `advanceTime`, which is due as soon as there are some.
 */
import { type Batch, MAX_WATERMARK, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Operator, OperatorContext, Output } from '../operator.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { operatorError, recordError } from '../user-function.ts';
import type { AsyncDefinition, AsyncSpec } from './async-spec.ts';
import { type Call, Calls } from './calls.ts';
import { lookupCall } from './lookup.ts';
import { Request } from './request.ts';
import { type Control, type ResultQueue, resultQueue } from './result-queue.ts';

/** State: the requests whose results have not been emitted, in order, by the subtask that had them. */
export const REQUESTS = 'requests';

type StoredRequest = { readonly subtask: number; readonly time: number; readonly row: unknown };

export type AsyncOptions = {
  readonly async: AsyncSpec;
  /** Of the node: the definition. */
  readonly functions: readonly object[];
};

export class AsyncOperator implements Operator {
  readonly #spec: AsyncSpec;
  readonly #definition: AsyncDefinition;
  readonly #queue: ResultQueue;
  readonly #rows = new BatchBuilder(null);
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  #calls: Calls | null = null;
  #watermark: Watermark = MIN_WATERMARK;
  /** The request whose rows are being emitted, and those that are left of them. */
  #flat: { readonly request: Request; readonly rows: Iterator<unknown> } | null = null;
  /** The input has ended, the output has not. */
  #isEnding = false;

  constructor({ async, functions }: AsyncOptions) {
    this.#spec = async;
    this.#definition = functions[0] as AsyncDefinition;
    this.#queue = resultQueue(async.isOrdered);
  }

  open(context: OperatorContext, output: Output): void {
    this.#context = context;
    this.#output = output;
    this.#calls = new Calls({
      spec: this.#spec,
      functions: this.#definition,
      call: callOf(this.#spec, this.#definition, context),
      context,
      onDone: (request) => this.#queue.complete(request),
    });
    const { subtask, parallelism } = context;
    const stored = context.restored.items(REQUESTS) as readonly StoredRequest[];
    // By subtask, so that with as many as before all records keep their order.
    const own = stored.filter((request) => request.subtask % parallelism === subtask);
    for (const [n, { row, time }] of own.entries()) this.#add(row, time, n);
  }

  #add(row: unknown, time: number, record: number): void {
    const request = new Request(row, time, record);
    this.#queue.add(request);
    this.#calls!.add(request);
  }

  processBatch(batch: Batch): void {
    const { rowCount, timestamps } = batch;
    const { metrics, clock } = this.#context;
    const rows = batch.rowObjects();
    for (let i = 0; i < rowCount; i++) {
      this.#add(rows[i], timestamps?.[i] ?? Number.NaN, metrics.recordsIn + i);
    }
    metrics.recordsIn += rowCount;
    this.#calls!.advance(clock.now());
  }

  processWatermark(watermark: Watermark): void {
    this.#watermark = watermark;
    this.#control({ watermark });
  }

  processIdle(isIdle: boolean): void {
    this.#control({ isIdle });
  }

  #control(element: Control): void {
    if (this.#queue.isEmpty) this.#sendControl(element);
    else this.#queue.control(element);
  }

  #sendControl(element: Control): void {
    if ('watermark' in element) this.#output.watermark(element.watermark);
    else this.#output.idle(element.isIdle);
  }

  /** At the end of time too, so that the end waits, and barriers do not, for what is under way. */
  get isFull(): boolean {
    const { size } = this.#queue;
    if (size === 0) return false;
    return (
      this.#calls!.waiting > 0 || size >= this.#spec.capacity || this.#watermark === MAX_WATERMARK
    );
  }

  get waitsForEvents(): boolean {
    return this.#calls !== null && this.#calls.underWay > 0;
  }

  get wakeAtMs(): number {
    if (this.#calls === null) return Infinity;
    if (this.#queue.hasReady && this.#output.isReady) return -Infinity;
    return this.#calls.wakeAtMs;
  }

  advanceTime(nowMs: number): void {
    this.#calls!.advance(nowMs);
    this.#emitReady();
  }

  #emitReady(): void {
    while (this.#queue.hasReady && this.#output.isReady && this.#flat === null) {
      const entry = this.#queue.take();
      if (entry instanceof Request) {
        this.#emit(entry);
      } else {
        this.#flush();
        this.#sendControl(entry);
      }
    }
    this.#flush();
  }

  #emit(request: Request): void {
    const { apply } = this.#definition;
    try {
      const result =
        apply === undefined || request.isLate ? request.result : apply(request.row, request.result);
      if (!this.#spec.isFlat) {
        this.#append(result, request.time);
        return;
      }
      this.#flat = { request, rows: (result as Iterable<unknown>)[Symbol.iterator]() };
    } catch (error) {
      throw recordError(this.#context, error, request.record);
    }
    this.#emitFlat();
  }

  /** Rows of a result that has many, as long as there is room. */
  #emitFlat(): void {
    const { request, rows } = this.#flat!;
    while (this.#output.isReady) {
      const next = this.#nextOf(rows, request);
      if (next.done === true) {
        this.#flat = null;
        return;
      }
      this.#append(next.value, request.time);
    }
  }

  #nextOf(rows: Iterator<unknown>, request: Request): IteratorResult<unknown> {
    try {
      return rows.next();
    } catch (error) {
      throw recordError(this.#context, error, request.record);
    }
  }

  #append(row: unknown, time: number): void {
    this.#rows.appendRow(row, time);
    this.#context.metrics.recordsOut++;
    if (this.#rows.isFull) this.#flush();
  }

  #flush(): void {
    if (this.#rows.rowCount === 0) return;
    this.#output.emit(this.#rows.seal());
    this.#rows.reset();
  }

  get hasPendingWork(): boolean {
    return this.#flat !== null || this.#isEnding;
  }

  resume(): void {
    if (this.#flat !== null) this.#emitFlat();
    this.advanceTime(this.#context.clock.now());
    if (this.#isEnding && this.#flat === null) this.finish();
  }

  processBarrier(checkpoint: number): void {
    const { subtask } = this.#context;
    const requests = Array.from(
      this.#queue.requests(),
      ({ row, time }): StoredRequest => ({ subtask, time, row }),
    );
    try {
      this.#context.snapshot(checkpoint).items(REQUESTS, 'union', requests);
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
    this.#output.barrier(checkpoint);
  }

  finish(): void {
    this.#isEnding = !this.#queue.isEmpty;
    if (!this.#isEnding) this.#output.end();
  }

  close(): void {
    this.#calls?.close();
    this.#flat?.rows.return?.();
  }
}

function callOf(spec: AsyncSpec, definition: AsyncDefinition, context: OperatorContext): Call {
  if (spec.lookup !== null) return lookupCall(spec.lookup, definition, context.clock);
  const { call } = definition;
  return (request) => call(request.row, request);
}
