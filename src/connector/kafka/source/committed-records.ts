/**
 * The records of what a broker has answered to a fetch: without the marks of transactions, without what lies before the place that
 * was asked for (a compressed batch comes whole), and for read_committed without those of transactions that were aborted.
 *
 * Which those are follows the rule of Java's consumer: the broker names producers and from which offset on each has aborted, and
 * the abort marker of the producer ends that.
 */

/** As the client decodes it. */
export type FetchedBatch = {
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly attributes: number;
  readonly firstTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly producerId: bigint;
  readonly records: readonly {
    readonly offsetDelta: number;
    readonly timestampDelta: bigint;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
  }[];
};

export type AbortedTransaction = { readonly producerId: bigint; readonly firstOffset: bigint };

export type KafkaRecord = {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
};

export type FetchedRecords = {
  readonly records: readonly KafkaRecord[];
  /** Where to read on, behind markers and what was aborted too. */
  readonly next: number;
};

const TIME_OF_APPEND = 0x08;
const IS_TRANSACTIONAL = 0x10;
const IS_CONTROL = 0x20;
const ABORT_MARKER = 0;

/** From offset `from` on; `aborted` is empty for read_uncommitted. */
export function recordsFrom(
  from: number,
  batches: readonly FetchedBatch[],
  aborted: readonly AbortedTransaction[],
): FetchedRecords {
  const records: KafkaRecord[] = [];
  const open = new Aborted(aborted);
  let next = from;
  for (const batch of batches) {
    const last = Number(batch.firstOffset) + batch.lastOffsetDelta;
    open.upTo(last);
    next = Math.max(next, last + 1);
    if ((batch.attributes & IS_CONTROL) !== 0) open.onMarker(batch);
    else if (!open.has(batch)) take(batch, from, records);
  }
  return { records, next };
}

function take(batch: FetchedBatch, from: number, records: KafkaRecord[]): void {
  const first = Number(batch.firstOffset);
  const firstTime = Number(batch.firstTimestamp);
  const appended = (batch.attributes & TIME_OF_APPEND) === 0 ? null : Number(batch.maxTimestamp);
  for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
    const offset = first + offsetDelta;
    if (offset < from) continue;
    const timestamp = appended ?? firstTime + Number(timestampDelta);
    records.push({ offset, timestamp, key, value, headers });
  }
}

/** The producers whose transaction, at the present batch, is one that was aborted. */
class Aborted {
  readonly #coming: AbortedTransaction[];
  readonly #producers = new Set<bigint>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#coming = [...transactions].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  }

  upTo(offset: number): void {
    while (this.#coming.length > 0 && this.#coming[0]!.firstOffset <= offset) {
      this.#producers.add(this.#coming.shift()!.producerId);
    }
  }

  onMarker({ producerId, records }: FetchedBatch): void {
    if (records[0]?.key?.readInt16BE(2) === ABORT_MARKER) this.#producers.delete(producerId);
  }

  has({ attributes, producerId }: FetchedBatch): boolean {
    return (attributes & IS_TRANSACTIONAL) !== 0 && this.#producers.has(producerId);
  }
}
