/** Records on their way: gathered by partition, and what of them goes into one request. */

export type OutgoingRecord = {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Map<Buffer, Buffer> | null;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** As the user chooses it among so many; null where the key, or nobody, does. */
  readonly partition: ((partitions: number) => number) | null;
  /** About what it takes. */
  readonly bytes: number;
};

/** Records of one partition that go together, and again together when they have to. */
export type OutgoingBatch = {
  readonly topic: string;
  readonly partition: number;
  readonly records: OutgoingRecord[];
  bytes: number;
  /** Number of the first of them in the partition, once it has been sent: the broker knows it again by that. */
  sequence: number | null;
};

/** The batches of all partitions, each partition's in their order. */
export class Outgoing {
  readonly #batchBytes: number;
  readonly #byPartition = new Map<string, OutgoingBatch[]>();
  /** Of all of them. */
  bytes = 0;

  constructor(batchBytes: number) {
    this.#batchBytes = batchBytes;
  }

  get isEmpty(): boolean {
    return this.#byPartition.size === 0;
  }

  add(record: OutgoingRecord, partition: number): void {
    const { topic, bytes } = record;
    const name = `${topic}-${partition}`;
    let batches = this.#byPartition.get(name);
    if (batches === undefined) {
      batches = [];
      this.#byPartition.set(name, batches);
    }
    let last = batches.at(-1);
    // One that was sent stays as it was.
    const isOpen =
      last !== undefined && last.sequence === null && last.bytes + bytes <= this.#batchBytes;
    if (!isOpen) {
      last = { topic, partition, records: [], bytes: 0, sequence: null };
      batches.push(last);
    }
    last!.records.push(record);
    last!.bytes += bytes;
    this.bytes += bytes;
  }

  /** The first batch of each partition. */
  firsts(): OutgoingBatch[] {
    return Array.from(this.#byPartition.values(), ([first]) => first!);
  }

  /** The first batch of its partition has arrived. */
  remove(batch: OutgoingBatch): void {
    const name = `${batch.topic}-${batch.partition}`;
    const batches = this.#byPartition.get(name)!;
    batches.shift();
    this.bytes -= batch.bytes;
    if (batches.length === 0) this.#byPartition.delete(name);
  }

  clear(): void {
    this.#byPartition.clear();
    this.bytes = 0;
  }
}
