/** Rows into topics as records. */
import zlib from 'node:zlib';
import { EngineError, userFrame } from '../../../base/errors.ts';
import {
  aPlainFunction,
  checkOptions,
  choice,
  type OptionRule,
  type OptionRules,
  someText,
  wholeNumber,
  wrong,
} from '../../../base/options.ts';
import type { Sink } from '../../../operator/sink.ts';
import { aDuration, type Duration, durationMs } from '../../../time/duration.ts';
import type { FileFormat } from '../../file/format.ts';
import { jsonLines } from '../../file/json-lines.ts';
import { headlessLinesOf } from '../../net/inlet.ts';
import { Cluster, textOfCode } from '../cluster.ts';
import {
  CONNECTION_OPTIONS,
  connectionSettings,
  type KafkaConnection,
} from '../connection-options.ts';
import { CODE, connectionError, RefusedError } from '../kafka-error.ts';
import type { PreparedTransaction } from './identity.ts';
import {
  type KafkaBytes,
  KafkaWriter,
  type RecordRules,
  type WriterRules,
} from './kafka-writer.ts';
import { COMPRESSIONS, type Compression } from './record-producer.ts';
import {
  abortLeftOpen,
  abortTransactions,
  commitTransactions,
  type TransactionRules,
} from './transactions.ts';

/** Defaults in brackets. */
export type KafkaSinkOptions<Row> = KafkaConnection & {
  /** Where records go, or what tells it of each row. */
  readonly topic: string | ((row: Row) => string);
  /** Of the values: `jsonLines()`, `text()`, or `csv()` without a header [jsonLines()]. */
  readonly format?: FileFormat;
  /** Records of one key go to one partition, the one that Java's producer chooses; null for none [none]. */
  readonly key?: (row: Row) => KafkaBytes | null;
  readonly headers?: (row: Row) => Readonly<Record<string, KafkaBytes>>;
  /** In ms [the event time of the row; where it has none, the time at which it comes]. */
  readonly timestamp?: (row: Row) => number;
  /** The partition, from 0, among so many [by the key; without one partitions take turns]. */
  readonly partition?: (row: Row, partitions: number) => number;
  /** Whether the record says that its key is deleted: it has no value then [never]. */
  readonly tombstone?: (row: Row) => boolean;
  /**
   * 'exactlyOnce': in transactions, which are committed when the checkpoint behind their records is complete; readers see those
   * that read committed ones only. 'atLeastOnce': a checkpoint waits until all records before it have arrived; those behind it come
   * again after a failure. 'none': it does not wait, and records may be lost too. ['atLeastOnce']
   */
  readonly delivery?: 'none' | 'atLeastOnce' | 'exactlyOnce';
  /** With exactlyOnce: begins the ids of transactions. Another for each job and each sink that writes to the cluster. */
  readonly transactionalIdPrefix?: string;
  /**
   * With exactlyOnce: how long a transaction may be open, from its first record until its checkpoint is complete, restarts between
   * included; behind that the broker aborts it. At most transaction.max.timeout.ms of the broker ['15 min', its default].
   */
  readonly transactionTimeout?: Duration;
  /** 'zstd' needs Node 22.15 ['none']. */
  readonly compression?: Compression;
  /** Bytes of a partition that go together, at most [256 KiB]. */
  readonly batchBytes?: number;
  /** How long a record waits for company ['20 ms']. */
  readonly maxDelay?: Duration;
};

const TOPIC: OptionRule = (what, value) => {
  if (typeof value === 'function') aPlainFunction(what, value);
  else someText(what, value);
};

const PREFIX: OptionRule = (what, value) => {
  someText(what, value);
  if ((value as string).includes(':')) throw wrong(what, 'has no colon', value);
};

const COMPRESSION: OptionRule = (what, value) => {
  choice(...COMPRESSIONS)(what, value);
  const isThere = value !== 'zstd' || 'zstdCompressSync' in zlib;
  if (!isThere) throw wrong(what, 'needs Node 22.15 for zstd', value);
};

const SINK_OPTIONS: OptionRules<KafkaSinkOptions<unknown>> = {
  ...CONNECTION_OPTIONS,
  topic: TOPIC,
  format: true,
  key: aPlainFunction,
  headers: aPlainFunction,
  timestamp: aPlainFunction,
  partition: aPlainFunction,
  tombstone: aPlainFunction,
  delivery: choice('none', 'atLeastOnce', 'exactlyOnce'),
  transactionalIdPrefix: PREFIX,
  transactionTimeout: aDuration,
  compression: COMPRESSION,
  batchBytes: wholeNumber(1),
  maxDelay: aDuration,
};

const BATCH_BYTES = 256 * 1024;

/**
 * Writes topics. A batch that is sent again is taken once, and records of a partition keep their order; what that means behind a failure
 * says `delivery`. The job waits while so much is under way. Needs the package `@platformatic/kafka`. EngineErrors:
 * LIBRARY_MISSING, CONNECTION_FAILED, OUTPUT_FAILED, PARTITION_INVALID.
 *
 *   orders.to(
 *     kafkaSink({
 *       brokers: ['localhost:9092'],
 *       topic: 'totals',
 *       key: (order) => order.id,
 *       delivery: 'exactlyOnce',
 *       transactionalIdPrefix: 'totals',
 *     }),
 *   );
 */
export function kafkaSink<Row>(options: KafkaSinkOptions<Row>): Sink<Row> {
  const what = 'kafkaSink';
  const given = options as KafkaSinkOptions<unknown>;
  checkOptions(what, given, SINK_OPTIONS);
  TOPIC(`${what}: topic`, given.topic);
  const { topic, format = jsonLines() as FileFormat, delivery = 'atLeastOnce' } = given;
  headlessLinesOf(what, format);
  const settings = {
    ...connectionSettings(what, given),
    compression: given.compression ?? 'none',
    batchBytes: given.batchBytes ?? BATCH_BYTES,
  };
  const transactions = transactionRules(what, given);
  const rules: WriterRules = {
    settings,
    record: recordRules(given),
    format,
    maxDelayMs: durationMs(given.maxDelay ?? '20 ms', `${what}: maxDelay`),
    waits: delivery !== 'none',
    transactions,
    definedAt: userFrame(new Error()),
  };
  return {
    name: 'kafka',
    descriptor: {
      brokers: given.brokers,
      topic: typeof topic === 'string' ? topic : null,
      format: format.name,
      options: format.options,
      delivery,
    },
    prepare: async () =>
      await prepare(settings, typeof topic === 'string' ? topic : null, transactions),
    createWriter: (context) => new KafkaWriter(rules, context),
    commit: async (committables) =>
      await commitTransactions(settings, committables as readonly PreparedTransaction[]),
    discard: async (committables) =>
      await abortTransactions(settings, committables as readonly PreparedTransaction[]),
    writeLoops: (schema) => format.writeLoops?.(schema) ?? [],
  };
}

function transactionRules(
  what: string,
  { delivery, transactionalIdPrefix, transactionTimeout }: KafkaSinkOptions<unknown>,
): TransactionRules | null {
  if (delivery === 'exactlyOnce') {
    PREFIX(`${what}: transactionalIdPrefix`, transactionalIdPrefix);
    const timeoutMs = durationMs(transactionTimeout ?? '15 min', `${what}: transactionTimeout`);
    return { idPrefix: transactionalIdPrefix!, timeoutMs };
  }
  for (const [name, value] of Object.entries({ transactionalIdPrefix, transactionTimeout })) {
    if (value !== undefined)
      throw wrong(`${what}: ${name}`, "is for delivery: 'exactlyOnce'", value);
  }
  return null;
}

function recordRules(options: KafkaSinkOptions<unknown>): RecordRules {
  const {
    topic,
    key = null,
    headers = null,
    timestamp = null,
    partition = null,
    tombstone = null,
  } = options;
  if (tombstone !== null && key === null) {
    throw new EngineError(
      'JOB_DEFINITION',
      'kafkaSink: tombstone needs key: a record that deletes names what it deletes',
    );
  }
  return { topic, key, headers, timestamp, partition, tombstone };
}

/** Before anything runs: the brokers are there, the topic is, and transactions of runs before are over. */
async function prepare(
  settings: ReturnType<typeof connectionSettings>,
  topic: string | null,
  transactions: TransactionRules | null,
): Promise<void> {
  const cluster = await Cluster.open(settings);
  try {
    await cluster.patiently(`topic '${topic}'`, async () => await checkTopic(cluster, topic));
    if (transactions !== null) {
      await cluster.patiently(
        'aborting transactions',
        async () => await abortLeftOpen(cluster, transactions),
      );
    }
  } catch (error) {
    throw connectionError(settings.what, error);
  } finally {
    cluster.close();
  }
}

/** One that the brokers make of themselves takes a moment. */
async function checkTopic(cluster: Cluster, topic: string | null): Promise<void> {
  const found = await cluster.topics(topic === null ? [] : [topic], true);
  for (const { name, errorCode } of found.values()) {
    if (errorCode === CODE.none) continue;
    throw new RefusedError(errorCode, `topic '${name}': ${textOfCode(errorCode, cluster.client)}`);
  }
}
