/**
 * Rows of one subtask as records. A producer sends them (record-producer.ts); at a barrier the writer waits until all have arrived, and
 * with exactlyOnce hands over the transaction that they are in.
 */
import { EngineError, messageAndPlace } from '../../../base/errors.ts';
import { NET_UNSENT_BYTES } from '../../../base/limits.ts';
import { randomId } from '../../../base/random-id.ts';
import type { Batch } from '../../../data/batch.ts';
import type { SinkWriter, SinkWriterContext } from '../../../operator/sink.ts';
import type { PlainData } from '../../../operator/source.ts';
import type { FileFormat } from '../../file/format.ts';
import { Idempotent, type IdentityKeeper, Transactions } from './identity.ts';
import type { OutgoingRecord } from './outgoing.ts';
import { type ProducerSettings, RecordProducer } from './record-producer.ts';
import { idsBegin, type TransactionRules } from './transactions.ts';
import { ValueEncoder } from './value-encoder.ts';

/** Text is UTF-8. */
export type KafkaBytes = string | Uint8Array;

/** How a row becomes a record; each null where the user says nothing. */
export type RecordRules = {
  readonly topic: string | ((row: unknown) => string);
  readonly key: ((row: unknown) => KafkaBytes | null) | null;
  readonly headers: ((row: unknown) => Readonly<Record<string, KafkaBytes>>) | null;
  readonly timestamp: ((row: unknown) => number) | null;
  readonly partition: ((row: unknown, partitions: number) => number) | null;
  readonly tombstone: ((row: unknown) => boolean) | null;
};

export type WriterRules = {
  readonly settings: ProducerSettings;
  readonly record: RecordRules;
  readonly format: FileFormat;
  readonly maxDelayMs: number;
  /** Whether a barrier waits for what is under way. */
  readonly waits: boolean;
  /** Null without them. */
  readonly transactions: TransactionRules | null;
  /** File and line where the user has made the sink. */
  readonly definedAt: string | null;
};

/** Length of a record beside key, value and headers, about. */
const RECORD_BYTES = 24;

export class KafkaWriter implements SinkWriter {
  readonly #rules: WriterRules;
  readonly #context: SinkWriterContext;
  readonly #values: ValueEncoder;
  readonly #producer: RecordProducer;
  readonly #transactions: Transactions | null;
  /** When the oldest row that waits for company goes. */
  wakeAtMs = Infinity;

  constructor(rules: WriterRules, context: SinkWriterContext) {
    const { settings, transactions, format } = rules;
    this.#rules = rules;
    this.#context = context;
    this.#values = new ValueEncoder(format, context.schema);
    const own = `${randomId()}${randomId()}:${context.subtask}`;
    this.#transactions =
      transactions === null
        ? null
        : new Transactions(`${idsBegin(transactions)}${own}`, transactions.timeoutMs);
    const identities: IdentityKeeper = this.#transactions ?? new Idempotent();
    this.#producer = new RecordProducer(settings, identities, (bytes) => {
      context.wrote?.(bytes);
      context.wake();
    });
  }

  get isBusy(): boolean {
    return this.#producer.error !== null || this.#producer.unsentBytes > NET_UNSENT_BYTES;
  }

  get waitsForEvents(): boolean {
    return this.#producer.isSending;
  }

  resume(): void {
    if (this.#producer.error !== null) throw this.#producer.error;
  }

  write(batch: Batch): void {
    const values = this.#values.encode(batch);
    const times = batch.timestamps;
    const now = this.#context.clock.now();
    for (const [n, row] of batch.rowObjects().entries()) {
      const time = times?.[n] ?? Number.NaN;
      this.#producer.add(this.#record(row, values[n]!, Number.isNaN(time) ? now : time));
    }
    if (this.wakeAtMs === Infinity) this.wakeAtMs = now + this.#rules.maxDelayMs;
  }

  #record(row: unknown, encoded: Buffer, time: number): OutgoingRecord {
    const { topic, key, headers, timestamp, partition, tombstone } = this.#rules.record;
    const keyBytes = bytesOf(key?.(row) ?? null, 'key');
    const value = tombstone?.(row) === true ? null : encoded;
    const own = headers === null ? null : headersOf(headers(row));
    let bytes = RECORD_BYTES + (keyBytes?.length ?? 0) + (value?.length ?? 0);
    if (own !== null) for (const [name, text] of own) bytes += name.length + text.length;
    return {
      topic: typeof topic === 'string' ? topic : topicOf(topic(row)),
      key: keyBytes,
      value,
      headers: own,
      timestamp: Math.trunc(timestamp?.(row) ?? time),
      partition: partition === null ? null : (count) => this.#call(() => partition(row, count)),
      bytes,
    };
  }

  /** Of a function that is called later, when nobody would know whose it is. */
  #call<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      const message = `kafkaSink: ${messageAndPlace(cause, this.#rules.definedAt)}`;
      throw new EngineError('USER_FUNCTION', message, { cause });
    }
  }

  advanceTime(): void {
    this.wakeAtMs = Infinity;
    this.#producer.sendNow();
  }

  preCommit(isEnd: boolean): readonly PlainData[] | Promise<readonly PlainData[]> {
    this.wakeAtMs = Infinity;
    if (!this.#rules.waits && !isEnd) {
      this.#producer.sendNow();
      return [];
    }
    return this.#prepared();
  }

  async #prepared(): Promise<readonly PlainData[]> {
    await this.#producer.flush();
    const transaction = this.#transactions?.take() ?? null;
    return transaction === null ? [] : [transaction];
  }

  /** What was sent in a transaction that is open stays unseen; the next run aborts it, or its time runs out. */
  close(): void {
    this.#producer.close();
  }
}

function bytesOf(value: KafkaBytes | null | undefined, what: string): Buffer | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  throw new EngineError('FIELD_TYPE', `kafkaSink: ${what} is text or bytes, got ${typeof value}`);
}

function headersOf(headers: Readonly<Record<string, KafkaBytes>>): Map<Buffer, Buffer> {
  const entries = Object.entries(headers);
  return new Map(
    entries.map(([name, value]) => [
      Buffer.from(name),
      bytesOf(value, `header '${name}'`) ?? NO_BYTES,
    ]),
  );
}

const NO_BYTES = Buffer.alloc(0);

function topicOf(name: string): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new EngineError(
    'FIELD_TYPE',
    `kafkaSink: topic is a text that is not empty, got ${String(name)}`,
  );
}
