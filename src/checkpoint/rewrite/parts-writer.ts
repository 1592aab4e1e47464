/** Rows of one keyed state as blocks of the subtasks that own their key groups. */
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { encodeToBytes } from '../../data/codec.ts';
import { ownedCopy } from '../../data/copy.ts';
import { keyGroupOf, subtaskOf } from '../../data/key-group.ts';
import type { Schema } from '../../data/schema.ts';
import type { Generations } from '../../state/generations.ts';
import type { AppendedBlock, BlockAppender } from './block-appender.ts';

export type AppendedPart = Generations<AppendedBlock> & { readonly subtask: number };

/** How the rows are cut: as those of the operator that kept them. */
export type Cut = { readonly parallelism: number; readonly maxParallelism: number };

/** What a subtask has so far. */
type Part = {
  readonly builder: BatchBuilder;
  /** Encoded, and not yet appended. */
  readonly full: { readonly bytes: Uint8Array; readonly rows: number }[];
  readonly blocks: AppendedBlock[];
};

export class PartsWriter {
  /** Rows so far. */
  rows = 0;
  readonly #schema: Schema;
  readonly #cut: Cut;
  readonly #appender: BlockAppender;
  readonly #parts = new Map<number, Part>();

  constructor(schema: Schema, cut: Cut, appender: BlockAppender) {
    this.#schema = schema;
    this.#cut = cut;
    this.#appender = appender;
  }

  /** Adds rows with key hashes; they are read before it first waits. */
  async add(batch: Batch): Promise<void> {
    this.#deal(ownedCopy(batch));
    await this.#appendFull();
  }

  #deal(batch: Batch): void {
    const { parallelism, maxParallelism } = this.#cut;
    const rows = new Map<number, number[]>();
    for (let row = 0; row < batch.rowCount; row++) {
      const group = keyGroupOf(batch.keyHashes![row]!, maxParallelism);
      const subtask = subtaskOf(group, parallelism, maxParallelism);
      const own = rows.get(subtask);
      if (own === undefined) rows.set(subtask, [row]);
      else own.push(row);
    }
    for (const [subtask, own] of rows) {
      appendTo(this.#partOf(subtask), batch, Int32Array.from(own));
    }
    this.rows += batch.rowCount;
  }

  #partOf(subtask: number): Part {
    const known = this.#parts.get(subtask);
    if (known !== undefined) return known;
    const part = { builder: new BatchBuilder(this.#schema), full: [], blocks: [] };
    this.#parts.set(subtask, part);
    return part;
  }

  async #appendFull(): Promise<void> {
    for (const { full, blocks } of this.#parts.values()) {
      for (const { bytes, rows } of full.splice(0)) {
        blocks.push(await this.#appender.append(bytes, rows));
      }
    }
  }

  /** The parts, those of the first subtasks first. */
  async end(): Promise<readonly AppendedPart[]> {
    for (const part of this.#parts.values()) fill(part);
    await this.#appendFull();
    const parts = [...this.#parts].sort(([a], [b]) => a - b);
    return parts.map(([subtask, { blocks }]) => ({ subtask, blocks, deltas: [] }));
  }
}

function appendTo(part: Part, batch: Batch, rows: Int32Array): void {
  const { builder } = part;
  for (let from = 0; from < rows.length; ) {
    const to = Math.min(rows.length, from + builder.capacity - builder.rowCount);
    const fits = builder.appendSelected(batch, rows, from, to);
    if (fits) from = to;
    // Rows of another dictionary cannot be in the same block.
    if (!fits || builder.isFull) fill(part);
  }
}

/** The rows in the builder as a block. */
function fill({ builder, full }: Part): void {
  if (builder.rowCount === 0) return;
  full.push({ bytes: encodeToBytes(builder.seal()), rows: builder.rowCount });
  builder.reset();
}
