/** Reads one partition: what the fetcher has brought becomes batches by the parser of the format. */
import type { EngineError } from '../../../base/errors.ts';
import type { Schema } from '../../../data/schema.ts';
import type { PollResult, SplitReader, SplitReaderContext } from '../../../operator/source.ts';
import type { MalformedPolicy } from '../../file/format.ts';
import { FrameReader, type RecordParser } from '../../file/text-reader.ts';
import type { FetchedRecords } from './committed-records.ts';
import type { FetchedPartition, Fetcher } from './fetcher.ts';
import { PartitionRecords } from './partition-records.ts';
import { type PartitionSplit, partitionName } from './splits.ts';

const NO_RANGE = { start: 0, end: 0, weight: 0 };

export type PartitionReading = {
  readonly split: PartitionSplit;
  /** Offset to begin at, as another reader gave it; null at the start of the split. */
  readonly position: number | null;
  readonly schema: Schema | null;
  readonly parser: RecordParser<PartitionRecords>;
  readonly onMalformed: MalformedPolicy;
  readonly fetcher: Fetcher;
};

export class PartitionReader implements SplitReader, FetchedPartition {
  readonly wakeAtMs = Infinity;
  readonly topic: string;
  readonly partition: number;
  readonly #context: SplitReaderContext;
  readonly #fetcher: Fetcher;
  readonly #records: PartitionRecords;
  readonly #reader: FrameReader<PartitionRecords>;
  #error: EngineError | null = null;
  /** Nothing more is asked for. */
  #isFinishing = false;

  constructor(reading: PartitionReading, context: SplitReaderContext) {
    const { split, position, schema, parser, onMalformed, fetcher } = reading;
    const path = partitionName(split);
    this.topic = split.topic;
    this.partition = split.partition;
    this.#context = context;
    this.#fetcher = fetcher;
    this.#records = new PartitionRecords(path, position ?? split.from, split.until ?? Infinity);
    const file = { path, sizeBytes: 0 };
    const reads = {
      onMalformed,
      malformed: (record: Parameters<typeof context.malformed>[0]) =>
        context.malformed({ ...record, line: null, byte: null }),
    };
    this.#reader = new FrameReader(file, NO_RANGE, reads, schema, this.#records, parser);
    fetcher.add(this);
  }

  get wantsMore(): boolean {
    const { isEmpty, isAtEnd } = this.#records;
    return isEmpty && !isAtEnd && !this.#isFinishing && this.#error === null;
  }

  /** For what it is going to be given while it still has something, too. */
  get waitsForEvents(): boolean {
    return this.wantsMore;
  }

  get behind(): number | null {
    return this.#records.behind;
  }

  push(records: FetchedRecords, bytes: number): void {
    if (this.#isFinishing) return;
    this.#context.read?.(bytes);
    this.#records.push(records);
    this.#context.wake();
  }

  moveTo(offset: number): void {
    this.#records.moveTo(offset);
  }

  fail(error: EngineError): void {
    this.#error ??= error;
    this.#context.wake();
  }

  poll(): PollResult {
    const result = this.#reader.poll();
    if (this.wantsMore) this.#fetcher.wantMore();
    if (result !== 'end') return result;
    if (this.#error !== null) throw this.#error;
    return this.#records.isAtEnd || this.#isFinishing ? 'end' : 'idle';
  }

  position(): number | null {
    return this.#records.offset;
  }

  progress(): number {
    return 0;
  }

  finish(): void {
    this.#isFinishing = true;
  }

  close(): void {
    this.#isFinishing = true;
    this.#fetcher.remove(this);
  }
}
