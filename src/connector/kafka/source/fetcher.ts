/**
 * Fetches for all partitions of one source that are read in one thread: a request to a broker asks for those of its partitions that
 * have nothing waiting, and the broker answers when one of them has something. One request to each broker is under way at a time.
 *
 *   partition wants more → (where does it begin?) → fetch at its leader → records waiting → taken by the job → wants more
 *
 * So at most one answer of a partition waits, and the broker keeps the rest. A request waits only briefly while the job is busy with
 * other partitions of the broker, which shall not have to wait for silent ones.
 */
import { systemClock } from '../../../base/clock.ts';
import { EngineError } from '../../../base/errors.ts';
import { pause } from '../../kit/attempt.ts';
import { Cluster, type TopicInfo, textOfCode } from '../cluster.ts';
import type { ConnectionSettings } from '../connection-options.ts';
import type { KafkaClient } from '../kafka-client.ts';
import { CODE, connectionError, isPassing, mayPass, RefusedError } from '../kafka-error.ts';
import { type FetchedBatch, type FetchedRecords, recordsFrom } from './committed-records.ts';
import { EARLIEST, LATEST, listOffsets } from './offsets.ts';

/** A partition as it is read. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Nothing waits, and it has not come to its end. */
  readonly wantsMore: boolean;
  /** Where to fetch; null: where the partition begins. */
  readonly behind: number | null;
  push(records: FetchedRecords, bytes: number): void;
  moveTo(offset: number): void;
  fail(error: EngineError): void;
}

/** What becomes of a partition whose next record the broker has no more. */
export type GonePolicy = 'fail' | 'earliest' | 'latest';

export type FetchSettings = ConnectionSettings & {
  readonly isCommittedOnly: boolean;
  readonly onGone: GonePolicy;
  /** Of one partition in an answer, about. */
  readonly partitionBytes: number;
};

const WAIT_MS = 500;
const BUSY_WAIT_MS = 5;
const ANSWER_BYTES = 50 * 1024 * 1024;
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5000;

const NEVER = new AbortController().signal;

type Answer = Awaited<ReturnType<KafkaClient['fetchV17']['api']['async']>>;
type AnswerPart = Answer['responses'][number]['partitions'][number];

export class Fetcher {
  readonly #settings: FetchSettings;
  readonly #partitions = new Set<FetchedPartition>();
  /** Brokers with a request under way, and the partitions in those: also when they have got another leader meanwhile. */
  readonly #underWay = new Set<number>();
  readonly #asked = new Set<FetchedPartition>();
  #cluster: Cluster | null = null;
  #topics: ReadonlyMap<string, TopicInfo> = new Map();
  /** Who leads has to be asked again. */
  #isStale = true;
  #isRunning = false;
  #backoffMs = BACKOFF_MS;
  /** Since when nothing has succeeded; null while all is well. */
  #troubleSinceMs: number | null = null;

  constructor(settings: FetchSettings) {
    this.#settings = settings;
  }

  add(partition: FetchedPartition): void {
    this.#partitions.add(partition);
    this.#isStale ||= !this.#topics
      .get(partition.topic)
      ?.partitions.some((one) => one.partition === partition.partition);
    this.wantMore();
  }

  /** With the last one the connections go. */
  remove(partition: FetchedPartition): void {
    this.#partitions.delete(partition);
    if (this.#partitions.size === 0) this.#close();
  }

  #close(): void {
    this.#cluster?.close();
    this.#cluster = null;
    this.#isStale = true;
  }

  /** Some partition may want more. */
  wantMore(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    // Those that are added at the same time share the first request.
    await null;
    try {
      while (this.#hungry().length > 0) {
        try {
          const cluster = await this.#ready();
          await this.#begin(cluster);
          // One that has come meanwhile has no beginning yet.
          if (this.#hungry().every(({ behind }) => behind !== null)) break;
        } catch (error) {
          await this.#onTrouble(error);
        }
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #hungry(): FetchedPartition[] {
    return [...this.#partitions].filter((one) => one.wantsMore && !this.#asked.has(one));
  }

  async #ready(): Promise<Cluster> {
    const cluster = this.#cluster ?? (await Cluster.open(this.#settings));
    this.#cluster = cluster;
    // The last partition has gone meanwhile.
    if (this.#partitions.size === 0) this.#close();
    if (!this.#isStale) return cluster;
    const names = new Set(Array.from(this.#partitions, ({ topic }) => topic));
    this.#topics = await cluster.topics([...names]);
    this.#isStale = false;
    return cluster;
  }

  /** Requests to all brokers that have something to give, and none under way. */
  async #begin(cluster: Cluster): Promise<void> {
    await this.#findBeginnings(cluster);
    const byLeader = new Map<number, FetchedPartition[]>();
    for (const partition of this.#hungry()) {
      if (partition.behind === null) continue;
      const leader = this.#leaderOf(partition);
      const list = byLeader.get(leader);
      if (list === undefined) byLeader.set(leader, [partition]);
      else list.push(partition);
    }
    for (const [leader, partitions] of byLeader) {
      if (!this.#underWay.has(leader)) void this.#fetch(cluster, leader, partitions);
    }
  }

  #leaderOf({ topic, partition }: FetchedPartition): number {
    const info = this.#topics.get(topic);
    const found = info?.partitions.find((one) => one.partition === partition);
    if (found !== undefined && found.leader >= 0) return found.leader;
    this.#isStale = true;
    throw new RefusedError(
      CODE.unknownTopicOrPartition,
      `partition ${topic}-${partition} has no leader, or is gone`,
    );
  }

  async #findBeginnings(cluster: Cluster): Promise<void> {
    const unknown = this.#hungry().filter(({ behind }) => behind === null);
    if (unknown.length === 0) return;
    const offsets = await listOffsets(
      cluster,
      this.#topics,
      unknown,
      EARLIEST,
      this.#settings.isCommittedOnly,
    );
    for (const [n, partition] of unknown.entries()) partition.moveTo(offsets[n]!);
  }

  async #fetch(
    cluster: Cluster,
    leader: number,
    partitions: readonly FetchedPartition[],
  ): Promise<void> {
    this.#underWay.add(leader);
    for (const one of partitions) this.#asked.add(one);
    let trouble: unknown = null;
    try {
      const answer = await this.#request(cluster, leader, partitions);
      await this.#take(cluster, answer, partitions);
      this.#troubleSinceMs = null;
      this.#backoffMs = BACKOFF_MS;
    } catch (error) {
      trouble = error;
    }
    if (trouble !== null && this.#cluster === cluster) await this.#onTrouble(trouble);
    this.#underWay.delete(leader);
    for (const one of partitions) this.#asked.delete(one);
    this.wantMore();
  }

  async #request(
    cluster: Cluster,
    leader: number,
    partitions: readonly FetchedPartition[],
  ): Promise<Answer> {
    const { isCommittedOnly, partitionBytes } = this.#settings;
    const isAll = [...this.#partitions].every(
      (one) => partitions.includes(one) || this.#leaderIsOther(one, leader),
    );
    const byTopic = new Map<string, FetchedPartition[]>();
    for (const one of partitions) byTopic.set(one.topic, [...(byTopic.get(one.topic) ?? []), one]);
    const topics = Array.from(byTopic, ([topic, own]) => ({
      topicId: this.#topics.get(topic)!.id,
      partitions: own.map(({ partition, behind }) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(behind!),
        lastFetchedEpoch: -1,
        partitionMaxBytes: partitionBytes,
      })),
    }));
    return await cluster.askAt<unknown[], Answer>(
      cluster.broker(leader),
      'Fetch',
      isAll ? WAIT_MS : BUSY_WAIT_MS,
      1,
      ANSWER_BYTES,
      isCommittedOnly ? 1 : 0,
      0,
      0,
      topics,
      [],
      '',
    );
  }

  #leaderIsOther({ topic, partition }: FetchedPartition, leader: number): boolean {
    const info = this.#topics.get(topic)?.partitions.find((one) => one.partition === partition);
    return info?.leader !== leader;
  }

  async #take(
    cluster: Cluster,
    { responses }: Answer,
    asked: readonly FetchedPartition[],
  ): Promise<void> {
    const names = new Map(Array.from(this.#topics.values(), ({ id, name }) => [id, name]));
    let passing: RefusedError | null = null;
    for (const { topicId, partitions } of responses) {
      for (const part of partitions) {
        const topic = names.get(topicId);
        const partition = asked.find(
          (one) => one.topic === topic && one.partition === part.partitionIndex,
        );
        // One that has been closed meanwhile takes nothing.
        if (partition === undefined || !this.#partitions.has(partition)) continue;
        passing = (await this.#takePart(cluster, part, partition)) ?? passing;
      }
    }
    if (passing !== null) throw passing;
  }

  /** What may pass, and is told then. */
  async #takePart(
    cluster: Cluster,
    part: AnswerPart,
    partition: FetchedPartition,
  ): Promise<RefusedError | null> {
    const { errorCode } = part;
    const name = `${partition.topic}-${partition.partition}`;
    if (errorCode === CODE.none) {
      const batches = (part.records ?? []) as readonly FetchedBatch[];
      const aborted = this.#settings.isCommittedOnly ? part.abortedTransactions : [];
      const bytes = batches.reduce(
        (sum, { length }: FetchedBatch & { length?: number }) => sum + (length ?? 0),
        0,
      );
      partition.push(recordsFrom(partition.behind!, batches, aborted), bytes);
      return null;
    }
    if (errorCode === CODE.offsetOutOfRange) {
      await this.#onGone(cluster, partition);
      return null;
    }
    const refused = new RefusedError(
      errorCode,
      `partition ${name}: ${textOfCode(errorCode, cluster.client)}`,
    );
    if (!isPassing(errorCode)) partition.fail(connectionError(this.#settings.what, refused));
    return isPassing(errorCode) ? refused : null;
  }

  async #onGone(cluster: Cluster, partition: FetchedPartition): Promise<void> {
    const { onGone, isCommittedOnly } = this.#settings;
    const list = async (at: number): Promise<number> =>
      (await listOffsets(cluster, this.#topics, [partition], at, isCommittedOnly))[0]!;
    if (onGone === 'fail') {
      const [first, end] = [await list(EARLIEST), await list(LATEST)];
      const place = `${partition.topic}-${partition.partition}@${partition.behind}`;
      const message =
        `${place} is not there: the broker has offsets ${first} to ${end}. Records were deleted before they were read, or the ` +
        `topic is another: go on by { onGone: 'earliest' } or 'latest'`;
      partition.fail(new EngineError('INPUT_NOT_FOUND', message));
      return;
    }
    partition.moveTo(await list(onGone === 'earliest' ? EARLIEST : LATEST));
  }

  /** Waits a little, and longer each time; what does not pass, or not in time, fails all partitions. */
  async #onTrouble(error: unknown): Promise<void> {
    const { timeoutMs, what } = this.#settings;
    const now = systemClock.monotonic();
    this.#troubleSinceMs ??= now;
    this.#isStale = true;
    if (!mayPass(error) || now - this.#troubleSinceMs >= timeoutMs) {
      for (const partition of this.#partitions) partition.fail(connectionError(what, error));
      return;
    }
    const backoffMs = this.#backoffMs;
    this.#backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX);
    await pause(backoffMs, this.#cluster?.signal ?? NEVER);
  }
}
