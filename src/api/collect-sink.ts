/** The end of a stream in the calling program: rows into an array. */
import type { Batch } from '../data/batch.ts';
import type { Sink, SinkWriter } from '../operator/sink.ts';

export class CollectSink implements Sink {
  readonly name = 'collect';
  readonly descriptor = null;
  readonly #rows: unknown[];

  constructor(rows: unknown[]) {
    this.#rows = rows;
  }

  createWriter(): SinkWriter {
    const rows = this.#rows;
    return {
      isBusy: false,
      write(batch: Batch): void {
        for (const row of batch.rowObjects()) rows.push(row);
      },
      preCommit: () => [],
      close(): void {},
    };
  }

  async commit(): Promise<void> {}
}
