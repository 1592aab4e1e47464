/**
 * State of one subtask that was written in several generations: a base with all of its rows, then deltas with the rows of the
 * keys that have changed, each on top of the checkpoint before it.
 *
 *   base     rows of all keys
 *   delta    rows of keys that have changed: all rows of such a key, and of such a pane where rows have times
 *            removed   keys that have no row any more
 *            before    rows of earlier generations with an earlier time have gone
 *
 * A key in a generation stands for what it had in those before: they are read from the newest to the base, and of each row
 * the newest counts.
 */
import { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { KeyReader, type KeySpec } from '../data/key.ts';
import { type Schema, schemaOf } from '../data/schema.ts';
import { KeySlots } from './key-slots.ts';
import { grownSlots } from './slot-list.ts';

/** What a delta is, told ahead of its rows. */
export type DeltaHead = {
  /** How many fields of the state, the first ones, are the key. */
  readonly keyFields: number;
  /** Null where rows of earlier generations go by key only. */
  readonly before: number | null;
};

export type Delta<Block> = DeltaHead & {
  readonly blocks: readonly Block[];
  /** Blocks of keys without the fields behind them. */
  readonly removed: readonly Block[];
};

/** `Block`: where an encoded batch is. */
export type Generations<Block> = {
  /** Of the base. */
  readonly blocks: readonly Block[];
  /** The oldest first. */
  readonly deltas: readonly Delta<Block>[];
};

/** What a subtask has written of a state: a block of rows or removed keys, or the head of a delta, with null. */
export type WrittenBlock<Block> = {
  readonly content: 'rows' | 'removed' | DeltaHead;
  readonly block: Block | null;
};

/**
 * From what a subtask has written of a state at a barrier, and what the checkpoint below has of it, to what there is now; null
 * for nothing.
 */
export function generationsOf<Block>(
  written: readonly WrittenBlock<Block>[],
  below: Generations<Block> | undefined,
): Generations<Block> | null {
  const of = (wanted: 'rows' | 'removed'): Block[] =>
    written.flatMap(({ content, block }) => (content === wanted ? [block!] : []));
  const blocks = of('rows');
  const head = written.find(({ content }) => typeof content === 'object');
  if (head === undefined) return { blocks, deltas: [] };
  const delta = { ...(head.content as DeltaHead), blocks, removed: of('removed') };
  const generations = withDelta(below ?? { blocks: [], deltas: [] }, delta);
  return [...allBlocks(generations)].length === 0 ? null : generations;
}

export function mapBlocks<From, To>(
  { blocks, deltas }: Generations<From>,
  to: (block: From) => To,
): Generations<To> {
  return {
    blocks: blocks.map(to),
    deltas: deltas.map((delta) => ({
      ...delta,
      blocks: delta.blocks.map(to),
      removed: delta.removed.map(to),
    })),
  };
}

/**
 * A delta on top of what there is; one that says nothing new is left out. Of those that only say what has gone the last is enough:
 * where panes go for long and no key changes, there is one at every checkpoint.
 */
function withDelta<Block>(
  generations: Generations<Block>,
  delta: Delta<Block>,
): Generations<Block> {
  const { blocks, deltas } = generations;
  const last = deltas.at(-1);
  if (!hasNoBlocks(delta)) return { blocks, deltas: [...deltas, delta] };
  if (delta.before === null || delta.before === (last?.before ?? null)) return generations;
  if (last === undefined || !hasNoBlocks(last)) return { blocks, deltas: [...deltas, delta] };
  const before = Math.max(last.before ?? -Infinity, delta.before);
  return { blocks, deltas: [...deltas.slice(0, -1), { ...delta, before }] };
}

function hasNoBlocks<Block>({ blocks, removed }: Delta<Block>): boolean {
  return blocks.length === 0 && removed.length === 0;
}

/** Every block, of whatever generation. */
export function* allBlocks<Block>({ blocks, deltas }: Generations<Block>): Generator<Block> {
  yield* blocks;
  for (const delta of deltas) {
    yield* delta.blocks;
    yield* delta.removed;
  }
}

/**
 * The rows that count, a batch at a time, each transient until the next. `read` gives the batch of a block, with the fields of
 * the state or, of removed keys, the first of them; it may leave out rows.
 */
export function* latestRows<Block>(
  { blocks, deltas }: Generations<Block>,
  schema: Schema,
  read: (block: Block, schema: Schema) => Batch,
): Generator<Batch> {
  const [first] = deltas;
  if (first === undefined) {
    for (const block of blocks) yield read(block, schema);
    return;
  }
  const newer = new NewerKeys(schemaOf(schema.fields.slice(0, first.keyFields)));
  let before = -Infinity;
  for (const delta of deltas.toReversed()) {
    newer.begin(before);
    for (const block of delta.removed) newer.add(read(block, newer.keySchema));
    for (const block of delta.blocks) {
      const batch = read(block, schema);
      const count = newer.add(batch);
      if (count > 0) yield newer.taken(batch, count);
    }
    before = Math.max(before, delta.before ?? -Infinity);
  }
  newer.begin(before);
  for (const block of blocks) {
    const batch = read(block, schema);
    const count = newer.find(batch);
    if (count > 0) yield newer.taken(batch, count);
  }
}

/** Keys of one time, and the generation that each was met in first. */
type Met = { readonly keys: KeySlots; generations: Int32Array };

/** The keys that were met so far, by the time of their rows where these have one. */
class NewerKeys {
  readonly keySchema: Schema;
  readonly #reader: KeyReader;
  readonly #met = new Map<number | null, Met>();
  #generation = 0;
  #before = -Infinity;
  #slots = new Int32Array(0);
  /** Rows of the last batch that no newer generation has. */
  #selection = new Int32Array(0);

  constructor(keySchema: Schema) {
    const fields = keySchema.fields.map(({ name }) => name);
    const key: KeySpec = fields.length === 0 ? { kind: 'all' } : { kind: 'fields', fields };
    this.keySchema = keySchema;
    this.#reader = new KeyReader(key, keySchema, null);
  }

  /** The next older generation, of which rows with a time before this have gone. */
  begin(before: number): void {
    this.#generation++;
    this.#before = before;
  }

  /** Selects the rows that no newer generation has, and says how many; their keys are met now. */
  add(batch: Batch): number {
    return this.#select(batch, (met, from, to, count) => {
      const known = met.keys.count;
      met.keys.slotsOf(this.#reader, from, to, this.#slots);
      if (met.keys.count > met.generations.length) {
        const grown = new Int32Array(grownSlots(met.keys.count));
        grown.set(met.generations);
        met.generations = grown;
      }
      met.generations.fill(this.#generation, known, met.keys.count);
      let selected = count;
      for (let i = from; i < to; i++) {
        if (met.generations[this.#slots[i]!] === this.#generation) this.#selection[selected++] = i;
      }
      return selected;
    });
  }

  /** The same for the oldest generation: no other needs its keys. */
  find(batch: Batch): number {
    return this.#select(batch, (met, from, to, count) => {
      met.keys.findSlots(this.#reader, from, to, this.#slots);
      let selected = count;
      for (let i = from; i < to; i++) if (this.#slots[i] === -1) this.#selection[selected++] = i;
      return selected;
    });
  }

  /** `each`: for rows from to to - 1, all of one time; how many are selected with them. */
  #select(
    batch: Batch,
    each: (met: Met, from: number, to: number, count: number) => number,
  ): number {
    const { rowCount, columns, timestamps, keyHashes } = batch;
    if (this.#slots.length < rowCount) {
      this.#slots = new Int32Array(rowCount);
      this.#selection = new Int32Array(rowCount);
    }
    const { keySchema: schema } = this;
    this.#reader.read(
      new Batch({ rowCount, schema, columns: columns.slice(0, schema.fields.length), keyHashes }),
    );
    if (timestamps === null) return each(this.#metAt(null), 0, rowCount, 0);
    let count = 0;
    for (let from = 0; from < rowCount; ) {
      const time = timestamps[from]!;
      let to = from + 1;
      while (to < rowCount && timestamps[to] === time) to++;
      if (time >= this.#before) count = each(this.#metAt(time), from, to, count);
      from = to;
    }
    return count;
  }

  #metAt(time: number | null): Met {
    let met = this.#met.get(time);
    if (met === undefined) {
      met = { keys: new KeySlots(this.#reader.isInt), generations: new Int32Array(0) };
      this.#met.set(time, met);
    }
    return met;
  }

  /** The selected rows of a batch. */
  taken(batch: Batch, count: number): Batch {
    if (count === batch.rowCount) return batch;
    const builder = new BatchBuilder(batch.schema, count);
    builder.appendSelected(batch, this.#selection, 0, count);
    return builder.seal();
  }
}
