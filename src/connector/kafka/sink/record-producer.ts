/**
 * Sends records, in rounds: of each partition its first batch, to all leaders at once; the next round begins when all have answered.
 * So what comes meanwhile gathers into larger batches, and each partition's records stay in order however often they are sent.
 *
 *   add → (topic is known) → batch of its partition → round → arrived
 *                                                       ↘ refused for now → wait → the same batch again
 */
import { systemClock } from '../../../base/clock.ts';
import { EngineError } from '../../../base/errors.ts';
import { NET_UNSENT_BYTES } from '../../../base/limits.ts';
import { pause } from '../../kit/attempt.ts';
import { Cluster, type TopicInfo, textOfCode } from '../cluster.ts';
import type { ConnectionSettings } from '../connection-options.ts';
import type { KafkaClient } from '../kafka-client.ts';
import { CODE, connectionError, isPassing, mayPass, RefusedError } from '../kafka-error.ts';
import type { Identity, IdentityKeeper } from './identity.ts';
import { Outgoing, type OutgoingBatch, type OutgoingRecord } from './outgoing.ts';
import { partitionOfKey } from './partitioner.ts';

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export type ProducerSettings = ConnectionSettings & {
  readonly compression: Compression;
  readonly batchBytes: number;
};

const ALL_REPLICAS = -1;
const PRODUCE_MS = 30_000;
const BACKOFF_MS = 50;
const BACKOFF_MS_MAX = 2000;
const SEQUENCES = 2 ** 31;

/** With acknowledgement, as here; without it is a boolean. */
type Produced = Exclude<Awaited<ReturnType<KafkaClient['produceV11']['api']['async']>>, boolean>;
type ProducedPart = Produced['responses'][number]['partitionResponses'][number];

export class RecordProducer {
  /** Why nothing is sent any more. */
  error: EngineError | null = null;
  readonly #settings: ProducerSettings;
  readonly #identities: IdentityKeeper;
  /** Something has arrived, or failed. */
  readonly #onChange: (bytes: number) => void;
  readonly #outgoing: Outgoing;
  /** Bytes that go without waiting for more: fewer than those at which the job waits for them. */
  readonly #enough: number;
  /** Records of topics that are not known yet. */
  #unplaced: OutgoingRecord[] = [];
  #unplacedBytes = 0;
  #topics = new Map<string, TopicInfo>();
  #isStale = false;
  #cluster: Cluster | null = null;
  #identity: Identity | null = null;
  /** By partition, the number of its next record. */
  readonly #sequences = new Map<string, number>();
  #isRunning = false;
  /** Send all there is, however little. */
  #isFlushing = false;
  #isClosed = false;
  #onFlushed = (): void => {};
  /** For records without a key: a partition, and how much it has got in a row. */
  readonly #turns = new Map<string, { partition: number; bytes: number }>();
  #troubleSinceMs: number | null = null;
  #backoffMs = BACKOFF_MS;

  constructor(
    settings: ProducerSettings,
    identities: IdentityKeeper,
    onChange: (bytes: number) => void,
  ) {
    this.#settings = settings;
    this.#identities = identities;
    this.#onChange = onChange;
    this.#outgoing = new Outgoing(settings.batchBytes);
    this.#enough = Math.min(settings.batchBytes, NET_UNSENT_BYTES / 2);
  }

  get unsentBytes(): number {
    return this.#outgoing.bytes + this.#unplacedBytes;
  }

  get isSending(): boolean {
    return this.#isRunning;
  }

  get #isEmpty(): boolean {
    return this.#outgoing.isEmpty && this.#unplaced.length === 0;
  }

  add(record: OutgoingRecord): void {
    const topic = this.#topics.get(record.topic);
    if (topic === undefined || this.#unplaced.length > 0) {
      this.#unplaced.push(record);
      this.#unplacedBytes += record.bytes;
    } else this.#place(record, topic);
    if (this.unsentBytes >= this.#enough) this.#start();
  }

  /** Sends what there is. */
  sendNow(): void {
    if (this.#isEmpty) return;
    this.#isFlushing = true;
    this.#start();
  }

  /** Resolves when all that was added has arrived. */
  async flush(): Promise<void> {
    this.sendNow();
    if (this.error === null && !this.#isEmpty) {
      await new Promise<void>((resolve) => {
        this.#onFlushed = resolve;
      });
    }
    if (this.error !== null) throw this.error;
  }

  #place(record: OutgoingRecord, { name, partitions }: TopicInfo): void {
    const count = partitions.length;
    const chosen = record.partition?.(count) ?? null;
    if (chosen !== null && !(Number.isInteger(chosen) && chosen >= 0 && chosen < count)) {
      const message = `kafkaSink: partition of '${name}' is a whole number below ${count}, got ${chosen}`;
      throw new EngineError('PARTITION_INVALID', message);
    }
    const keyed = record.key === null ? null : partitionOfKey(record.key, count);
    this.#outgoing.add(record, chosen ?? keyed ?? this.#turn(record, count));
  }

  #turn({ topic, bytes }: OutgoingRecord, partitions: number): number {
    const turn = this.#turns.get(topic) ?? { partition: 0, bytes: 0 };
    this.#turns.set(topic, turn);
    if (turn.bytes >= this.#settings.batchBytes) {
      turn.partition++;
      turn.bytes = 0;
    }
    turn.bytes += bytes;
    turn.partition %= partitions;
    return turn.partition;
  }

  #start(): void {
    if (this.#isRunning || this.#isClosed || this.error !== null) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#mayGoOn()) {
      try {
        await this.#round();
        this.#troubleSinceMs = null;
        this.#backoffMs = BACKOFF_MS;
      } catch (error) {
        await this.#onTrouble(error);
      }
    }
    this.#isRunning = false;
    if (this.#isEmpty) {
      this.#isFlushing = false;
      // Whoever has no key moves on to the next partition.
      for (const turn of this.#turns.values()) turn.bytes = this.#settings.batchBytes;
    }
    if (this.#isEmpty || this.error !== null) this.#onFlushed();
  }

  #mayGoOn(): boolean {
    if (this.#isClosed || this.error !== null || this.#isEmpty) return false;
    return this.#isFlushing || this.unsentBytes >= this.#enough;
  }

  async #round(): Promise<void> {
    const cluster = this.#cluster ?? (await Cluster.open(this.#settings));
    this.#cluster = cluster;
    if (this.#isClosed) {
      cluster.close();
      return;
    }
    await this.#placeAll(cluster);
    const batches = this.#outgoing.firsts();
    if (batches.length === 0) return;
    const identity = await this.#identities.ready(cluster, batches);
    if (identity !== this.#identity) this.#beginAs(identity, batches);
    for (const batch of batches) batch.sequence ??= this.#number(batch);
    const byLeader = new Map<number, OutgoingBatch[]>();
    for (const batch of batches) {
      const leader = this.#leaderOf(batch);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), batch]);
    }
    const sent = await Promise.allSettled(
      Array.from(byLeader, ([leader, own]) => this.#send(cluster, leader, own, identity)),
    );
    for (const one of sent) if (one.status === 'rejected') throw one.reason;
  }

  async #placeAll(cluster: Cluster): Promise<void> {
    const names = new Set(this.#unplaced.map(({ topic }) => topic));
    if (this.#isStale) for (const name of this.#topics.keys()) names.add(name);
    if (names.size === 0) return;
    const found = await cluster.topics([...names], true);
    for (const { name, errorCode, partitions } of found.values()) {
      if (errorCode === CODE.none && partitions.length > 0) continue;
      throw new RefusedError(
        errorCode || CODE.unknownTopicOrPartition,
        `topic '${name}': ${textOfCode(errorCode, cluster.client)}`,
      );
    }
    for (const [name, topic] of found) this.#topics.set(name, topic);
    this.#isStale = false;
    const records = this.#unplaced;
    this.#unplaced = [];
    this.#unplacedBytes = 0;
    for (const record of records) this.#place(record, this.#topics.get(record.topic)!);
  }

  #beginAs(identity: Identity, batches: readonly OutgoingBatch[]): void {
    this.#identity = identity;
    this.#sequences.clear();
    for (const batch of batches) batch.sequence = null;
  }

  #number({ topic, partition, records }: OutgoingBatch): number {
    const name = `${topic}-${partition}`;
    const sequence = this.#sequences.get(name) ?? 0;
    this.#sequences.set(name, (sequence + records.length) % SEQUENCES);
    return sequence;
  }

  #leaderOf({ topic, partition }: OutgoingBatch): number {
    const leader =
      this.#topics.get(topic)?.partitions.find((one) => one.partition === partition)?.leader ?? -1;
    if (leader >= 0) return leader;
    throw new RefusedError(
      CODE.unknownTopicOrPartition,
      `partition ${topic}-${partition} has no leader`,
    );
  }

  async #send(
    cluster: Cluster,
    leader: number,
    batches: readonly OutgoingBatch[],
    { producerId, producerEpoch, transactionalId }: Identity,
  ): Promise<void> {
    const sequences = new cluster.client.NumericMap(
      batches.map(({ topic, partition, sequence }) => [`${topic}:${partition}`, sequence!]),
    );
    const { compression } = this.#settings;
    const answer = await cluster.askAt<unknown[], Produced>(
      cluster.broker(leader),
      'Produce',
      ALL_REPLICAS,
      PRODUCE_MS,
      batches.flatMap(messagesOf),
      {
        compression,
        producerId,
        producerEpoch,
        sequences,
        transactionalId: transactionalId ?? undefined,
      },
    );
    let passing: RefusedError | null = null;
    for (const { name, partitionResponses } of answer.responses) {
      for (const part of partitionResponses) {
        const batch = batches.find(
          ({ topic, partition }) => topic === name && partition === part.index,
        )!;
        passing = this.#taken(cluster, batch, part) ?? passing;
      }
    }
    if (passing !== null) throw passing;
  }

  /** What may pass; throws what will not. */
  #taken(
    cluster: Cluster,
    batch: OutgoingBatch,
    { errorCode, errorMessage }: ProducedPart,
  ): RefusedError | null {
    if (errorCode === CODE.none || errorCode === CODE.duplicateSequence) {
      this.#outgoing.remove(batch);
      this.#onChange(batch.bytes);
      return null;
    }
    const place = `${batch.topic}-${batch.partition}`;
    const text = [textOfCode(errorCode, cluster.client), errorMessage].filter(Boolean).join(': ');
    const refused = new RefusedError(errorCode, `partition ${place}: ${text}`);
    if (isPassing(errorCode)) return refused;
    if (FORGOTTEN.has(errorCode) && this.#identities.renew())
      return new RefusedError(CODE.notCoordinator, refused.message);
    const tooLarge = errorCode === CODE.messageTooLarge || errorCode === CODE.recordListTooLarge;
    const advice = tooLarge
      ? `; ${batch.records.length} records are ${batch.bytes} bytes: lower batchBytes, or raise max.message.bytes`
      : '';
    throw new EngineError('OUTPUT_FAILED', `kafkaSink: ${refused.message}${advice}`, {
      retryable: !tooLarge,
    });
  }

  async #onTrouble(error: unknown): Promise<void> {
    const { timeoutMs, what } = this.#settings;
    const now = systemClock.monotonic();
    this.#troubleSinceMs ??= now;
    this.#isStale = true;
    if (this.#isClosed) return;
    if (!mayPass(error) || now - this.#troubleSinceMs >= timeoutMs) {
      this.error = error instanceof EngineError ? error : connectionError(what, error);
      this.#onChange(0);
      return;
    }
    const backoffMs = this.#backoffMs;
    this.#backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX);
    await pause(backoffMs, this.#cluster?.signal ?? NEVER);
  }

  close(): void {
    this.#isClosed = true;
    this.#cluster?.close();
  }
}

const NEVER = new AbortController().signal;

/** The broker has lost what it knew of a producer: another one may send the rest. */
const FORGOTTEN: ReadonlySet<number> = new Set([
  CODE.outOfOrderSequence,
  CODE.unknownProducerId,
  CODE.invalidProducerEpoch,
  CODE.invalidProducerIdMapping,
]);

function messagesOf({ topic, partition, records }: OutgoingBatch) {
  return records.map(({ key, value, headers, timestamp }) => ({
    topic,
    partition,
    key: key ?? undefined,
    value: value ?? undefined,
    headers: headers ?? undefined,
    timestamp: BigInt(timestamp),
  }));
}
