/** The records of topics as a source. A split is a partition, and its position the offset of the record that comes next. */
import {
  checkOptions,
  choice,
  type OptionRule,
  type OptionRules,
  someText,
  wholeNumber,
  wrong,
} from '../../../base/options.ts';
import type { Schema } from '../../../data/schema.ts';
import type { PlainData, Source, SplitPlace } from '../../../operator/source.ts';
import { aDuration, type Duration, durationMs } from '../../../time/duration.ts';
import type { FileFormat, MalformedPolicy } from '../../file/format.ts';
import type { RecordParser } from '../../file/text-reader.ts';
import { headlessLinesOf, MALFORMED, type MalformedOptions } from '../../net/inlet.ts';
import { Cluster } from '../cluster.ts';
import {
  CONNECTION_OPTIONS,
  connectionSettings,
  type KafkaConnection,
} from '../connection-options.ts';
import { Fetcher, type GonePolicy } from './fetcher.ts';
import {
  checkMetadata,
  type MetadataFields,
  MetadataParser,
  type NoMetadata,
  type RowWith,
  schemaWith,
} from './metadata.ts';
import { commitOffsets } from './offsets.ts';
import { PartitionReader } from './partition-reader.ts';
import type { PartitionRecords } from './partition-records.ts';
import {
  type KafkaPlace,
  type PartitionSplit,
  partitionName,
  partitionOf,
  type SplitRules,
  splitsAtStart,
  splitsNow,
} from './splits.ts';

/** Defaults in brackets. */
export type KafkaSourceOptions<Row, Fields extends MetadataFields = NoMetadata> = KafkaConnection &
  MalformedOptions & {
    /** By name, or all whose whole name a pattern fits. */
    readonly topics: readonly string[] | RegExp;
    /** Only these partitions of a topic, by its name [all of each]. */
    readonly partitions?: Readonly<Record<string, readonly number[]>>;
    /** Of the values: `jsonLines(...)`, `text()`, or `csv(...)` without a header. */
    readonly format: FileFormat<Row>;
    /** Fields of the row for what Kafka knows of a record: `{ at: 'timestamp', customer: 'key' }` [none]. */
    readonly metadata?: Fields;
    /**
     * Where to begin when there is no checkpoint to go on from. 'committed': behind what the group has committed, and at the
     * earliest record of partitions of which it has nothing. ['earliest']
     */
    readonly start?: KafkaPlace;
    /** In front of what the source ends; with it, it is bounded. 'latest' is the end when the job starts. [without an end] */
    readonly stop?: KafkaPlace;
    /** Who is told, when a checkpoint is complete, how far the job has read: for those who watch lag [nobody]. */
    readonly groupId?: string;
    /** Time from one look for new partitions to the next; false for none. Without `stop`. ['5 min'] */
    readonly discover?: Duration | false;
    /** Whether records of transactions that are open, or were aborted, are left out ['readCommitted']. */
    readonly isolation?: 'readCommitted' | 'readUncommitted';
    /** What to do when the broker has deleted the record that would be next ['fail']. */
    readonly onGone?: GonePolicy;
    /** What one answer has of a partition, about, and as much waits for the job [1 MiB]. */
    readonly partitionBytes?: number;
  };

const TOPICS: OptionRule = (what, value) => {
  if (value instanceof RegExp) return;
  if (!Array.isArray(value) || value.length === 0)
    throw wrong(what, 'are names, or a pattern', value);
  for (const one of value) someText(what, one);
};

const PLACES = ['earliest', 'latest', 'committed'];

const PLACE: OptionRule = (what, value) => {
  const place = value as Exclude<KafkaPlace, string> | string | null;
  const isNamed = typeof place === 'string' && PLACES.includes(place);
  const isTime =
    typeof place === 'object' &&
    place !== null &&
    'timestamp' in place &&
    Number(place.timestamp) >= 0;
  const isOffsets = typeof place === 'object' && place !== null && 'offsets' in place;
  if (isNamed || isTime || isOffsets) return;
  throw wrong(
    what,
    "is 'earliest', 'latest', 'committed', { timestamp } from 1970 on, or { offsets: { topic: { partition: offset } } }",
    value,
  );
};

const SOURCE_OPTIONS: OptionRules<KafkaSourceOptions<unknown, MetadataFields>> = {
  ...CONNECTION_OPTIONS,
  onMalformed: MALFORMED,
  topics: TOPICS,
  partitions: true,
  format: true,
  metadata: checkMetadata,
  start: PLACE,
  stop: PLACE,
  groupId: someText,
  discover: (what, value) => {
    if (value !== false) aDuration(what, value);
  },
  isolation: choice('readCommitted', 'readUncommitted'),
  onGone: choice('fail', 'earliest', 'latest'),
  partitionBytes: wholeNumber(1),
};

const PARTITION_BYTES = 1024 * 1024;

/**
 * Reads topics. Exactly once: offsets are part of checkpoints, and a job goes on from those, whatever the group has committed. A
 * partition is read by one subtask, and each has a watermark of its own. Records without a value are left out. Needs the package
 * `@platformatic/kafka`. EngineErrors: LIBRARY_MISSING, CONNECTION_FAILED, INPUT_NOT_FOUND, INPUT_MALFORMED with `topic-partition@offset`.
 *
 *   flow.from(kafkaSource({ brokers: ['localhost:9092'], topics: ['orders'], format: jsonLines(Order), groupId: 'reports' }))
 */
export function kafkaSource<Row, const Fields extends MetadataFields = NoMetadata>(
  options: KafkaSourceOptions<Row, Fields>,
): Source<RowWith<Row, Fields>> {
  const what = 'kafkaSource';
  checkOptions(what, options as KafkaSourceOptions<unknown, MetadataFields>, SOURCE_OPTIONS);
  TOPICS(`${what}: topics`, options.topics);
  const format = options.format as FileFormat;
  const lines = headlessLinesOf(what, format);
  const { onMalformed = 'fail', metadata = {} as MetadataFields, groupId = null } = options;
  const {
    isolation = 'readCommitted',
    onGone = 'fail',
    partitionBytes = PARTITION_BYTES,
  } = options;
  const settings = {
    ...connectionSettings(what, options),
    isCommittedOnly: isolation === 'readCommitted',
    onGone,
    partitionBytes,
  };
  const rules = splitRules(
    what,
    options as KafkaSourceOptions<unknown, MetadataFields>,
    settings.isCommittedOnly,
  );
  const hasMetadata = Object.keys(metadata).length > 0;
  const schema = hasMetadata ? schemaWith(format.schema, metadata) : format.schema;
  const everyMs = discoverMs(what, options as KafkaSourceOptions<unknown, MetadataFields>);
  // Of this thread: the readers of its subtasks share requests.
  const fetcher = new Fetcher(settings);
  return {
    name: 'kafka',
    descriptor: descriptorOf(
      options as KafkaSourceOptions<unknown, MetadataFields>,
      format,
      rules,
      onMalformed,
    ),
    schema: schema as Schema<RowWith<Row, Fields>> | null,
    isBounded: rules.stop !== null,
    hasDeadLetters: onMalformed === 'deadLetter',
    assignment: 'spread',
    discoverSplits: async () => await splitsAtStart(settings, rules),
    ...(everyMs === null
      ? {}
      : { discovery: { everyMs, findSplits: async () => await splitsNow(settings, rules) } }),
    ...(groupId === null
      ? {}
      : { commitPlaces: async (places) => await tellGroup(settings, groupId, places) }),
    createReader(split, position, context) {
      const detail = split.detail as PartitionSplit;
      const values = lines.parser(partitionName(detail)) as RecordParser<PartitionRecords>;
      const parser = hasMetadata
        ? new MetadataParser(values, metadata, detail, format.schema)
        : values;
      const reading = {
        split: detail,
        position: position as number | null,
        schema: schema as Schema | null,
      };
      return new PartitionReader({ ...reading, parser, onMalformed, fetcher }, context);
    },
    readLoops: () => format.readLoops?.() ?? [],
  };
}

type AnyOptions = KafkaSourceOptions<unknown, MetadataFields>;

function splitRules(what: string, options: AnyOptions, isCommittedOnly: boolean): SplitRules {
  const { topics, partitions = null, start = 'earliest', stop = null, groupId = null } = options;
  if (groupId === null && (start === 'committed' || stop === 'committed')) {
    throw wrong(`${what}: groupId`, "is needed for 'committed'", groupId);
  }
  return { topics, partitions, start, stop, groupId, isCommittedOnly };
}

/** Null where partitions are found once. */
function discoverMs(what: string, { discover, stop }: AnyOptions): number | null {
  if (stop !== undefined) {
    if (discover === undefined || discover === false) return null;
    throw wrong(
      `${what}: discover`,
      'is for a source without an end, and stop gives it one',
      discover,
    );
  }
  if (discover === false) return null;
  const everyMs = durationMs(discover ?? '5 min', `${what}: discover`);
  if (everyMs > 0) return everyMs;
  throw wrong(`${what}: discover`, 'is longer than nothing', discover);
}

function descriptorOf(
  { topics, brokers }: AnyOptions,
  format: FileFormat,
  { stop }: SplitRules,
  onMalformed: MalformedPolicy,
): PlainData {
  return {
    brokers,
    topics: topics instanceof RegExp ? String(topics) : topics,
    format: format.name,
    options: format.options,
    onMalformed,
    isBounded: stop !== null,
  };
}

async function tellGroup(
  settings: ReturnType<typeof connectionSettings>,
  groupId: string,
  places: readonly SplitPlace[],
): Promise<void> {
  const offsets = new Map<string, number>();
  for (const { split, position } of places)
    if (position !== null) offsets.set(split, position as number);
  if (offsets.size === 0) return;
  const cluster = await Cluster.open(settings);
  try {
    const told = Array.from(offsets, ([split, offset]) => ({ ...partitionOf(split), offset }));
    await cluster.patiently(
      'committing offsets',
      async () => await commitOffsets(cluster, groupId, told),
      TELL_MS,
    );
  } finally {
    cluster.close();
  }
}

/** The next checkpoint tells again. */
const TELL_MS = 5000;
