/**
 * What operators have in common whose results come later.
 *
 * Records become requests, which stay in a queue until their results have gone out; watermarks wait there for the records in
 * front of them. A full operator takes no batch, but it takes barriers: what is in the queue is its state, and is asked for
 * again after a restart. Results enter by `advanceTime`, which is due as soon as there are some.
 */
import { type Batch, MAX_WATERMARK, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Operator, OperatorContext, Output } from '../operator.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { laterError, operatorError } from '../user-function.ts';
import type { CallFunctions, CallSpec } from './async-spec.ts';
import { type Call, Calls } from './calls.ts';
import { Request } from './request.ts';
import { type Control, type ResultQueue, resultQueue } from './result-queue.ts';

/** State: the records whose results have not been emitted, in order, by the subtask that had them. */
export const REQUESTS = 'requests';

type StoredRecord = { readonly subtask: number; readonly time: number; readonly row: unknown };

export abstract class RequestOperator implements Operator {
  protected context: OperatorContext = unsetContext;
  protected output: Output = unsetOutput;
  readonly #spec: CallSpec;
  readonly #functions: CallFunctions;
  readonly #queue: ResultQueue;
  readonly #rows = new BatchBuilder(null);
  #calls: Calls | null = null;
  #watermark: Watermark = MIN_WATERMARK;
  /** Requests that were on their way at the checkpoint. */
  #restored: readonly StoredRecord[] = [];
  /** The request whose rows are being emitted, while there is no room for more of them. */
  #unfinished: Request | null = null;
  /** The input has ended, the output has not. */
  #isEnding = false;

  constructor(spec: CallSpec, functions: CallFunctions) {
    this.#spec = spec;
    this.#functions = functions;
    this.#queue = resultQueue(spec.isOrdered);
  }

  open(context: OperatorContext, output: Output): void {
    this.context = context;
    this.output = output;
    const { call, capacity } = this.start();
    this.#calls = new Calls({
      spec: this.#spec,
      functions: this.#functions,
      call,
      context,
      onDone: (request) => this.#queue.complete(request),
    });
    this.#calls.capacity = capacity;
    const { subtask, parallelism } = context;
    const stored = context.restored.items(REQUESTS) as readonly StoredRecord[];
    // By subtask, so that with as many as before all records keep their order.
    this.#restored = stored.filter((one) => one.subtask % parallelism === subtask);
  }

  begin(): void {
    const rows = this.#restored.map(({ row }) => row);
    const times = Float64Array.from(this.#restored, ({ time }) => time);
    this.#restored = [];
    this.addRows(rows, times, 0);
  }

  /** What is done for a request, and for how many at a time; asked for when the operator opens. */
  protected abstract start(): { readonly call: Call; readonly capacity: number };

  /** Makes requests of rows, the first of which is `record` among all that reached the subtask. */
  protected abstract addRows(
    rows: readonly unknown[],
    times: Float64Array | null,
    record: number,
  ): void;

  /** The rows of a request and their event times: what a snapshot has of it. */
  protected abstract rowsOf(request: Request): Iterable<readonly [row: unknown, time: number]>;

  /** Emits what a request has brought, as long as there is room; true when that is all. */
  protected abstract emitResult(request: Request): boolean;

  /** So many requests may be under way from now on. */
  protected allow(capacity: number): void {
    this.#calls!.capacity = capacity;
    this.context.wake();
  }

  protected add(request: Request): void {
    this.#queue.add(request);
    this.#calls!.add(request);
  }

  protected emit(row: unknown, time: number): void {
    this.#rows.appendRow(row, time);
    this.context.metrics.recordsOut++;
    if (this.#rows.isFull) this.#flush();
  }

  /** Runs what the user has given for a result; what it throws is told with the record. */
  protected guarded<T>(request: Request, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw laterError(this.context, error, request.record, this.#functions.definedAt);
    }
  }

  processBatch(batch: Batch): void {
    const { metrics, clock } = this.context;
    this.addRows(batch.rowObjects(), batch.timestamps, metrics.recordsIn);
    metrics.recordsIn += batch.rowCount;
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
    if ('watermark' in element) this.output.watermark(element.watermark);
    else this.output.idle(element.isIdle);
  }

  /** At the end of time too, so that the end waits, and barriers do not, for what is under way. */
  get isFull(): boolean {
    const { size } = this.#queue;
    if (size === 0) return false;
    return (
      this.#calls!.waiting > 0 || size >= this.#calls!.capacity || this.#watermark === MAX_WATERMARK
    );
  }

  get waitsForEvents(): boolean {
    return this.#queue.size > 0 && this.#calls !== null;
  }

  get wakeAtMs(): number {
    if (this.#calls === null) return Infinity;
    if (this.#queue.hasReady && this.output.isReady) return -Infinity;
    return this.#calls.wakeAtMs;
  }

  advanceTime(nowMs: number): void {
    this.#calls!.advance(nowMs);
    while (this.#unfinished === null && this.#queue.hasReady && this.output.isReady) {
      const entry = this.#queue.take();
      if (entry instanceof Request) {
        if (!this.emitResult(entry)) this.#unfinished = entry;
      } else {
        this.#flush();
        this.#sendControl(entry);
      }
    }
    this.#flush();
  }

  #flush(): void {
    if (this.#rows.rowCount === 0) return;
    this.output.emit(this.#rows.seal());
    this.#rows.reset();
  }

  get hasPendingWork(): boolean {
    return this.#unfinished !== null || this.#isEnding;
  }

  resume(): void {
    if (this.#unfinished !== null && this.emitResult(this.#unfinished)) this.#unfinished = null;
    this.advanceTime(this.context.clock.now());
    if (this.#isEnding && this.#unfinished === null) this.finish();
  }

  processBarrier(checkpoint: number): void {
    const { subtask } = this.context;
    const records: StoredRecord[] = [];
    for (const request of this.#queue.requests()) {
      for (const [row, time] of this.rowsOf(request)) records.push({ subtask, time, row });
    }
    try {
      this.context.snapshot(checkpoint).items(REQUESTS, 'union', records);
    } catch (error) {
      throw operatorError(this.context, error, this.context.metrics.recordsIn);
    }
    this.output.barrier(checkpoint);
  }

  finish(): void {
    this.#isEnding = !this.#queue.isEmpty;
    if (!this.#isEnding) this.output.end();
  }

  close(): void {
    this.#calls?.close();
  }
}
