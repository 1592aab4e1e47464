/** The input of a harness: elements wait in a queue until the subtask takes them. */
import type { Batch } from '../data/batch.ts';
import type { Output } from '../operator/operator.ts';
import type { TaskInput } from '../task/task.ts';

export type InputElement =
  | { readonly batch: Batch }
  | { readonly watermark: number }
  | { readonly isIdle: boolean }
  | { readonly end: true };

export class ManualInput implements TaskInput {
  hasEnded = false;
  readonly wakeAtMs = Infinity;
  readonly waitsForEvents = false;
  readonly #output: Output;
  readonly #queue: InputElement[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  add(element: InputElement): void {
    if (this.hasEnded || this.#queue.some((waiting) => 'end' in waiting)) {
      throw new Error('the input has ended: nothing can follow');
    }
    if ('end' in element) this.#queue.push({ watermark: Infinity });
    this.#queue.push(element);
  }

  poll(): boolean {
    const element = this.#queue.shift();
    if (element === undefined) return false;
    if ('batch' in element) this.#output.emit(element.batch);
    else if ('watermark' in element) this.#output.watermark(element.watermark);
    else if ('isIdle' in element) this.#output.idle(element.isIdle);
    else {
      this.hasEnded = true;
      this.#output.end();
    }
    return true;
  }

  close(): void {}
}
