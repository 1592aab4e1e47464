/** The end of a harness: writes down every element, and refuses more once it is full, as slow consumers do. */
import type { Batch } from '../data/batch.ts';
import type { Sink, SinkWriter } from '../operator/sink.ts';
import type { Element } from './elements.ts';

export class Recorder<Row> implements Sink {
  readonly name = 'recorder';
  readonly descriptor = null;
  readonly #capacity: number;
  #held: Element<Row>[] = [];
  #taken: Element<Row>[] = [];

  /** Busy from `capacity` elements on, until `makeRoom`. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isFull(): boolean {
    return this.#held.length >= this.#capacity;
  }

  makeRoom(): void {
    for (const element of this.#held) this.#taken.push(element);
    this.#held = [];
  }

  take(): Element<Row>[] {
    this.makeRoom();
    const taken = this.#taken;
    this.#taken = [];
    return taken;
  }

  createWriter(): SinkWriter {
    const isFull = (): boolean => this.isFull;
    const add = (element: Element<Row>): void => {
      this.#held.push(element);
    };
    return {
      get isBusy(): boolean {
        return isFull();
      },
      write(batch: Batch): void {
        const rows = batch.rowObjects() as readonly Row[];
        for (let i = 0; i < batch.rowCount; i++) {
          const time = batch.timestamps?.[i] ?? Number.NaN;
          add({ record: rows[i]!, timestamp: Number.isNaN(time) ? null : time });
        }
      },
      watermark: (watermark) => add({ watermark }),
      idle: (isIdle) => add(isIdle ? { idle: true } : { active: true }),
      preCommit() {
        add({ end: true });
        return [];
      },
      close(): void {},
    };
  }

  async commit(): Promise<void> {}
}
