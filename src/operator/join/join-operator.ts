/**
 * What joins have in common: the rows of both inputs are kept in panes of event time, by key; they are the state. A record
 * that comes too late goes to the side output of its input, or is counted.
 *
 * What comes of a record, or of a watermark, may be more than an output takes at once. It is worked off in slices; until
 * that is done nothing else comes in, so that what is left never belongs to a snapshot.
 */
import { type Batch, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { sliceBatch } from '../../data/copy.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { KeyReader } from '../../data/key.ts';
import { storable } from '../../state/row-store.ts';
import type { SnapshotWriter } from '../../state/snapshot.ts';
import { isEventTime, unusableTime } from '../../time/event-time.ts';
import { requireTimestamps } from '../event-time.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../operator.ts';
import type { StateLook } from '../state-look.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { callError } from '../user-function.ts';
import type { PaneCuts } from '../window/window.ts';
import type { JoinInput } from './join-input.ts';
import { JoinLook } from './join-look.ts';
import { type JoinPane, JoinPanes } from './join-pane.ts';

/** Rows in one pane of a batch that has been read: those from `from` to `to` - 1. */
export type PaneRows = {
  readonly pane: JoinPane;
  readonly input: number;
  readonly keys: KeyReader;
  readonly times: Float64Array;
  readonly from: number;
  readonly to: number;
};

export abstract class JoinOperator implements Operator {
  hasPendingWork = false;
  protected context: OperatorContext = unsetContext;
  protected output: Output = unsetOutput;
  protected readonly inputs: readonly [JoinInput, JoinInput];
  protected readonly panes: JoinPanes;
  protected watermark: Watermark = MIN_WATERMARK;
  /** Of the rows of the batch that is being processed. */
  protected slots = new Int32Array(0);
  protected ids = new Int32Array(0);
  /** Records before this batch, among all that have reached the subtask. */
  protected recordsBefore = 0;
  readonly #cuts: PaneCuts;

  constructor(
    inputs: readonly [JoinInput, JoinInput],
    panes: {
      readonly cuts: PaneCuts;
      /** Whether the rows of a key are kept by rising time. */
      readonly isByTime: boolean;
    },
  ) {
    this.inputs = inputs;
    this.panes = new JoinPanes(inputs, panes.isByTime);
    this.#cuts = panes.cuts;
  }

  /** Records of a pane before this time are late. */
  protected abstract lateBefore(paneStart: number): number;

  /** Whether records of a pane belong to anything. */
  protected keeps(_paneStart: number): boolean {
    return true;
  }

  /** Called when rows have come into a pane. */
  protected added(_rows: PaneRows): void {}

  /** Writes what is to be known beside the rows. */
  protected writeState(_writer: SnapshotWriter): void {}

  /** For those that go by the clock. */
  get wakeAtMs(): number {
    return Infinity;
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.context = context;
    this.output = output;
    for (const input of this.inputs) {
      if (input.lateTo !== null) input.late = sides.get(input.lateTo)!;
    }
    this.inputs.forEach(({ rows }, input) => {
      rows.restore(
        context.restored,
        () => this.#areInts,
        (batch, keys) => this.#load(input, batch, keys),
      );
    });
  }

  get #areInts(): boolean {
    return this.inputs[0].keys.isInt && this.inputs[1].keys.isInt;
  }

  /** As soon as a key of one input is no int, those of both are read as values of every kind. */
  #becomeAnyKeys(): void {
    for (const { keys } of this.inputs) keys.isInt = false;
  }

  #load(input: number, batch: Batch, keys: KeyReader): void {
    if (!keys.isInt) this.#becomeAnyKeys();
    const times = batch.timestamps!;
    this.#reserve(batch.rowCount);
    for (let from = 0; from < batch.rowCount; ) {
      const start = this.paneStart(times[from]!);
      const to = this.#endOfRun(times, from, batch.rowCount, start, -Infinity);
      this.panes.at(start).add(input, batch, from, to, keys, this.slots, this.ids);
      from = to;
    }
  }

  processBarrier(checkpoint: number): void {
    const writer = this.context.snapshot(checkpoint);
    this.writeState(writer);
    const capture = { isComplete: false };
    const live = this.panes.live.all;
    for (const pane of live) pane.capture = capture;
    const steps = this.inputs.map(({ rows }, input) =>
      rows.capture(
        live.map(({ keys, sides }) => ({ keys, side: sides[input]! })),
        writer,
      ),
    );
    writer.later(() => {
      if (steps[0]!()) steps.shift();
      capture.isComplete = steps.length === 0;
      return capture.isComplete;
    });
    this.output.barrier(checkpoint);
  }

  processBatch(batch: Batch, input: number): void {
    const { rowCount } = batch;
    const times = requireTimestamps(batch, this.context.name);
    const { metrics } = this.context;
    const { keys, schema } = this.inputs[input]!;
    this.recordsBefore = metrics.recordsIn;
    this.#readKeys(batch, keys);
    const rows = storable(batch, schema);
    this.#reserve(rowCount);
    for (let from = 0; from < rowCount; ) {
      const time = times[from]!;
      if (!isEventTime(time)) throw this.errorAt(unusableTime(time), this.recordsBefore + from);
      const start = this.paneStart(time);
      const lateBefore = this.lateBefore(start);
      const to = this.#endOfRun(times, from, rowCount, start, lateBefore);
      if (time < lateBefore) this.#takeLate(batch, from, to, input);
      else if (!this.keeps(start)) this.#takeLateOf(batch, from, to, input);
      else {
        const pane = this.panes.at(start);
        pane.add(input, rows, from, to, keys, this.slots, this.ids);
        this.added({ pane, input, keys, times, from, to });
      }
      from = to;
    }
    metrics.recordsIn += rowCount;
    if (this.hasPendingWork) this.resume();
  }

  #readKeys(batch: Batch, keys: KeyReader): void {
    try {
      keys.read(batch);
    } catch (error) {
      throw this.errorAt(error, this.recordsBefore + keys.failedRow);
    }
    if (!keys.isInt) this.#becomeAnyKeys();
  }

  protected paneStart(time: number): number {
    return this.#cuts.startOf(time);
  }

  /** First row behind `from` that is in another pane, or is late where that one is not, or the other way round. */
  #endOfRun(
    times: Float64Array,
    from: number,
    rows: number,
    start: number,
    lateBefore: number,
  ): number {
    const end = this.#cuts.endOf(start);
    const isLate = times[from]! < lateBefore;
    let i = from + 1;
    while (i < rows && times[i]! >= start && times[i]! < end && times[i]! < lateBefore === isLate) {
      i++;
    }
    return i;
  }

  #reserve(rows: number): void {
    if (this.slots.length >= rows) return;
    this.slots = new Int32Array(rows);
    this.ids = new Int32Array(rows);
  }

  /** Of rows that belong nowhere, those that the watermark has passed, as in Flink. */
  #takeLateOf(batch: Batch, from: number, to: number, input: number): void {
    const times = batch.timestamps!;
    for (let i = from; i < to; i++) {
      if (times[i]! > this.watermark) continue;
      const first = i;
      while (i < to && times[i]! <= this.watermark) i++;
      this.#takeLate(batch, first, i, input);
    }
  }

  #takeLate(batch: Batch, from: number, to: number, input: number): void {
    const { late } = this.inputs[input]!;
    if (late === null) this.context.metrics.lateRecords += to - from;
    else late.emit(sliceBatch(batch, from, to).withoutKeyHashes());
  }

  /** The error for what was thrown at a record, by its place among all that reached the subtask. */
  protected errorAt(thrown: unknown, record: number): Error {
    return callError(this.context, thrown, record);
  }

  abstract processWatermark(watermark: Watermark): void;

  abstract resume(): void;

  generatedLoops(): readonly GeneratedLoop[] {
    return this.inputs.flatMap(({ keys, readers }, input) => {
      const side = input === 0 ? 'left' : 'right';
      const named = ({ title, source }: GeneratedLoop): GeneratedLoop => ({
        title: `${side} ${title}`,
        source,
      });
      return [
        ...readers.generatedLoops('row that was kept'),
        ...keys.generatedLoops('reading'),
      ].map(named);
    });
  }

  look(): StateLook {
    return new JoinLook(this.inputs, this.panes.live, this.#cuts);
  }

  processIdle(isIdle: boolean): void {
    this.output.idle(isIdle);
  }

  advanceTime(_nowMs: number): void {}

  finish(): void {
    this.output.end();
  }

  close(): void {}
}
