/** The head of a chain: a snapshot begins when a barrier comes to it, and its watermark is there for all to see. */
import type { Batch, Watermark } from '../data/batch.ts';
import type { SubtaskNumbers } from '../metrics/shared-numbers.ts';
import { takesTime } from '../operator/operator.ts';
import type { ChainHead } from './chain.ts';
import type { SubtaskSnapshot } from './subtask-snapshot.ts';

export class WatchedHead implements ChainHead {
  readonly #head: ChainHead;
  readonly #snapshot: SubtaskSnapshot;
  readonly #numbers: SubtaskNumbers;

  constructor(head: ChainHead, snapshot: SubtaskSnapshot, numbers: SubtaskNumbers) {
    this.#head = head;
    this.#snapshot = snapshot;
    this.#numbers = numbers;
  }

  get isReady(): boolean {
    return this.#head.isReady;
  }

  get takesTime(): boolean {
    return takesTime(this.#head);
  }

  emit(batch: Batch, input?: number): void {
    this.#head.emit(batch, input);
  }

  watermark(watermark: Watermark): void {
    this.#numbers.watermark = watermark;
    this.#head.watermark(watermark);
  }

  idle(isIdle: boolean): void {
    this.#head.idle(isIdle);
  }

  barrier(checkpoint: number, alignmentMs = 0): void {
    this.#snapshot.begin(checkpoint, alignmentMs);
    this.#head.barrier(checkpoint);
    this.#snapshot.captured();
  }

  end(): void {
    this.#head.end();
  }
}
