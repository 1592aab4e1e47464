/** The records of one partition that have come and wait for the job, as frames: the value of each is what the format reads. */
import type { LineFrames } from '../../file/text-reader.ts';
import type { FetchedRecords, KafkaRecord } from './committed-records.ts';

const NO_BYTES = Buffer.alloc(0);

export class PartitionRecords implements LineFrames {
  buffer: Buffer = NO_BYTES;
  readonly start = 0;
  end = 0;
  readonly isCut = false;
  readonly cutReason = '';
  readonly progress = 0;
  readonly line = 0;
  /** The current record. */
  record: KafkaRecord | null = null;
  /** Offset of the record that comes next; null while nobody knows where the partition begins. */
  offset: number | null;
  readonly #path: string;
  /** The first offset that is not read; Infinity for none. */
  readonly #until: number;
  #waiting: readonly KafkaRecord[] = [];
  #taken = 0;
  /** Behind all that waits. */
  #behind: number | null;

  /** `path` is the partition, such as `orders-3`. */
  constructor(path: string, from: number | null, until: number) {
    this.#path = path;
    this.#until = until;
    this.offset = from;
    this.#behind = from;
  }

  /** Where to fetch on. */
  get behind(): number | null {
    return this.#behind;
  }

  get isEmpty(): boolean {
    return this.#taken === this.#waiting.length;
  }

  /** All that shall be read has come. */
  get isAtEnd(): boolean {
    return this.#behind !== null && this.#behind >= this.#until;
  }

  get place(): string {
    return `${this.#path}@${this.record?.offset}`;
  }

  get byte(): number {
    return this.record?.offset ?? 0;
  }

  get position(): { readonly byte: number } {
    return { byte: this.offset ?? 0 };
  }

  /** Nothing may wait. */
  push({ records, next }: FetchedRecords): void {
    const isCut = next > this.#until;
    this.#waiting = isCut ? records.filter(({ offset }) => offset < this.#until) : records;
    this.#taken = 0;
    this.#behind = next;
    if (this.#waiting.length === 0) this.offset = next;
  }

  /** Reading goes on elsewhere. */
  moveTo(offset: number): void {
    this.offset = offset;
    this.#behind = offset;
  }

  /** A record without a value, which says that its key is deleted, has nothing that a format could read. */
  next(): boolean {
    while (this.#taken < this.#waiting.length) {
      const record = this.#waiting[this.#taken]!;
      this.#taken++;
      const isLast = this.#taken === this.#waiting.length;
      this.offset = isLast ? this.#behind : record.offset + 1;
      if (isLast) this.#release();
      if (record.value === null) continue;
      this.record = record;
      this.buffer = record.value;
      this.end = record.value.length;
      return true;
    }
    return false;
  }

  #release(): void {
    this.#waiting = [];
    this.#taken = 0;
  }

  extend(): false {
    return false;
  }

  close(): void {
    this.#release();
  }
}
