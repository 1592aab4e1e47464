/** The input of a harness: elements wait in a queue until the subtask takes them. */
import type { Batch } from '../data/batch.ts';
import type { Output } from '../operator/operator.ts';
import type { TaskInput } from '../task/task.ts';

export type InputElement =
  | { readonly batch: Batch }
  | { readonly watermark: number }
  | { readonly isIdle: boolean }
  | { readonly barrier: number }
  | { readonly end: true };

export class ManualInput implements TaskInput {
  hasEnded = false;
  readonly wakeAtMs = Infinity;
  readonly controlAtMs = Infinity;
  readonly waitsForEvents = false;
  /** False once the end was added, even if it has not been taken yet. */
  isOpen = true;
  isIdle = false;
  /** Greatest of those that were added. */
  watermark = -Infinity;
  readonly #name: string;
  readonly #output: Output;
  readonly #queue: InputElement[] = [];

  constructor(name: string, output: Output) {
    this.#name = name;
    this.#output = output;
  }

  add(element: InputElement): void {
    this.checkOpen();
    if ('isIdle' in element) this.isIdle = element.isIdle;
    // Time stands still while a source is idle.
    if ('watermark' in element && this.isIdle) return;
    if ('watermark' in element) this.watermark = Math.max(this.watermark, element.watermark);
    if ('end' in element) {
      this.isOpen = false;
      this.#queue.push({ watermark: Infinity });
    }
    this.#queue.push(element);
  }

  /** Throws when nothing can be added any more. */
  checkOpen(): void {
    if (!this.isOpen) throw new Error(`the ${this.#name} has ended: nothing can follow`);
  }

  poll(): boolean {
    const element = this.#queue.shift();
    if (element === undefined) return false;
    if ('batch' in element) this.#output.emit(element.batch);
    else if ('watermark' in element) this.#output.watermark(element.watermark);
    else if ('isIdle' in element) this.#output.idle(element.isIdle);
    else if ('barrier' in element) this.#output.barrier(element.barrier);
    else {
      this.hasEnded = true;
      this.#output.end();
    }
    return true;
  }

  pollControl(): boolean {
    const [next] = this.#queue;
    return next !== undefined && !('batch' in next) && !('end' in next) && this.poll();
  }

  overtake(): boolean {
    return false;
  }

  record(): boolean {
    return true;
  }

  close(): void {}
}
