/**
 * Files as a source and as a sink: one call serves both ends.
 *
 *   flow.from(files('flights.parquet', parquet(Flight)))          a file, a folder, or a glob
 *   flow.from(files('in', csv(Bid), { watch: '1 s' }))            and what comes into a folder later
 *   hourly.to(files('out/hourly', csv()))                         a folder of part files
 *   orders.to(files('out/orders', csv(), { bucket: 'country' }))  folders of part files: out/orders/country=DE
 */
import {
  aFunction,
  checkOptions,
  choice,
  type OptionRules,
  someText,
  wrong,
} from '../../base/options.ts';
import type { Schema } from '../../data/schema.ts';
import type { Sink } from '../../operator/sink.ts';
import type { DeadLetter, Source, SourceSplit, SplitReaderContext } from '../../operator/source.ts';
import type { Duration } from '../../time/duration.ts';
import { aCompaction, type CompactOptions } from './compact/compact-options.ts';
import { isPart } from './compact/compaction.ts';
import { canJoin } from './compact/joined-bytes.ts';
import { counted } from './file-bytes.ts';
import { type ExistingPolicy, FileSink } from './file-sink.ts';
import { checkFolder, findFiles } from './find-files.ts';
import type { FileFormat, FileRange, InputFile, MalformedPolicy, ReadContext } from './format.ts';
import { aBucket, type BucketBy } from './sink/bucket.ts';
import type { OnCommit } from './sink/on-commit.ts';
import { aRolling, type RollingOptions } from './sink/rolling-policy.ts';
import { aWatch, type WatchOptions, type WatchSpec, watchSpec } from './watch/watch-options.ts';
import { WatchReader, type WatchShare } from './watch/watch-reader.ts';

/** `Written` is the type of the rows that are written. */
export type FilesOptions<Written = unknown> = {
  /**
   * Reading: what to do with a record that is malformed. 'fail' (default) ends the job and tells the file and line;
   * 'skip' counts it (`skippedRecords`) and goes on; 'deadLetter' also sends it to the stream
   * `flow.from(files(...)).deadLetters()`.
   */
  readonly onMalformed?: MalformedPolicy;
  /**
   * Reading: goes on to look for new files, so often, and has no end. Each file is read once, also over restarts: which ones have
   * been read is in the checkpoints. It is read when it has not changed for a while (`settle`), the one that was written to first
   * before others; `path` is a folder or a glob.
   */
  readonly watch?: Duration | WatchOptions;
  /**
   * Writing into a folder that already holds results. 'fail' (default) refuses; 'replace' removes them when the new
   * ones are complete, or the first of them under checkpoints; 'keep' leaves them beside the new ones.
   */
  readonly existing?: ExistingPolicy;
  /** Writing: when a part file is complete and another begins. */
  readonly rolling?: RollingOptions;
  /**
   * Writing: folders below `path`, by rows. A field: 'country' makes country=DE; a function that names the folder; or
   * `byTime('yyyy-MM-dd--HH')`. A subtask has one open part for each bucket.
   */
  readonly bucket?: BucketBy<Written>;
  /**
   * Writing: part files of a bucket, of all subtasks and of several checkpoints, become one before they are seen, when they are
   * so large together, or have waited for so many checkpoints; at the end of the job all do.
   */
  readonly compact?: CompactOptions;
  /**
   * Writing: called in the calling thread with the files that others see now, behind the commit of a checkpoint and when the
   * bounded job is complete, to write a `_SUCCESS` file or to enter them in a catalog. The next checkpoint waits for it, an error
   * fails the job. Behind a crash it may be called again with the same files, and must then change nothing.
   */
  readonly onCommit?: OnCommit;
};

const FILES_OPTIONS: OptionRules<FilesOptions> = {
  onMalformed: choice('fail', 'skip', 'deadLetter'),
  watch: aWatch,
  existing: choice('fail', 'replace', 'keep'),
  rolling: aRolling,
  bucket: aBucket,
  compact: aCompaction,
  onCommit: aFunction,
};

/** Both ends of a stream of rows. */
export type Files<Row> = Source<Row> & Sink;

/**
 * Files of one format. As a source: `path` is a file, a folder (its files with the format's extension, by name), or a
 * glob; several subtasks read parts of them at the same time. Text may be compressed: `events.jsonl.gz`, `bids.csv.zst`. As a sink: `path` is a folder, in which each subtask
 * writes part files that appear when the job is complete, or the checkpoint behind their rows; each row is in them exactly
 * once, whatever has failed between. EngineErrors: INPUT_NOT_FOUND, INPUT_MALFORMED, OUTPUT_EXISTS, OUTPUT_FAILED.
 *
 *   flow.from(files('in/*.csv', csv(Bid))).to(files('out', jsonLines()))
 */
export function files<Row, Written = Row>(
  path: string,
  format: FileFormat<Row>,
  options: FilesOptions<Written> = {},
): Files<Row> {
  someText('files: the path', path);
  if (typeof (format as FileFormat | undefined)?.createEncoder !== 'function') {
    throw wrong('files: the format', 'is csv(), jsonLines(), parquet() or alike', format);
  }
  checkOptions('files', options, FILES_OPTIONS);
  const { onMalformed = 'fail', watch, existing = 'fail', rolling = {}, bucket = null } = options;
  const { compact = null, onCommit = null } = options;
  if (compact !== null && !canJoin(format as FileFormat)) {
    throw wrong('files: compact', `needs a format with headBytes or of`, format.name);
  }
  const sink = new FileSink(path, format as FileFormat, {
    existing,
    rolling,
    bucket,
    compact,
    onCommit,
  });
  return {
    name: format.name,
    // A writer completes parts of another format, and a reader goes on in the files that it knows.
    kind: 'files',
    descriptor: {
      path,
      format: format.name,
      options: format.options,
      onMalformed,
      ...(watch === undefined ? {} : { watch: watchSpec(watch) }),
    },
    schema: format.schema as Schema<Row> | null,
    hasDeadLetters: onMalformed === 'deadLetter',
    ...(watch === undefined
      ? foundFiles(path, format, onMalformed)
      : watchedFiles(path, format, onMalformed, watchSpec(watch))),
    readLoops: () => format.readLoops?.() ?? [],
    prepare: (start) => sink.prepare(start),
    createWriter: (context) => sink.createWriter(context),
    writeLoops: (schema) => format.writeLoops?.(schema) ?? [],
    commit: (committables) => sink.commit(committables),
    isSeen: isPart,
    discard: (committables) => sink.discard(committables),
    abandon: (step) => sink.abandon(step),
    finish: () => sink.finish(),
  };
}

type Reading = Pick<Source, 'isBounded' | 'assignment' | 'discoverSplits' | 'createReader'>;

/** The files that are there when the job starts, in parts. */
function foundFiles(path: string, format: FileFormat, onMalformed: MalformedPolicy): Reading {
  return {
    isBounded: true,
    assignment: 'inOrder',
    async discoverSplits() {
      const found = await findFiles(path, format.extension);
      return found.flatMap((file) => format.split(file).map((range) => splitOf(file, range)));
    },
    createReader(split, position, context) {
      const { file, range } = split.detail as { file: InputFile; range: FileRange };
      return format.open(
        counted(file, context),
        range,
        position,
        readContext(onMalformed, context),
      );
    },
  };
}

/** The files that are there, and those that come. Each belongs to one of as many splits as there are subtasks at first. */
function watchedFiles(
  path: string,
  format: FileFormat,
  onMalformed: MalformedPolicy,
  spec: WatchSpec,
): Reading {
  return {
    isBounded: false,
    assignment: 'spread',
    async discoverSplits(parallelism) {
      await checkFolder(path);
      return Array.from({ length: parallelism }, (_, index) => {
        const share: WatchShare = { index, of: parallelism };
        return { id: `watch ${index}/${parallelism}`, weight: 0, detail: share };
      });
    },
    createReader: (split, position, context) =>
      new WatchReader({
        path,
        format,
        spec,
        share: split.detail as WatchShare,
        position,
        readContext: readContext(onMalformed, context),
        context,
      }),
  };
}

function readContext(onMalformed: MalformedPolicy, context: SplitReaderContext): ReadContext {
  return { onMalformed, malformed: (record: DeadLetter) => context.malformed(record) };
}

function splitOf(file: InputFile, range: FileRange): SourceSplit {
  return {
    id: `${file.path}#${range.start}`,
    weight: range.weight,
    detail: { file, range },
  };
}
