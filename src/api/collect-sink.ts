/**
 * The end of a stream in the calling program: rows into an array, in two phases as all sinks, so that rows that come again
 * after a restart are there once. Rows that a process before this one has committed are not in the array.
 */
import type { Batch } from '../data/batch.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../operator/sink.ts';
import type { PlainData } from '../operator/source.ts';

export class CollectSink implements Sink {
  readonly name = 'collect';
  readonly descriptor = null;
  readonly #rows: unknown[];
  /** Rows that wait for their commit, by what the writer has said of them. */
  readonly #prepared = new Map<PlainData, readonly unknown[]>();

  constructor(rows: unknown[]) {
    this.#rows = rows;
  }

  createWriter({ runId, subtask }: SinkWriterContext): SinkWriter {
    const prepared = this.#prepared;
    let count = 0;
    let rows: unknown[] = [];
    return {
      isBusy: false,
      write(batch: Batch): void {
        for (const row of batch.rowObjects()) rows.push(row);
      },
      preCommit(): readonly PlainData[] {
        if (rows.length === 0) return [];
        const name = `${runId}-${subtask}-${count++}`;
        prepared.set(name, rows);
        rows = [];
        return [name];
      },
      close(): void {},
    };
  }

  async commit(names: readonly PlainData[]): Promise<void> {
    for (const name of names) {
      for (const row of this.#prepared.get(name) ?? []) this.#rows.push(row);
      this.#prepared.delete(name);
    }
  }

  async discard(names: readonly PlainData[]): Promise<void> {
    for (const name of names) this.#prepared.delete(name);
  }
}
