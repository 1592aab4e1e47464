/**
 * A channel within one worker: a queue of a few batches, handed over by reference. Builders go round: the
 * producer's full one is queued, and an emptied one comes back for the next rows, so a steady flow allocates
 * nothing.
 */
import { LOCAL_CHANNEL_BATCHES } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { ownedCopy } from '../data/copy.ts';
import {
  BATCH,
  type ChannelReader,
  type ChannelWriter,
  type ControlKind,
  type ElementKind,
  END,
  isBarrier,
  NOTHING,
  OVERTAKING_BARRIER,
  WATERMARK,
} from './channel.ts';

/** What is shown to somebody before it is taken, until the barrier of this checkpoint. */
type Recording = { readonly checkpoint: number; readonly show: (batch: Batch) => void };

type Element = {
  readonly kind: ElementKind;
  readonly batch: Batch | null;
  readonly builder: BatchBuilder | null;
  value: number;
};

export class LocalChannel implements ChannelWriter, ChannelReader {
  readonly #capacity: number;
  readonly #queue: Element[] = [];
  readonly #emptied: BatchBuilder[] = [];
  #rows = 0;
  rowsMax = Infinity;
  #recording: Recording | null = null;

  constructor(capacity: number = LOCAL_CHANNEL_BATCHES) {
    this.#capacity = capacity;
  }

  get isReady(): boolean {
    return this.#queue.length < this.#capacity && this.#rows < this.rowsMax;
  }

  put(batch: Batch): void {
    this.#push({ kind: BATCH, batch: ownedCopy(batch), builder: null, value: 0 });
  }

  putBuilt(builder: BatchBuilder): BatchBuilder {
    this.#push({ kind: BATCH, batch: builder.seal(), builder, value: 0 });
    return this.#emptied.pop() ?? new BatchBuilder(builder.schema, builder.capacity);
  }

  /** A watermark takes the place of one that nothing has followed yet. */
  control(kind: ControlKind, value: number): void {
    const last = this.#queue.at(-1);
    if (kind === WATERMARK && last?.kind === WATERMARK) last.value = value;
    else this.#push({ kind, batch: null, builder: null, value });
  }

  #push(element: Element): void {
    this.#queue.push(element);
    this.#rows += element.batch?.rowCount ?? 0;
    this.#show(element);
  }

  #show({ kind, batch, value }: Element): void {
    const recording = this.#recording;
    if (recording === null) return;
    if (batch !== null) recording.show(batch);
    else if (kind === END) this.#recording = null;
    else if (isBarrier(kind) && value >= recording.checkpoint) this.#recording = null;
  }

  /** All that was put is in the queue: the consumer sees it there. */
  overtake(checkpoint: number): readonly Batch[] {
    this.control(OVERTAKING_BARRIER, checkpoint);
    return [];
  }

  retry(): boolean {
    return false;
  }

  publish(): void {}

  peek(): ElementKind {
    return this.#queue[0]?.kind ?? NOTHING;
  }

  batch(): Batch {
    return this.#queue[0]!.batch!;
  }

  value(): number {
    return this.#queue[0]!.value;
  }

  release(): void {
    const { batch, builder } = this.#queue.shift()!;
    this.#rows -= batch?.rowCount ?? 0;
    if (builder === null) return;
    builder.reset();
    this.#emptied.push(builder);
  }

  limit(rows: number): void {
    this.rowsMax = rows;
  }

  record(checkpoint: number, show: (batch: Batch) => void): void {
    this.#recording = { checkpoint, show };
    for (const element of this.#queue) this.#show(element);
  }

  get isRecording(): boolean {
    return this.#recording !== null;
  }

  stopRecording(): void {
    this.#recording = null;
  }
}
