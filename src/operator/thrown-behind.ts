/** Something a step behind has thrown, on its way through the function of the user that emitted. */
import type { Batch } from '../data/batch.ts';

export class ThrownBehind {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

/** Emits a batch while a function of the user may be running: what steps behind throw is told from what that throws. */
export function emitBehind(target: { emit(batch: Batch): void }, batch: Batch): void {
  try {
    target.emit(batch);
  } catch (thrown) {
    throw thrown instanceof ThrownBehind ? thrown : new ThrownBehind(thrown);
  }
}
