/**
 * Part files in two phases, exactly once over failures. A part is written under a hidden name, which readers of the folder
 * overlook, and gets its own when the checkpoint that it belongs to, or the bounded job, is complete (sink/part-name.ts).
 *
 *   subtask          PartWriter: rows → bucket → open part → complete part     sink/part-writer.ts
 *                    RollingPolicy: when a part is complete                    sink/rolling-policy.ts
 *   calling thread   FileSink: prepares the folder, commits, discards
 *                    Compactor: makes larger files of committed parts         compact/compactor.ts
 *
 * Without checkpoints a job that fails leaves the folder as it was. With them, a run goes on from what its checkpoint
 * recorded: complete parts are committed again, open ones are cut to the length they had, all other hidden ones removed.
 */
import type { Sink, SinkStart, SinkWriterContext } from '../../operator/sink.ts';
import type { PlainData } from '../../operator/source.ts';
import {
  type CompactLimits,
  type CompactOptions,
  compactLimits,
} from './compact/compact-options.ts';
import { Compaction, isPart } from './compact/compaction.ts';
import type { FileFormat } from './format.ts';
import { type BucketBy, bucketAssigner } from './sink/bucket.ts';
import { BucketSplitter } from './sink/bucket-splitter.ts';
import { committedFiles, type OnCommit } from './sink/on-commit.ts';
import { nodeDisk, type OutputDisk } from './sink/output-disk.ts';
import { existsError, outputError } from './sink/output-error.ts';
import { OutputFolder } from './sink/output-folder.ts';
import { hiddenPath, isFinishedPart, isHiddenPart, isOf, type OpenPart } from './sink/part-name.ts';
import { PartWriter } from './sink/part-writer.ts';
import { type RollingOptions, rollingLimits } from './sink/rolling-policy.ts';

/** What to do with results that a folder already holds. */
export type ExistingPolicy = 'fail' | 'replace' | 'keep';

export type FileSinkOptions = {
  readonly existing: ExistingPolicy;
  readonly rolling: RollingOptions;
  /** Null: all rows into the folder itself. */
  readonly bucket: BucketBy<never> | null;
  /** Null: parts stay as they are. */
  readonly compact: CompactOptions | null;
  /** Told of what is seen now; null for nobody. */
  readonly onCommit?: OnCommit | null;
};

export class FileSink implements Sink {
  readonly name: string;
  readonly descriptor = null;
  readonly #folder: OutputFolder;
  readonly #format: FileFormat;
  readonly #options: FileSinkOptions;
  readonly #disk: OutputDisk;
  /** Whose old results are still to be removed, by the first commit; null before `prepare`, and behind that. */
  #replacingJob: string | null = null;
  readonly #compactLimits: CompactLimits | null;
  readonly #compaction: Compaction;

  constructor(
    folder: string,
    format: FileFormat,
    options: FileSinkOptions,
    disk: OutputDisk = nodeDisk,
  ) {
    this.name = format.name;
    this.#folder = new OutputFolder(folder, options.bucket !== null);
    this.#format = format;
    this.#options = options;
    this.#disk = disk;
    this.#compactLimits = options.compact === null ? null : compactLimits(options.compact);
    this.#compaction = new Compaction({ disk, folder }, format, this.#compactLimits);
  }

  async prepare({ jobId, stepId, restored }: SinkStart): Promise<void> {
    await this.#guarded(async () => {
      await this.#folder.make();
      if (this.#options.existing === 'replace') this.#replacingJob = jobId;
      const paths = await this.#folder.list();
      if (restored === null) await this.#prepareAnew(paths);
      else {
        await this.#removeStale(paths, { jobId, stepId }, restored as readonly OpenPart[]);
        // The commit of what the checkpoint has came before, when nobody knew yet whose parts are old.
        if (paths.some((path) => isFinishedPart(path) && isOf(path, jobId)))
          await this.#replaceOld();
      }
    });
  }

  async #prepareAnew(paths: readonly string[]): Promise<void> {
    const { existing } = this.#options;
    // Who keeps results may have another job that writes beside this one.
    if (existing === 'keep') return;
    const part = paths.find(isFinishedPart);
    if (existing === 'fail' && part !== undefined) throw existsError(this.#folder.path, part);
    await this.#folder.remove(paths.filter(isHiddenPart));
  }

  /**
   * Hidden parts that the checkpoint does not speak of are of rows that come again. Another step of the job that writes here has
   * its own.
   */
  async #removeStale(
    paths: readonly string[],
    { jobId, stepId }: Pick<SinkStart, 'jobId' | 'stepId'>,
    restored: readonly OpenPart[],
  ): Promise<void> {
    const kept = new Set(restored.map(({ path }) => hiddenPath(path)));
    for (const path of this.#compaction.of(stepId)?.kept ?? []) kept.add(path);
    const hasCompany = this.#options.existing === 'keep';
    const isOwn = (path: string): boolean =>
      isOf(path, stepId) || (!hasCompany && !isOf(path, jobId));
    await this.#folder.remove(
      paths.filter((path) => isHiddenPart(path) && !kept.has(path) && isOwn(path)),
    );
  }

  createWriter(context: SinkWriterContext): PartWriter {
    const { bucket, rolling } = this.#options;
    return new PartWriter(
      {
        disk: this.#disk,
        folder: this.#folder.path,
        onWritten: (bytes) => context.wrote?.(bytes),
      },
      this.#format,
      context,
      {
        rolling: rollingLimits(rolling, context.isCheckpointed),
        compact: this.#compactLimits,
      },
      bucket === null ? null : new BucketSplitter(bucketAssigner(bucket, context.schema)),
    );
  }

  async commit(committables: readonly PlainData[]): Promise<void> {
    const parts = committables.filter(isPart).map(({ path }) => path);
    let isCompacted = true;
    await this.#guarded(async () => {
      const isMore = await this.#compaction.commit(committables);
      if (isMore === null) {
        await this.#folder.reveal(parts);
        isCompacted = false;
      }
      if (isMore !== false) await this.#replaceOld();
    });
    const seen = isCompacted ? this.#compaction.takeShown() : parts;
    if (seen.length > 0) await this.#tell(seen, false);
  }

  /** Behind the commit, outside of what is told as a failure of the folder: it is the user's. */
  async #tell(paths: readonly string[], isEnd: boolean): Promise<void> {
    try {
      await this.#options.onCommit?.(committedFiles(this.#folder.path, paths, isEnd));
    } catch (error) {
      // What has been shown is told again when the commit is repeated.
      this.#compaction.readAgain();
      throw error;
    }
  }

  /** What still waits is shown. Results without a row replace old ones too. */
  async finish(): Promise<void> {
    await this.#guarded(async () => {
      await this.#compaction.finish();
      await this.#replaceOld();
    });
    await this.#tell(this.#compaction.takeShown(), true);
  }

  /** Once the first new results are there: removes those of other jobs. */
  async #replaceOld(): Promise<void> {
    const jobId = this.#replacingJob;
    if (jobId === null) return;
    const paths = await this.#folder.list();
    await this.#folder.remove(paths.filter((path) => isFinishedPart(path) && !isOf(path, jobId)));
    this.#replacingJob = null;
  }

  /** A part that a snapshot speaks of stays: a run that goes on from it needs it, and removes it otherwise. */
  async discard(committables: readonly PlainData[]): Promise<void> {
    const own = committables.filter(isPart).filter(({ isInSnapshot }) => !isInSnapshot);
    await this.#guarded(async () => {
      this.#compaction.forget(own);
      await this.#folder.remove(own.map(({ path }) => hiddenPath(path)));
    });
  }

  async abandon({ stepId }: Pick<SinkStart, 'stepId'>): Promise<void> {
    await this.#guarded(async () => {
      const paths = await this.#folder.list();
      await this.#folder.remove(paths.filter((path) => isHiddenPart(path) && isOf(path, stepId)));
    });
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#compaction.readAgain();
      throw outputError(this.#folder.path, error);
    }
  }
}
