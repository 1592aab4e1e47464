/**
 * Writes the part files of one subtask: one open part at a time, or one for each bucket. Whether a part is complete is
 * asked of the RollingPolicy at each of its occasions; what is complete waits for the next `preCommit`. Where parts are to become
 * larger files it also has `commit` called at checkpoints for which it has none: those that wait there wait no longer than so many.
 *
 *   open ──(size, time, checkpoint, end, too many open)──▶ complete ──preCommit──▶ the engine, for `commit`
 *     └──snapshot──▶ the checkpoint, from which a later writer goes on
 */
import { dirname, join } from 'node:path';
import { assert } from '../../../base/assert.ts';
import type { Batch } from '../../../data/batch.ts';
import type { SinkWriter, SinkWriterContext } from '../../../operator/sink.ts';
import type { PlainData } from '../../../operator/source.ts';
import type { CompactLimits } from '../compact/compact-options.ts';
import type { FileFormat } from '../format.ts';
import type { BucketSplitter } from './bucket-splitter.ts';
import { outputError } from './output-error.ts';
import { PartFile, type PartPlace } from './part-file.ts';
import { partLayout } from './part-layout.ts';
import {
  bucketOf,
  type CompletePart,
  hiddenPath,
  type OpenPart,
  partPath,
  type WriterEnd,
} from './part-name.ts';
import { type RollingLimits, RollingPolicy } from './rolling-policy.ts';

/** Open parts of one writer: each has a descriptor, an encoder and bytes that it gathers. */
const OPEN_PARTS_MAX = 1024;
/** Bytes that all open parts of one writer gather together before they are written. */
const GATHERED_BYTES_MAX = 16 * 1024 * 1024;

/** When parts are complete, and when several become one; null where they stay as they are. */
export type PartLimits = {
  readonly rolling: RollingLimits;
  readonly compact: CompactLimits | null;
};

export class PartWriter implements SinkWriter {
  readonly isBusy = false;
  /** Never later than the first part that is complete by time; parts that are written to become complete later. */
  wakeAtMs = Infinity;
  readonly #place: PartPlace;
  readonly #format: FileFormat;
  readonly #context: SinkWriterContext;
  readonly #policy: RollingPolicy;
  readonly #compact: CompactLimits | null;
  readonly #splitter: BucketSplitter | null;
  readonly #openPartsMax: number;
  readonly #layout: string;
  /** By bucket, least recently written first. */
  readonly #open = new Map<string, PartFile>();
  #complete: CompletePart[] = [];
  /** Folders with new names in them, which a power failure might forget. */
  readonly #newNames = new Set<string>();
  #partCount = 0;
  /** Checkpoints at which a part of this writer, or of one before it, may still wait for others. */
  #checkpointsToCount = 0;
  #gatheredBytes = 0;
  #isEnded = false;

  constructor(
    place: PartPlace,
    format: FileFormat,
    context: SinkWriterContext,
    { rolling, compact }: PartLimits,
    splitter: BucketSplitter | null,
    openPartsMax: number = OPEN_PARTS_MAX,
  ) {
    this.#place = place;
    this.#format = format;
    this.#context = context;
    this.#policy = new RollingPolicy(rolling);
    this.#compact = compact;
    this.#checkpointsToCount = this.#checkpointsToWait;
    this.#splitter = splitter;
    this.#openPartsMax = openPartsMax;
    this.#layout = partLayout(format, context.schema);
    // What the subtask would write fails here, not at the first row.
    format.createEncoder(context.schema);
    try {
      for (const part of context.restored as readonly OpenPart[]) this.#restore(part);
    } catch (error) {
      for (const part of this.#open.values()) part.abandon();
      throw error;
    }
  }

  /** Goes on with one part of each bucket; others end as they are. */
  #restore(part: OpenPart): void {
    const bucket = bucketOf(part.path);
    const isSame = part.layout === this.#layout;
    const encoder = isSame ? this.#format.createEncoder(this.#context.schema, part.encoder) : null;
    const file = PartFile.reopen(this.#place, part, encoder);
    if (isSame && !this.#open.has(bucket)) this.#admit(bucket, file);
    else this.#complete.push(this.#finished(file));
  }

  #finished(file: PartFile): CompletePart {
    if (this.#compact === null) return file.finish();
    const { isCheckpointed } = this.#context;
    return file.finishJoint({ layout: this.#layout, isCheckpointed });
  }

  write(batch: Batch): void {
    assert(!this.#isEnded, 'no rows follow the end');
    if (batch.rowCount === 0) return;
    const nowMs = this.#context.clock.now();
    if (this.#splitter === null) {
      this.#append('', batch, nowMs);
      return;
    }
    const buckets = this.#splitter.split(batch, nowMs);
    for (let n = 0; n < buckets.length; n++) {
      this.#append(buckets[n]!, this.#splitter.rowsOf(n), nowMs);
    }
  }

  #append(bucket: string, batch: Batch, nowMs: number): void {
    let part = this.#open.get(bucket);
    if (part !== undefined && this.#policy.rollsBeforeWrite(part)) {
      this.#roll(bucket, part);
      part = undefined;
    }
    if (part === undefined) {
      part = this.#begin(bucket, nowMs);
    } else if (this.#open.size > 1) {
      this.#open.delete(bucket);
      this.#open.set(bucket, part);
    }
    this.#gatheredBytes -= part.gatheredBytes;
    part.write(batch, nowMs);
    this.#gatheredBytes += part.gatheredBytes;
    if (this.#gatheredBytes >= GATHERED_BYTES_MAX) this.#flushAll();
  }

  #begin(bucket: string, nowMs: number): PartFile {
    const { runId, subtask, schema } = this.#context;
    const { extension } = this.#format;
    const path = partPath(bucket, { runId, subtask, extension }, this.#partCount++);
    if (bucket !== '') this.#makeFolder(bucket);
    this.#newNames.add(join(this.#place.folder, bucket));
    const encoder = this.#format.createEncoder(schema);
    const part = PartFile.create(this.#place, path, encoder, nowMs);
    this.#admit(bucket, part);
    return part;
  }

  #makeFolder(bucket: string): void {
    const { disk, folder } = this.#place;
    const path = join(folder, bucket);
    try {
      disk.makeFolder(path);
    } catch (error) {
      throw outputError(path, error);
    }
    for (let up = dirname(bucket); up !== '.'; up = dirname(up))
      this.#newNames.add(join(folder, up));
    this.#newNames.add(folder);
  }

  #admit(bucket: string, part: PartFile): void {
    if (this.#open.size >= this.#openPartsMax) {
      const [oldest] = this.#open;
      this.#roll(...oldest!);
    }
    this.#open.set(bucket, part);
    this.wakeAtMs = Math.min(this.wakeAtMs, this.#policy.dueAtMs(part));
  }

  #roll(bucket: string, part: PartFile): void {
    this.#gatheredBytes -= part.gatheredBytes;
    this.#complete.push(this.#finished(part));
    this.#open.delete(bucket);
  }

  #flushAll(): void {
    for (const part of this.#open.values()) part.flush();
    this.#gatheredBytes = 0;
  }

  advanceTime(nowMs: number): void {
    this.wakeAtMs = Infinity;
    for (const [bucket, part] of this.#open) {
      if (this.#policy.rollsAtTime(part, nowMs)) this.#roll(bucket, part);
      else this.wakeAtMs = Math.min(this.wakeAtMs, this.#policy.dueAtMs(part));
    }
  }

  preCommit(isEnd: boolean): readonly PlainData[] {
    const isFirstEnd = isEnd && !this.#isEnded;
    this.#isEnded ||= isEnd;
    for (const [bucket, part] of this.#open) {
      if (isEnd || part.needsEnd || this.#policy.rollsAtCheckpoint(part)) this.#roll(bucket, part);
    }
    this.#syncNames();
    const complete = this.#complete;
    this.#complete = [];
    if (isFirstEnd && this.#compact !== null) return [...complete, this.#end()];
    return complete.length > 0 ? this.#withCount(complete) : this.#withoutParts();
  }

  #end(): WriterEnd {
    const { runId, subtask, parallelism } = this.#context;
    const stepId = runId.slice(0, runId.lastIndexOf('-'));
    return { ended: { stepId, runId, subtask, parallelism } };
  }

  #withCount(complete: readonly CompletePart[]): readonly PlainData[] {
    this.#checkpointsToCount = this.#checkpointsToWait;
    return complete;
  }

  /** Counts the checkpoint, while that may matter. */
  #withoutParts(): readonly PlainData[] {
    if (this.#isEnded || this.#checkpointsToCount === 0) return [];
    this.#checkpointsToCount--;
    return [null];
  }

  /** None where they are not counted. */
  get #checkpointsToWait(): number {
    const checkpoints = this.#compact?.checkpoints ?? Infinity;
    return checkpoints === Infinity || !this.#context.isCheckpointed ? 0 : checkpoints;
  }

  snapshot(): readonly OpenPart[] {
    const parts = [...this.#open.values()].map((part) => part.snapshot(this.#layout));
    this.#gatheredBytes = 0;
    return parts;
  }

  /** New names are durable before anybody is told of them. */
  #syncNames(): void {
    for (const folder of this.#newNames) {
      try {
        this.#place.disk.syncFolder(folder);
      } catch (error) {
        throw outputError(folder, error);
      }
    }
    this.#newNames.clear();
  }

  close(): void {
    const left = [...this.#complete, ...[...this.#open.values()].map((part) => part.abandon())];
    this.#open.clear();
    this.#complete = [];
    if (this.#context.isCheckpointed) return;
    const { disk, folder } = this.#place;
    for (const { path, isInSnapshot } of left) {
      if (isInSnapshot) continue;
      disk.remove(join(folder, hiddenPath(path)));
      for (let up = dirname(path); up !== '.'; up = dirname(up)) disk.removeEmpty(join(folder, up));
    }
  }
}
