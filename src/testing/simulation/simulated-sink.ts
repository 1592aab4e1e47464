/**
 * The end of a stream in a simulation: rows become part of the outside world when they are committed, once for each token
 * of a writer. What was prepared is durable, as a file that has been synced is. The world outlives the crashes.
 */
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../operator/sink.ts';
import type { PlainData } from '../../operator/source.ts';
import { textOf } from '../rows.ts';

/** A row, and its text when it was written. */
export type WrittenRow = { readonly row: unknown; readonly text: string };

/** All that sinks have made durable, over all runs. */
export class SimulatedWorld {
  readonly prepared = new Map<string, readonly WrittenRow[]>();
  /** By node and token. */
  readonly committed = new Map<number, Map<string, readonly WrittenRow[]>>();
  #tokens = 0;

  nextToken(): string {
    return `${this.#tokens++}`;
  }

  /** The rows of a node that anybody can see, as text, sorted. */
  rowsOf(node: number): string[] {
    return this.writtenTo(node)
      .map(({ text }) => text)
      .sort();
  }

  /** The same rows in no order. */
  writtenTo(node: number): readonly WrittenRow[] {
    return [...(this.committed.get(node)?.values() ?? [])].flat();
  }
}

/** What a run of the job decides about its sinks. */
export interface SinkConditions {
  readonly isSlow: boolean;
  /** Called before each token is committed; throws where the process dies. */
  beforeCommit(): void;
}

export class SimulatedSink implements Sink {
  readonly name = 'simulated';
  readonly descriptor = null;
  readonly #node: number;
  readonly #world: SimulatedWorld;
  readonly #conditions: SinkConditions;

  constructor(node: number, world: SimulatedWorld, conditions: SinkConditions) {
    this.#node = node;
    this.#world = world;
    this.#conditions = conditions;
  }

  createWriter(_context: SinkWriterContext): SinkWriter {
    const world = this.#world;
    const conditions = this.#conditions;
    let rows: WrittenRow[] = [];
    return {
      get isBusy(): boolean {
        return conditions.isSlow;
      },
      write(batch: Batch): void {
        for (const row of batch.rowObjects()) rows.push({ row, text: textOf(row) });
      },
      preCommit(): readonly PlainData[] {
        if (rows.length === 0) return [];
        const token = world.nextToken();
        world.prepared.set(token, rows);
        rows = [];
        return [token];
      },
      close(): void {},
    };
  }

  async commit(committables: readonly PlainData[]): Promise<void> {
    const committed = this.#world.committed.get(this.#node) ?? new Map();
    this.#world.committed.set(this.#node, committed);
    for (const token of committables as readonly string[]) {
      this.#conditions.beforeCommit();
      committed.set(token, this.#world.prepared.get(token)!);
    }
  }
}
