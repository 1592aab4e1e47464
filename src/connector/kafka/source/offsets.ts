/** Offsets by what they stand for: the first and the one behind the last, those of a time, and those that a group has committed. */
import { type Cluster, checkCode, type TopicInfo, type TopicPartition } from '../cluster.ts';
import type { KafkaClient } from '../kafka-client.ts';
import { CODE, RefusedError } from '../kafka-error.ts';

/** In place of a time. */
export const LATEST = -1;
export const EARLIEST = -2;

type Listed = Awaited<ReturnType<KafkaClient['listOffsetsV8']['api']['async']>>;

/**
 * Of each partition the offset of the first record at or behind `time`, in ms, or what stands for it; the end where there is none. For
 * read_committed the end is that of what is decided.
 */
export async function listOffsets(
  cluster: Cluster,
  topics: ReadonlyMap<string, TopicInfo>,
  partitions: readonly TopicPartition[],
  time: number,
  isCommittedOnly: boolean,
): Promise<number[]> {
  const byLeader = new Map<number, TopicPartition[]>();
  for (const one of partitions) {
    const leader = leaderOf(topics, one);
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), one]);
  }
  const found = new Map<string, number>();
  for (const [leader, own] of byLeader) {
    const answer = await cluster.askAt<unknown[], Listed>(
      cluster.broker(leader),
      'ListOffsets',
      -1,
      isCommittedOnly ? 1 : 0,
      byTopic(own).map(([name, numbers]) => ({
        name,
        partitions: numbers.map((partitionIndex) => ({
          partitionIndex,
          currentLeaderEpoch: -1,
          timestamp: BigInt(time),
        })),
      })),
    );
    for (const { name, partitions: parts } of answer.topics) {
      for (const { partitionIndex, errorCode, offset } of parts) {
        checkCode(errorCode, cluster.client, `offsets of ${name}-${partitionIndex}`);
        found.set(`${name}-${partitionIndex}`, Number(offset));
      }
    }
  }
  const offsets = partitions.map(
    ({ topic, partition }) => found.get(`${topic}-${partition}`) ?? -1,
  );
  const behindAll = partitions.filter((_, n) => offsets[n]! < 0);
  if (behindAll.length === 0) return offsets;
  if (time === LATEST) throw new Error('assertion failed: a partition without an end');
  const ends = await listOffsets(cluster, topics, behindAll, LATEST, isCommittedOnly);
  return offsets.map((offset) => (offset < 0 ? ends.shift()! : offset));
}

function leaderOf(
  topics: ReadonlyMap<string, TopicInfo>,
  { topic, partition }: TopicPartition,
): number {
  const leader =
    topics.get(topic)?.partitions.find((one) => one.partition === partition)?.leader ?? -1;
  if (leader >= 0) return leader;
  throw new RefusedError(
    CODE.unknownTopicOrPartition,
    `partition ${topic}-${partition} has no leader`,
  );
}

export function byTopic(partitions: readonly TopicPartition[]): [string, number[]][] {
  const numbers = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const own = numbers.get(topic);
    if (own === undefined) numbers.set(topic, [partition]);
    else own.push(partition);
  }
  return [...numbers];
}

type Fetched = Awaited<ReturnType<KafkaClient['offsetFetchV9']['api']['async']>>;

/** What a group has committed of each partition; null for nothing. */
export async function committedOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<(number | null)[]> {
  const topics = byTopic(partitions).map(([name, partitionIndexes]) => ({
    name,
    partitionIndexes,
  }));
  const answer = await cluster.askCoordinator('group', groupId, (broker) =>
    cluster.askAt<unknown[], Fetched>(
      broker,
      'OffsetFetch',
      [{ groupId, memberId: null, memberEpoch: -1, topics }],
      true,
    ),
  );
  const found = new Map<string, number>();
  for (const group of answer.groups) {
    checkCode(group.errorCode, cluster.client, `offsets of group '${groupId}'`);
    for (const { name, partitions: parts } of group.topics) {
      for (const { partitionIndex, committedOffset, errorCode } of parts) {
        checkCode(
          errorCode,
          cluster.client,
          `offset of group '${groupId}' in ${name}-${partitionIndex}`,
        );
        found.set(`${name}-${partitionIndex}`, Number(committedOffset));
      }
    }
  }
  return partitions.map(({ topic, partition }) => {
    const offset = found.get(`${topic}-${partition}`) ?? -1;
    return offset < 0 ? null : offset;
  });
}

type Committed = Awaited<ReturnType<KafkaClient['offsetCommitV9']['api']['async']>>;

/** As nobody of the group: it has no members while it is only told how far others read. */
export async function commitOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly (TopicPartition & { readonly offset: number })[],
): Promise<void> {
  const of = new Map(offsets.map((one) => [`${one.topic}-${one.partition}`, one.offset]));
  const topics = byTopic(offsets).map(([name, numbers]) => ({
    name,
    partitions: numbers.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: BigInt(of.get(`${name}-${partitionIndex}`)!),
      committedLeaderEpoch: -1,
      committedMetadata: null,
    })),
  }));
  const answer = await cluster.askCoordinator('group', groupId, (broker) =>
    cluster.askAt<unknown[], Committed>(broker, 'OffsetCommit', groupId, -1, '', null, topics),
  );
  for (const { name, partitions } of answer.topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      if (errorCode === CODE.none) continue;
      checkCode(
        errorCode,
        cluster.client,
        `group '${groupId}' takes no offset of ${name}-${partitionIndex}`,
      );
    }
  }
}
