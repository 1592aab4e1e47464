/**
 * The checkpoints of one attempt to run a job: asks for them, gathers what subtasks write, makes the checkpoint exist, then
 * commits.
 *
 *   begin → (onBlock | onCommittables)* → onDone of every subtask → complete → commit
 *
 * A subtask that has come to its end is part of every later checkpoint with its last state. What sinks have prepared is
 * committed by the first checkpoint that completes with it, whatever has become of those between. One checkpoint is on its
 * way at a time.
 */

import { join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import { giveBack } from '../channel/block-memory.ts';
import type { CheckpointWriter, Manifest, StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import { nameOf } from '../checkpoint/checkpoint-names.ts';
import type { CheckpointStorage } from '../checkpoint/checkpoint-storage.ts';
import type { FileLayer } from '../checkpoint/file-layer.ts';
import { beginSavepoint, prepareSavepoint } from '../checkpoint/savepoint.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { LogicalGraph, NodeId } from '../graph/graph.ts';
import type { CheckpointEnd, CheckpointKind } from '../metrics/shared-counters.ts';
import type { PlainData } from '../operator/source.ts';
import { AT_END } from '../state/snapshot.ts';
import { NO_TIMES, type StateBlock } from '../task/subtask-snapshot.ts';
import type { BegunCheckpoint, CheckpointHistory } from './checkpoint-history.ts';
import { type PartPlace, partPlaces } from './checkpoint-parts.ts';
import { CheckpointSchedule } from './checkpoint-schedule.ts';
import {
  type CheckpointSettings,
  type CheckpointType,
  DEFAULT_CHECKPOINT_TIMEOUT_MS,
} from './checkpoint-settings.ts';
import { timeoutError } from './checkpoint-timeout.ts';
import { type CommitNode, Committables, type Prepared } from './committables.ts';
import {
  buildManifest,
  type InputSplits,
  inputBlocks,
  type StoredBlock,
} from './manifest-builder.ts';
import { type Complete, PendingCheckpoint, type Target } from './pending-checkpoint.ts';

export type CoordinatorOptions = {
  readonly graph: LogicalGraph;
  readonly execution: ExecutionGraph;
  /** Splits of the sources, as they are known now. */
  readonly input: () => InputSplits;
  readonly maxParallelism: number;
  readonly keyGroups: readonly number[];
  readonly isBatch: boolean;
  readonly jobId: string;
  /** Null: no checkpoints are taken; sinks commit at the end. */
  readonly storage: CheckpointStorage | null;
  /** Where savepoints are; those of the system if left out. */
  readonly files?: FileLayer;
  readonly settings: CheckpointSettings | null;
  /** Asks for the barrier. `base`: the checkpoint that state may be written on as a delta, 0 for none. */
  readonly request: (checkpoint: number, kind: CheckpointKind, base: number) => void;
  /** Has the barrier of the checkpoint under way, which was aligned, overtake what is on its way. */
  readonly turnUnaligned: (checkpoint: number) => void;
  /** What was to be the last has failed: sources, which stand still behind its barrier, go on. */
  readonly goOn: () => void;
  /** Tells functions that listen, of checkpoints, and of the savepoint that a job without them is stopped behind. */
  readonly tell: (checkpoint: number, end: CheckpointEnd) => void;
  readonly commit: CommitNode;
  /** Too many checkpoints have failed, or a commit has. */
  readonly onFailure: (error: unknown) => void;
  readonly onCompleted: (stored: StoredCheckpoint) => void;
  /** For those who watch the job. */
  readonly history: CheckpointHistory;
  readonly warn: (message: string) => void;
};

/** Behind one that `isLast` the job stands still. */
type How = { readonly isLast: boolean; readonly type: CheckpointType };

export class CheckpointCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #places: readonly PartPlace[];
  /** Last state of the subtasks that have come to their end. */
  readonly #atEnd = new Map<number, StateBlock[]>();
  readonly #ended = new Set<number>();
  readonly #committables: Committables;
  #pending: PendingCheckpoint | null = null;
  /** The last complete checkpoint of this attempt. */
  #last: Manifest | null = null;
  /** The checkpoint that is being asked for, written or committed. */
  #current: Promise<unknown> = Promise.resolve();
  #lastId = 0;
  #lastSavepoint: string | null = null;
  /** Null where none are taken. */
  readonly #schedule: CheckpointSchedule | null;
  /** The attempt has ended: none can get through. */
  #hasEnded = false;
  /** A savepoint is complete behind which the job stands still, until there is the last checkpoint too. */
  #hasLastSavepoint = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#places = partPlaces(options.graph, options.execution);
    this.#committables = new Committables(options.commit);
    const { settings, storage, onFailure, warn } = options;
    this.#schedule =
      settings === null || storage === null
        ? null
        : new CheckpointSchedule({ settings, take: () => this.checkpoint(), onFailure, warn });
  }

  onBlock(subtask: number, checkpoint: number, block: StateBlock): void {
    if (checkpoint === AT_END) {
      const blocks = this.#atEnd.get(subtask) ?? [];
      blocks.push(block);
      this.#atEnd.set(subtask, blocks);
    } else if (this.#pending?.id === checkpoint) {
      this.#pending.write(subtask, block);
    } else {
      giveBack(block.bytes);
    }
  }

  onCommittables(
    subtask: number,
    checkpoint: number,
    node: NodeId,
    committables: readonly PlainData[],
  ): void {
    this.#committables.add({ subtask, checkpoint, node, committables });
  }

  onDone(subtask: number, checkpoint: number, times = NO_TIMES): void {
    const pending = this.#pending;
    const isAtEnd = checkpoint === AT_END;
    if (isAtEnd) this.#ended.add(subtask);
    if (pending === null) return;
    const isNew = isAtEnd ? !pending.done.has(subtask) : pending.id === checkpoint;
    if (isNew) pending.options.begun.onSubtaskDone(subtask, isAtEnd ? null : times);
    if (isNew && !isAtEnd) pending.done.add(subtask);
    this.#completeIfWhole(pending);
  }

  /** Takes checkpoints from time to time, until `stop`. */
  start(): void {
    this.#schedule?.start();
  }

  /**
   * A checkpoint now, or when the one under way is over; resolves when it is complete and committed. One that fails counts
   * as one of the schedule does.
   */
  async checkpoint({
    isLast = false,
    type = 'configured',
  }: Partial<How> = {}): Promise<StoredCheckpoint> {
    if (isLast) this.#schedule?.stop();
    try {
      return await this.#exclusive(() => this.#checkpoint({ isLast, type }));
    } catch (error) {
      this.#schedule?.onFailed(error);
      if (isLast) this.#goOn();
      throw error;
    }
  }

  /** Nothing was stopped: the job runs, and checkpoints are taken again. */
  #goOn(): void {
    if (this.#hasEnded) return;
    this.#hasLastSavepoint = false;
    this.#options.goOn();
    this.#schedule?.goOn();
  }

  async #checkpoint(how: How): Promise<StoredCheckpoint> {
    const id = this.#nextId();
    const { stored, prepared } = await this.#take(id, 'checkpoint', this.#target(id), how);
    await this.#committables.commit(prepared);
    this.#schedule?.onSuccess();
    return stored;
  }

  #target(id: number): Target {
    const storage = this.#options.storage!;
    return { writer: storage.begin(id), path: join(storage.directory, nameOf(id)) };
  }

  /**
   * A snapshot into a directory of the user. It commits nothing, unless it is the last of a job without checkpoints: with
   * them the last checkpoint does, since a job that goes on from an older one would commit the same rows again. Behind one that was
   * to be the last, and could not be written, the job goes on.
   */
  async savepoint(path: string, isLast = false): Promise<StoredCheckpoint> {
    if (!isLast) return await this.#savepoint(path, isLast);
    this.#schedule?.stop();
    try {
      const stored = await this.#savepoint(path, isLast);
      this.#hasLastSavepoint = true;
      return stored;
    } catch (error) {
      if (!this.#hasLastSavepoint) this.#goOn();
      throw error;
    }
  }

  #savepoint(path: string, isLast: boolean): Promise<StoredCheckpoint> {
    return this.#exclusive(async () => {
      const writer = await this.#beginSavepoint(path);
      const id = this.#nextId();
      const how = { isLast, type: 'full' } as const;
      const { stored, prepared } = await this.#take(id, 'savepoint', { writer, path }, how);
      if (!isLast || this.#options.storage !== null) return stored;
      this.#committables.markDurable(prepared);
      this.#options.tell(id, 'completed');
      await this.#committables.commit(prepared);
      return stored;
    });
  }

  async #beginSavepoint(path: string): Promise<CheckpointWriter> {
    const { files, warn } = this.#options;
    return await beginSavepoint(path, files === undefined ? { warn } : { files, warn });
  }

  /** Barriers have rising numbers, those of savepoints too. */
  #nextId(): number {
    this.#lastId = Math.max(this.#lastId + 1, this.#options.storage?.nextId() ?? 1);
    return this.#lastId;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#current.then(work);
    this.#current = result.catch(() => {});
    return result;
  }

  async #take(
    id: number,
    kind: Manifest['kind'],
    target: Target,
    { isLast, type }: How,
  ): Promise<Complete> {
    const { writer } = target;
    if (this.#hasEnded) {
      await writer.abandon();
      throw new EngineError('JOB_CANCELLED', `the job ended before checkpoint ${id} was complete`);
    }
    let cancelTimer = (): void => {};
    let stopAligning = (): void => {};
    const begun = this.#begin(id, kind);
    try {
      return await new Promise<Complete>((resolve, reject) => {
        const { settings } = this.#options;
        const isIncremental = type !== 'full' && settings?.isIncremental === true;
        const base = isIncremental ? this.#last : null;
        const timeoutMs = settings?.timeoutMs ?? DEFAULT_CHECKPOINT_TIMEOUT_MS;
        const isMissing = (subtask: number): boolean =>
          !pending.done.has(subtask) && !this.#ended.has(subtask);
        cancelTimer = after(timeoutMs, () =>
          reject(timeoutError(id, timeoutMs, this.#options.execution, isMissing)),
        );
        const input = this.#options.input();
        const pending = new PendingCheckpoint({
          id,
          kind,
          base,
          target,
          input,
          begun,
          resolve,
          reject,
        });
        this.#pending = pending;
        const isUnaligned = kind === 'checkpoint' && !isLast && settings?.isUnaligned === true;
        const alignedMs = isUnaligned ? settings.alignedMs : Infinity;
        const barrier = isLast ? 'last' : alignedMs === 0 ? 'unaligned' : 'aligned';
        this.#options.request(id, barrier, base?.id ?? 0);
        if (alignedMs > 0 && isUnaligned) {
          // Once all parts have come nobody has anything to overtake, however long they take to be written.
          stopAligning = after(alignedMs, () => {
            if (this.#pending === pending) this.#options.turnUnaligned(id);
          });
        }
        if (this.#pending !== null) this.#completeIfWhole(this.#pending);
      });
    } catch (error) {
      // What still comes for it has nowhere to go.
      this.#pending = null;
      begun.failed(error);
      if (kind === 'checkpoint' && !this.#hasEnded) this.#options.tell(id, 'aborted');
      await writer.abandon().catch(() => {});
      throw error;
    } finally {
      cancelTimer();
      stopAligning();
    }
  }

  #begin(id: number, kind: Manifest['kind']): BegunCheckpoint {
    const begun = this.#options.history.begin(id, kind, this.#places);
    for (const subtask of this.#ended) begun.onSubtaskDone(subtask, null);
    return begun;
  }

  /** The parts of all subtasks have come, but for those that have come to their end. */
  #completeIfWhole(pending: PendingCheckpoint): void {
    const { subtasks } = this.#options.execution;
    if (!subtasks.every(({ id }) => pending.done.has(id) || this.#ended.has(id))) return;
    this.#pending = null;
    const { resolve, reject } = pending.options;
    this.#complete(pending).then(resolve, reject);
  }

  async #complete(pending: PendingCheckpoint): Promise<Complete> {
    const { done } = pending;
    const { id, kind, base, target, input, begun } = pending.options;
    for (const subtask of this.#ended) {
      if (done.has(subtask)) continue;
      for (const block of this.#atEnd.get(subtask) ?? []) {
        pending.write(subtask, { ...block, bytes: block.bytes.slice() });
      }
    }
    const { graph, execution } = this.#options;
    for (const { subtask, block } of inputBlocks(graph, execution, input)) {
      pending.write(subtask, block);
    }
    const stored = await pending.stored();
    const prepared = this.#committables.upTo(id, done, this.#ended);
    const manifest = this.#manifest(id, kind, false, stored, prepared, base);
    await target.writer.complete(manifest);
    const complete = { stored: { path: target.path, manifest }, prepared };
    begun.completed(complete.stored);
    if (kind === 'checkpoint') this.#completed(complete.stored, prepared);
    return complete;
  }

  #completed(stored: StoredCheckpoint, prepared: readonly Prepared[]): void {
    this.#committables.markDurable(prepared);
    this.#last = stored.manifest;
    this.#options.onCompleted(stored);
    this.#options.tell(stored.manifest.id, 'completed');
  }

  /**
   * All subtasks have come to their end: a last checkpoint, then all that is left is committed. What fails may be tried
   * again.
   */
  async finish(): Promise<void> {
    const { storage, settings } = this.#options;
    this.#schedule?.stop();
    this.#hasEnded = true;
    await this.#current;
    if (storage !== null && settings !== null) {
      const id = this.#nextId();
      const { writer, path } = this.#target(id);
      const prepared = this.#committables.all;
      const manifest = this.#lastManifest(id, 'checkpoint');
      await this.#completeLast(writer, { path, manifest });
      this.#completed({ path, manifest }, prepared);
    }
    if (this.#lastSavepoint !== null) {
      const path = this.#lastSavepoint;
      const writer = await this.#beginSavepoint(path);
      const manifest = this.#lastManifest(this.#nextId(), 'savepoint');
      await this.#completeLast(writer, { path, manifest });
    }
    await this.#committables.commit(this.#committables.all);
  }

  async #completeLast(writer: CheckpointWriter, stored: StoredCheckpoint): Promise<void> {
    const begun = this.#begin(stored.manifest.id, stored.manifest.kind);
    try {
      await writer.complete(stored.manifest);
    } catch (error) {
      begun.failed(error);
      throw error;
    }
    begun.completed(stored);
  }

  #lastManifest(id: number, kind: Manifest['kind']): Manifest {
    return this.#manifest(id, kind, true, [], this.#committables.all, null);
  }

  /** Has a savepoint written when all has come to its end. EngineError OUTPUT_EXISTS, CHECKPOINT_WRITE where it cannot be. */
  async savepointAtEnd(path: string): Promise<void> {
    await prepareSavepoint(path, this.#options.files);
    this.#lastSavepoint = path;
  }

  #manifest(
    id: number,
    kind: Manifest['kind'],
    isFinal: boolean,
    blocks: readonly StoredBlock[],
    prepared: readonly Prepared[],
    base: Manifest | null,
  ): Manifest {
    const { graph, execution, jobId, maxParallelism, keyGroups, isBatch } = this.#options;
    return buildManifest({
      id,
      kind,
      jobId,
      maxParallelism,
      keyGroups,
      isBatch,
      isFinal,
      graph,
      execution,
      blocks,
      prepared,
      base,
    });
  }

  /** What sinks have prepared and no checkpoint has: by node. */
  get uncommitted(): ReadonlyMap<NodeId, readonly PlainData[]> {
    return this.#committables.uncommitted;
  }

  /** The attempt is over: gives up what is on its way. Resolves when nothing is written or committed any more. */
  async stop(): Promise<void> {
    this.#schedule?.stop();
    this.#hasEnded = true;
    const pending = this.#pending;
    pending?.options.reject(
      new EngineError(
        'JOB_CANCELLED',
        `the job ended before checkpoint ${pending.id} was complete`,
      ),
    );
    await this.#current;
  }
}
