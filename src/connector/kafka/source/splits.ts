/** The partitions that a source reads, a split each, and where each begins and ends. */
import { EngineError } from '../../../base/errors.ts';
import type { PlainData, SourceSplit } from '../../../operator/source.ts';
import { Cluster, type TopicInfo, type TopicPartition, textOfCode } from '../cluster.ts';
import type { ConnectionSettings } from '../connection-options.ts';
import { CODE, connectionError, isPassing, RefusedError } from '../kafka-error.ts';
import { committedOffsets, EARLIEST, LATEST, listOffsets } from './offsets.ts';

/** Offsets by topic and partition: `{ orders: { 0: 17, 1: 4 } }`. */
export type PartitionOffsets = Readonly<Record<string, Readonly<Record<number, number>>>>;

/**
 * A place in each partition. A time is that of the first record at or behind it; offsets have to name each partition that is read.
 */
export type KafkaPlace =
  | 'earliest'
  | 'latest'
  | 'committed'
  | { readonly timestamp: number | Date }
  | { readonly offsets: PartitionOffsets };

export type TopicsToRead = {
  /** By name, or all whose whole name a pattern fits. */
  readonly topics: readonly string[] | RegExp;
  /** Only these partitions of a topic, by its name; null for all. */
  readonly partitions: Readonly<Record<string, readonly number[]>> | null;
};

export type SplitRules = TopicsToRead & {
  readonly start: KafkaPlace;
  readonly stop: KafkaPlace | null;
  readonly groupId: string | null;
  readonly isCommittedOnly: boolean;
};

/** What a split knows of its partition. */
export type PartitionSplit = TopicPartition & {
  /** Offset to begin at; null: wherever the partition begins. */
  readonly from: number | null;
  /** The first offset that is not read; null for no end. */
  readonly until: number | null;
};

export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** The place is the name of the split. */
export function partitionOf(split: string): TopicPartition {
  const dash = split.lastIndexOf('-');
  return { topic: split.slice(0, dash), partition: Number(split.slice(dash + 1)) };
}

/** Those that there are when the job starts. */
export async function splitsAtStart(
  settings: ConnectionSettings,
  rules: SplitRules,
): Promise<SourceSplit[]> {
  return await inCluster(settings, async (cluster) => {
    const topics = await topicsToRead(cluster, rules, true);
    const partitions = partitionsOf(topics, rules);
    const from = await offsetsAt(cluster, topics, partitions, rules.start, rules, 'start');
    const until =
      rules.stop === null
        ? null
        : await offsetsAt(cluster, topics, partitions, rules.stop, rules, 'stop');
    return partitions.map((one, n) => splitOf(one, from[n]!, until?.[n] ?? null));
  });
}

/** Those that there are now: one that is new is read from its beginning, for all of it is new. */
export async function splitsNow(
  settings: ConnectionSettings,
  rules: SplitRules,
): Promise<SourceSplit[]> {
  return await inCluster(settings, async (cluster) => {
    const topics = await topicsToRead(cluster, rules, false);
    return partitionsOf(topics, rules).map((one) => splitOf(one, null, null));
  });
}

async function inCluster<T>(
  settings: ConnectionSettings,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await Cluster.open(settings);
  try {
    return await cluster.patiently('looking for partitions', () => work(cluster));
  } catch (error) {
    throw connectionError(settings.what, error);
  } finally {
    cluster.close();
  }
}

async function topicsToRead(
  cluster: Cluster,
  { topics }: TopicsToRead,
  needsAll: boolean,
): Promise<Map<string, TopicInfo>> {
  if (topics instanceof RegExp) {
    const all = await cluster.topics(null);
    return new Map([...all].filter(([name, { isInternal }]) => !isInternal && fits(topics, name)));
  }
  const found = await cluster.topics(topics);
  for (const { name, errorCode } of found.values()) {
    if (errorCode === CODE.none) continue;
    if (errorCode === CODE.unknownTopicOrPartition) {
      if (!needsAll) found.delete(name);
      else
        throw new EngineError(
          'INPUT_NOT_FOUND',
          `${cluster.settings.what}: there is no topic '${name}'`,
        );
    } else if (isPassing(errorCode) || needsAll) {
      throw new RefusedError(
        errorCode,
        `topic '${name}': ${textOfCode(errorCode, cluster.client)}`,
      );
    }
  }
  return found;
}

/** Whether the pattern fits the whole name. */
function fits(pattern: RegExp, name: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, '')).test(name);
}

function partitionsOf(
  topics: ReadonlyMap<string, TopicInfo>,
  { partitions }: TopicsToRead,
): TopicPartition[] {
  return [...topics.values()].flatMap(({ name, partitions: all }) => {
    const wanted = partitions?.[name];
    const strange = wanted?.find((number) => !all.some(({ partition }) => partition === number));
    if (strange !== undefined)
      throw new EngineError(
        'INPUT_NOT_FOUND',
        `topic '${name}' has no partition ${strange}; it has ${all.length}`,
      );
    return all
      .filter(({ partition }) => wanted?.includes(partition) ?? true)
      .map(({ partition }) => ({ topic: name, partition }));
  });
}

function splitOf(one: TopicPartition, from: number | null, until: number | null): SourceSplit {
  const detail: PartitionSplit = { ...one, from, until };
  return { id: partitionName(one), weight: 0, detail: detail satisfies PlainData };
}

async function offsetsAt(
  cluster: Cluster,
  topics: ReadonlyMap<string, TopicInfo>,
  partitions: readonly TopicPartition[],
  place: KafkaPlace,
  { groupId, isCommittedOnly }: SplitRules,
  option: 'start' | 'stop',
): Promise<number[]> {
  const list = async (time: number, of = partitions): Promise<number[]> =>
    of.length === 0 ? [] : await listOffsets(cluster, topics, of, time, isCommittedOnly);
  if (place === 'earliest') return await list(EARLIEST);
  if (place === 'latest') return await list(LATEST);
  if (place === 'committed') {
    const committed = await committedOffsets(cluster, groupId!, partitions);
    const others = partitions.filter((_, n) => committed[n] === null);
    const first = await list(EARLIEST, others);
    return committed.map((offset) => offset ?? first.shift()!);
  }
  if ('timestamp' in place) return await list(Number(place.timestamp));
  return partitions.map((one) => {
    const offset = place.offsets[one.topic]?.[one.partition];
    if (offset !== undefined) return offset;
    const message = `${cluster.settings.what}: ${option} has no offset of partition ${partitionName(one)}`;
    throw new EngineError('JOB_DEFINITION', message);
  });
}
