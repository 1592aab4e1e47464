/**
 * Unaligned checkpoints: the cut through a job without waiting for what is on its way.
 *
 *   producer                          channel                     consumer
 *   state  │ barrier ──────────▶  [ batch batch batch ]  ──▶      │ state
 *          └ overtakes what waits for room                        └ does not wait for the barrier
 *
 * Every subtask cuts when it learns of the checkpoint, by itself or by a barrier, whichever comes first: it writes its
 * state and sends a barrier that overtakes what has found no room. What was sent before the producer's cut and is taken
 * after the consumer's is in flight, and part of the checkpoint: the consumer records what has arrived, without taking it,
 * up to the barrier; the producer what its barrier overtook. So a checkpoint waits for no batch but the one that a subtask
 * is at, and for what its operators have put off: windows that fire, a sink that is busy, the panes of a pre-aggregation,
 * which go before the barrier.
 *
 * A checkpoint may begin aligned and turn unaligned (the aligned-checkpoint timeout of Flink): subtasks that have cut at their
 * barriers are through, and the others cut at once. Of a channel whose producer had cut already what is in front of its barrier is in
 * flight, and nothing where the barrier has come. Such a barrier stays behind what waits for room at its producer, which is no
 * more than one step has made.
 *
 * After a restart the producers send it again, before anything else and by the rules of the exchange: so it finds its
 * way at any parallelism, and rows of a key keep their order where the exchange is by that key. Behind any other, at another
 * parallelism, those of a key may come from several producers. Watermarks in flight are made anew. (Chandy and Lamport,
 * "Distributed snapshots", 1985, with the signal of the cut in shared memory.)
 */
import type { Batch } from '../data/batch.ts';
import { decodeBatch, encodeToBytes } from '../data/codec.ts';
import { decodeSchema, encodeSchema } from '../data/codec-schema.ts';
import { RowEncoder } from '../data/row-encoder.ts';

const STATE_PREFIX = 'in flight ';

/** A way from a node: to the node with uid `to`, to which of its inputs, and from which side output, null for the main one. */
export type Way = {
  readonly to: string;
  readonly input: number;
  readonly side: string | null;
  /** Of several that are alike but for how rows are dealt: counted from 0. */
  readonly nth: number;
};

/** Name of the state of what is in flight from a node, its own state, on one way. */
export function inFlightState({ to, input, side, nth }: Way): string {
  const of = side === null ? '' : `of ${side} `;
  return `${STATE_PREFIX}${of}to ${to}/${input}${nth === 0 ? '' : `, ${nth + 1}`}`;
}

export function isInFlightState(name: string): boolean {
  return name.startsWith(STATE_PREFIX);
}

/** Rows in flight in one channel, as an item of state. */
export type InFlightItem = {
  readonly fromSubtask: number;
  readonly toSubtask: number;
  /** Subtasks of the consumer. */
  readonly consumers: number;
  /** Overtaken at the producer: behind all that had arrived. */
  readonly isOvertaken: boolean;
  readonly schema: Uint8Array;
  readonly batch: Uint8Array;
};

/** What a gate tells of its channels, counted from 0 within the gate. */
export interface InFlightLog {
  /** Whether the barrier of this checkpoint overtakes. */
  isUnaligned(checkpoint: number): boolean;
  /** A batch of a channel belongs to the checkpoint. */
  add(checkpoint: number, channel: number, batch: Batch): void;
}

/** What an input has to do with unaligned checkpoints. */
export interface UnalignedCheckpoints extends InFlightLog {
  /** The unaligned checkpoint that was asked for last; 0 for none. */
  requested(): number;
}

type EncodedBatch = Pick<InFlightItem, 'schema' | 'batch'>;

/** A batch in columns, as bytes; free-form rows may become several. */
export function encodeInFlight(batch: Batch): EncodedBatch[] {
  if (batch.schema !== null) return [encoded(batch)];
  const rows = new RowEncoder();
  const found: EncodedBatch[] = [];
  for (let from = 0; from < batch.rowCount; ) {
    const columns = rows.encode(batch, from);
    found.push(encoded(columns));
    from += columns.rowCount;
  }
  return found;
}

function encoded(columns: Batch): EncodedBatch {
  return { schema: encodeSchema(columns.schema!), batch: encodeToBytes(columns) };
}

/** The batch of an item, in memory of its own. */
export function decodeInFlight({ schema, batch }: InFlightItem): Batch {
  const bytes = batch.slice();
  return decodeBatch(bytes.buffer, 0, bytes.length, decodeSchema(schema.slice()));
}

/** The items of one exchange, in the order in which they have to be sent again. */
export function inOrder(items: readonly InFlightItem[]): readonly InFlightItem[] {
  return [
    ...items.filter(({ isOvertaken }) => !isOvertaken),
    ...items.filter(({ isOvertaken }) => isOvertaken),
  ];
}
