/** The end of a harness: writes down every element, and refuses more once it is full, as slow consumers do. */
import type { Batch } from '../data/batch.ts';
import type { Sink, SinkWriter } from '../operator/sink.ts';
import type { Element } from './elements.ts';

export class Recorder<Row> implements Sink {
  readonly name = 'recorder';
  readonly descriptor = null;
  readonly #capacity: number;
  /** Time began anew: what was seen of it before is not written down again. */
  isRestarted = false;
  #watermark = -Infinity;
  #isIdle = false;
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
      watermark: (watermark) => this.#onWatermark(watermark, add),
      idle: (isIdle) => this.#onIdle(isIdle, add),
      preCommit(isEnd) {
        if (isEnd) add({ end: true });
        return [];
      },
      close(): void {},
    };
  }

  #onWatermark(watermark: number, add: (element: Element<Row>) => void): void {
    if (this.isRestarted && watermark <= this.#watermark) return;
    this.#watermark = watermark;
    add({ watermark });
  }

  #onIdle(isIdle: boolean, add: (element: Element<Row>) => void): void {
    if (this.isRestarted && isIdle === this.#isIdle) return;
    this.#isIdle = isIdle;
    add(isIdle ? { idle: true } : { active: true });
  }

  async commit(): Promise<void> {}
}
