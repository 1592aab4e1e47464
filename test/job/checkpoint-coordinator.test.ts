/** The coordinator alone, subtasks played by the test, on a disk that fails. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { job } from '../../src/api/job.ts';
import { systemClock } from '../../src/base/clock.ts';
import { BlockMemory } from '../../src/channel/block-memory.ts';
import type { StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { loadCheckpoint } from '../../src/checkpoint/load-checkpoint.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { encodeToBytes, type Room } from '../../src/data/codec.ts';
import { record, t } from '../../src/data/schema.ts';
import { executionGraph } from '../../src/graph/execution-graph.ts';
import { CheckpointCoordinator } from '../../src/job/checkpoint-coordinator.ts';
import { CheckpointHistory } from '../../src/job/checkpoint-history.ts';
import { type CheckpointOptions, checkpointSettings } from '../../src/job/checkpoint-settings.ts';
import type { CheckpointKind } from '../../src/metrics/shared-counters.ts';
import { AT_END } from '../../src/state/snapshot.ts';
import { batchOfItems, type StateBlock } from '../../src/task/subtask-snapshot.ts';
import { MemoryFiles } from '../../src/testing/memory-files.ts';
import { inFolder } from '../connector/read-all.ts';

const { graph } = job(import.meta, 'played', (flow) => {
  flow
    .from(collection([1, 2, 3]))
    .rebalance()
    .to(blackhole())
    .parallelism(2);
}).build({}, false);

/** A source, subtask 0, and two subtasks of the sink, which is node 1. */
const execution = executionGraph(graph, { threads: 0, parallelism: 1 });
const SINK = 1;

function blockOf(items: readonly unknown[], room?: Room): StateBlock {
  const batch = batchOfItems(items);
  const { fields } = batch.schema!;
  const bytes = encodeToBytes(batch, room);
  const rows = batch.rowCount;
  return { node: SINK, state: 'seen', kind: 'list', fields, rows, bytes, content: 'rows' };
}

type SetUp = {
  readonly files?: MemoryFiles;
  readonly options?: Partial<CheckpointOptions>;
  /** Fails the n-th commit. */
  readonly badCommits?: readonly number[];
  /** What subtasks do when they are asked for a checkpoint; all write and are done if left out. */
  readonly onRequest?: (
    coordinator: CheckpointCoordinator,
    checkpoint: number,
    base: number,
    kind: CheckpointKind,
  ) => void;
};

function answer(coordinator: CheckpointCoordinator, checkpoint: number): void {
  for (const { id, task } of execution.subtasks) {
    if (task > 0) {
      coordinator.onCommittables(id, checkpoint, SINK, [`${checkpoint} of ${id}`]);
      coordinator.onBlock(id, checkpoint, blockOf([`state ${checkpoint} of ${id}`]));
    }
    coordinator.onDone(id, checkpoint);
  }
}

async function setUp({
  files = new MemoryFiles(),
  options = {},
  badCommits = [],
  onRequest = answer,
}: SetUp) {
  const storage = await CheckpointStorage.open('/state', { files, warn: () => {} });
  const failures: unknown[] = [];
  const warnings: string[] = [];
  const stored: StoredCheckpoint[] = [];
  const told: string[] = [];
  const turned: number[] = [];
  const committed: unknown[] = [];
  let commits = 0;
  const settings = { ...checkpointSettings({ dir: '/state', every: 0, ...options }) };
  const coordinator: CheckpointCoordinator = new CheckpointCoordinator({
    graph,
    execution,
    input: () => new Map(),
    maxParallelism: 128,
    keyGroups: graph.nodes.map(() => 128),
    isBatch: false,
    jobId: 'a1b2',
    storage,
    settings,
    request: (checkpoint, kind, base) => onRequest(coordinator, checkpoint, base, kind),
    turnUnaligned: (checkpoint) => void turned.push(checkpoint),
    goOn: () => void told.push('go on'),
    tell: (checkpoint, end) => told.push(`${checkpoint} ${end}`),
    async commit(_node, committables) {
      commits++;
      if (badCommits.includes(commits)) throw new Error(`commit ${commits} is bad`);
      committed.push(...committables);
    },
    onFailure: (error) => failures.push(error),
    onCompleted: (one) => stored.push(one),
    history: new CheckpointHistory(systemClock),
    warn: (message) => warnings.push(message),
  });
  const seen = { failures, warnings, stored, told, turned, committed };
  return { coordinator, settings, storage, files, ...seen };
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 10_000 && !condition(); n++) await sleep(1);
  assert.ok(condition(), condition.toString());
}

/** A disk on which removing takes a while. */
class SlowFiles extends MemoryFiles {
  override async remove(path: string): Promise<void> {
    await sleep(20);
    await super.remove(path);
  }
}

/** A disk that has no room for the first checkpoints. */
class BadFiles extends MemoryFiles {
  #left: number;

  constructor(bad: number) {
    super();
    this.#left = bad;
  }

  override async rename(from: string, to: string): Promise<void> {
    if (this.#left-- > 0) throw Object.assign(new Error('ENOSPC: no room'), { code: 'ENOSPC' });
    await super.rename(from, to);
  }
}

test('a checkpoint that cannot be written fails the job when none may fail', async () => {
  const { coordinator, failures, stored, committed } = await setUp({ files: new BadFiles(1) });
  coordinator.start();
  await until(() => failures.length > 0);
  await coordinator.stop();
  assert.equal((failures[0] as { code: string }).code, 'CHECKPOINT_WRITE');
  assert.deepEqual([stored, committed], [[], []]);
  assert.deepEqual(coordinator.uncommitted.get(SINK), ['1 of 1', '1 of 2']);
});

test('memory that blocks came in is free when they are written, and when nobody waits for them', async () => {
  const memory = new BlockMemory();
  const room: Room = (bytes) => memory.take(bytes);
  const pieces: ArrayBufferLike[] = [];
  const { coordinator, stored } = await setUp({
    onRequest(asked, checkpoint) {
      for (const { id, task } of execution.subtasks) {
        const block = blockOf([`state ${checkpoint} of ${id}`], room);
        pieces.push(block.bytes.buffer);
        if (task > 0) asked.onBlock(id, checkpoint, block);
        else asked.onBlock(id, checkpoint + 1, block);
        asked.onDone(id, checkpoint);
      }
    },
  });
  await coordinator.checkpoint();
  await coordinator.checkpoint();
  assert.equal(stored.length, 2);
  assert.equal(
    new Set(pieces).size,
    2,
    'the piece of the block that nobody waits for is free at once',
  );
  assert.ok(pieces.every((piece) => piece instanceof SharedArrayBuffer));
});

test('two in a row may fail: what they had prepared is committed by the next', async () => {
  const options = { tolerableFailures: 2 };
  const { coordinator, failures, stored, committed, warnings } = await setUp({
    files: new BadFiles(2),
    options,
  });
  coordinator.start();
  await until(() => stored.length > 0);
  await coordinator.stop();
  assert.deepEqual([failures.length, warnings.length], [0, 2]);
  const prepared = [1, 2, 3].flatMap((id) => [`${id} of 1`, `${id} of 2`]);
  assert.deepEqual(committed.slice(0, 6), prepared);
  assert.deepEqual(stored[0]!.manifest.operators[1]!.committables, prepared);
});

test('one that succeeds between two failures and two begins the count anew', async () => {
  class OftenBadFiles extends MemoryFiles {
    isBad = false;

    override async rename(from: string, to: string): Promise<void> {
      if (this.isBad) throw Object.assign(new Error('ENOSPC: no room'), { code: 'ENOSPC' });
      await super.rename(from, to);
    }
  }
  const files = new OftenBadFiles();
  const { coordinator, failures, stored, warnings } = await setUp({
    files,
    options: { tolerableFailures: 2 },
    onRequest(asked, checkpoint) {
      files.isBad = checkpoint % 3 !== 0;
      answer(asked, checkpoint);
    },
  });
  coordinator.start();
  await until(() => stored.length === 3 || failures.length > 0);
  await coordinator.stop();
  assert.deepEqual([failures.length, stored.map(({ manifest }) => manifest.id)], [0, [3, 6, 9]]);
  assert.ok(warnings.length >= 6);
});

test('a last savepoint that cannot be written stops nothing, but where another one has', async () => {
  await inFolder(async (folder) => {
    const { coordinator, stored, told } = await setUp({ options: { every: 5 } });
    coordinator.start();
    // Its draft has a longer name than there may be.
    const long = join(folder, 'x'.repeat(250));
    await assert.rejects(coordinator.savepoint(long, true), { code: 'CHECKPOINT_WRITE' });
    writeFileSync(join(folder, 'note'), '');
    await assert.rejects(coordinator.savepoint(folder, true), { code: 'OUTPUT_EXISTS' });
    const goesOn = (): number => told.filter((line) => line === 'go on').length;
    assert.equal(goesOn(), 2);
    const before = stored.length;
    await until(() => stored.length > before + 1);
    await coordinator.savepoint(join(folder, 'savepoint'), true);
    await assert.rejects(coordinator.savepoint(folder, true), { code: 'OUTPUT_EXISTS' });
    assert.equal(goesOn(), 2, 'it stands still for the last checkpoint');
    await coordinator.checkpoint({ isLast: true });
    await coordinator.stop();
  });
});

test('behind each checkpoint there is a pause, however soon the next is wanted', async () => {
  const requestedMs: number[] = [];
  const { coordinator, stored } = await setUp({
    options: { minPause: 40 },
    onRequest(asked, checkpoint) {
      requestedMs.push(performance.now());
      answer(asked, checkpoint);
    },
  });
  coordinator.start();
  await until(() => stored.length === 3);
  await coordinator.stop();
  const [first, second, third] = requestedMs as [number, number, number];
  assert.ok(second - first > 30 && third - second > 30, requestedMs.join(', '));
});

test('where a last checkpoint or savepoint fails, sources read on, and checkpoints are taken as before', async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder, 'note'), 'of the user');
    const { coordinator, failures, stored, told } = await setUp({ files: new BadFiles(1) });
    await assert.rejects(coordinator.checkpoint({ isLast: true }), { code: 'CHECKPOINT_WRITE' });
    assert.deepEqual(told, ['1 aborted', 'go on']);
    await sleep(20);
    assert.deepEqual(stored, [], 'none is taken before its time');
    coordinator.start();
    await assert.rejects(coordinator.savepoint(folder, true), { code: 'OUTPUT_EXISTS' });
    assert.equal(told.at(-1), 'go on');
    const before = stored.length;
    await until(() => stored.length > before);
    await coordinator.stop();
    assert.deepEqual(failures, [], 'it does not count as a checkpoint that fails');
  });
});

test('the third in a row fails the job', async () => {
  const options = { tolerableFailures: 2 };
  const { coordinator, failures } = await setUp({ files: new BadFiles(3), options });
  coordinator.start();
  await until(() => failures.length > 0);
  await coordinator.stop();
  assert.equal(failures.length, 1);
});

test('a commit that always fails fails the job, though its checkpoints are complete', async () => {
  const options = { tolerableFailures: 2 };
  const badCommits = Array.from({ length: 100 }, (_, n) => n + 1);
  const { coordinator, failures, stored } = await setUp({ options, badCommits });
  coordinator.start();
  await until(() => failures.length > 0);
  await coordinator.stop();
  assert.equal(stored.length, 3);
});

test('what a complete checkpoint has is not for discarding, though its commit failed', async () => {
  const { coordinator, failures, stored } = await setUp({ badCommits: [1] });
  await assert.rejects(coordinator.checkpoint(), { message: 'commit 1 is bad' });
  await coordinator.stop();
  assert.equal(stored[0]!.manifest.operators[1]!.committables.length, 2);
  assert.equal(coordinator.uncommitted.size, 0);
  assert.equal(failures.length, 1, 'it counts, whoever has asked');
});

test('a checkpoint that is too slow is given up; what comes late of it harms nothing', async () => {
  let isSlow = true;
  const { coordinator, settings, committed, files } = await setUp({
    files: new SlowFiles(),
    options: { timeout: 30 },
    onRequest(to, checkpoint) {
      if (!isSlow) return answer(to, checkpoint);
      to.onBlock(1, checkpoint, blockOf(['early']));
      to.onCommittables(1, checkpoint, SINK, ['of the slow one']);
      to.onDone(1, checkpoint);
    },
  });
  const given = coordinator.checkpoint();
  let isGivenUp = false;
  const refused = assert
    .rejects(given, {
      code: 'CHECKPOINT_TIMEOUT',
      message:
        /^checkpoint 1 was not complete after 30 ms: it waits for 'collection' \(all subtasks\), 'blackhole' \(subtask 1\): /,
    })
    .then(() => {
      isGivenUp = true;
    });
  // While it is given up, too.
  while (!isGivenUp) {
    coordinator.onBlock(2, 1, blockOf(['late']));
    await Promise.race([refused, sleep(0)]);
  }
  await refused;
  coordinator.onBlock(2, 1, blockOf(['later']));
  for (const subtask of [0, 2]) coordinator.onDone(subtask, 1);
  isSlow = false;
  // However busy the machine is, the next one is in time.
  Object.assign(settings, { timeoutMs: 600_000 });
  const { manifest } = await coordinator.checkpoint();
  assert.equal(manifest.id, 2);
  assert.deepEqual(committed, ['of the slow one', '2 of 1', '2 of 2']);
  assert.deepEqual(await files.list('/state/checkpoint-1'), null);
  await coordinator.stop();
});

test('a checkpoint whose parts have come, and cannot be written in time, says so', async () => {
  class StuckFiles extends MemoryFiles {
    override rename(): Promise<void> {
      return sleep(200);
    }
  }
  const { coordinator } = await setUp({ files: new StuckFiles(), options: { timeout: 30 } });
  await assert.rejects(coordinator.checkpoint(), {
    code: 'CHECKPOINT_TIMEOUT',
    message: /all parts have come, and are being written/,
  });
  await coordinator.stop();
});

test('a subtask at its end is part of each later checkpoint with its last state; the rest is committed at the end', async () => {
  const { coordinator, committed, storage, files } = await setUp({
    onRequest(to, checkpoint) {
      to.onDone(0, checkpoint);
      to.onCommittables(2, checkpoint, SINK, [`${checkpoint} of 2`]);
      to.onBlock(2, checkpoint, blockOf([`state ${checkpoint} of 2`]));
      to.onDone(2, checkpoint);
    },
  });
  coordinator.onCommittables(1, AT_END, SINK, ['end of 1']);
  coordinator.onBlock(1, AT_END, blockOf(['last state of 1']));
  coordinator.onDone(1, AT_END);
  for (const id of [1, 2]) {
    const { manifest, path } = await coordinator.checkpoint();
    const sink = manifest.operators.find(({ uid }) => uid === graph.nodes[SINK]!.uid)!;
    assert.deepEqual(
      sink.states[0]!.parts.map(({ subtask, blocks }) => [subtask, blocks[0]!.rows]),
      [
        [1, 1],
        [0, 1],
      ],
    );
    assert.equal((await loadCheckpoint(path, files)).manifest.id, id);
  }
  assert.deepEqual(committed, ['end of 1', '1 of 2', '2 of 2']);
  for (const subtask of [0, 2]) {
    coordinator.onCommittables(subtask, AT_END, SINK, [`end of ${subtask}`]);
    coordinator.onDone(subtask, AT_END);
  }
  await coordinator.finish();
  assert.deepEqual(committed.slice(3), ['end of 0', 'end of 2']);
  const last = await storage.latest();
  assert.ok(last!.manifest.isFinal);
});

test('the end is tried again by itself: the write, then the commit', async () => {
  const { coordinator, committed, storage } = await setUp({
    files: new BadFiles(1),
    badCommits: [1],
  });
  for (const { id } of execution.subtasks) {
    coordinator.onCommittables(id, AT_END, SINK, [`end of ${id}`]);
    coordinator.onDone(id, AT_END);
  }
  await assert.rejects(coordinator.finish(), { code: 'CHECKPOINT_WRITE' });
  assert.equal(coordinator.uncommitted.get(SINK)!.length, 3);
  await assert.rejects(coordinator.finish(), { message: 'commit 1 is bad' });
  assert.equal(coordinator.uncommitted.size, 0);
  await coordinator.finish();
  assert.deepEqual(committed, ['end of 0', 'end of 1', 'end of 2']);
  assert.ok((await storage.latest())!.manifest.isFinal);
});

test('a source without splits is in the checkpoint: it was read, and is not to be read again', async () => {
  const { coordinator } = await setUp({});
  const { manifest } = await coordinator.checkpoint();
  assert.equal(manifest.operators[0]!.uid, graph.nodes[0]!.uid);
  await coordinator.stop();
});

const COUNT = record({ key: t.int32, count: t.float64 });

/** Subtasks that have one state each: whole for want of a base, else what has changed, all but the first time a key has gone. */
function answerWithDeltas(coordinator: CheckpointCoordinator, checkpoint: number, base: number) {
  for (const { id, task } of execution.subtasks) {
    if (task > 0) {
      const state = { node: SINK, state: 'counts', kind: 'keyed' } as const;
      if (base > 0) {
        const head = { keyFields: 1, before: null };
        const none = { fields: [], rows: 0, bytes: new Uint8Array(0), content: head };
        coordinator.onBlock(id, checkpoint, { ...state, ...none });
      }
      const builder = new BatchBuilder(COUNT);
      builder.appendRow({ key: checkpoint, count: id });
      const bytes = encodeToBytes(builder.seal());
      const { fields } = COUNT;
      coordinator.onBlock(id, checkpoint, { ...state, fields, rows: 1, bytes, content: 'rows' });
    }
    coordinator.onDone(id, checkpoint);
  }
}

/** Where the blocks of the first part lie: those of the base, then those of each delta. */
function placesIn({ manifest }: StoredCheckpoint): string[][] {
  const { states } = manifest.operators.find(({ states }) => states[0]?.name === 'counts')!;
  const { blocks, deltas } = states[0]!.parts[0]!;
  return [blocks, ...deltas.map((delta) => delta.blocks)].map((of) =>
    of.map(({ checkpoint }) => checkpoint),
  );
}

test('a checkpoint refers to those it is a delta on; behind one that fails and a savepoint the base is the same', async () => {
  const bases: number[] = [];
  const { coordinator, files } = await setUp({
    options: { incremental: true },
    onRequest(of, checkpoint, base) {
      bases.push(base);
      answerWithDeltas(of, checkpoint, base);
    },
  });
  assert.deepEqual(placesIn(await coordinator.checkpoint()), [['']]);
  assert.deepEqual(placesIn(await coordinator.checkpoint()), [['checkpoint-1'], ['']]);
  files.fault = { at: files.operations.length + 2, kind: 'EIO' };
  await assert.rejects(coordinator.checkpoint(), { code: 'CHECKPOINT_WRITE' });
  await inFolder(async (folder) => {
    const savepoint = await coordinator.savepoint(`${folder}/savepoint`);
    assert.deepEqual(placesIn(savepoint), [['']], 'it has all in itself');
  });
  const last = await coordinator.checkpoint();
  assert.deepEqual(placesIn(last), [['checkpoint-1'], ['checkpoint-2'], ['']]);
  assert.deepEqual(bases, [0, 1, 2, 0, 2]);
  const kept = (await files.list('/state'))!.filter((name) => name.startsWith('checkpoint-'));
  assert.deepEqual(kept.sort(), ['checkpoint-1', 'checkpoint-2', 'checkpoint-5']);
  const again = await loadCheckpoint('/state/checkpoint-5', files);
  assert.deepEqual(again.manifest, last.manifest);
  await coordinator.stop();
});

test('without incremental there is no base', async () => {
  const bases: number[] = [];
  const { coordinator } = await setUp({
    onRequest(of, checkpoint, base) {
      bases.push(base);
      answer(of, checkpoint);
    },
  });
  await coordinator.checkpoint();
  await coordinator.checkpoint();
  await coordinator.stop();
  assert.deepEqual(bases, [0, 0]);
});

test('one by hand waits for the one under way, and is full where that is wanted', async () => {
  const asked: [checkpoint: number, base: number][] = [];
  const { coordinator } = await setUp({
    options: { incremental: true },
    onRequest: (_of, checkpoint, base) => void asked.push([checkpoint, base]),
  });
  const first = coordinator.checkpoint();
  const second = coordinator.checkpoint({ type: 'full' });
  const third = coordinator.checkpoint({ type: 'incremental' });
  await until(() => asked.length > 0);
  await sleep(5);
  assert.deepEqual(asked, [[1, 0]]);
  answerWithDeltas(coordinator, 1, 0);
  await first;
  await until(() => asked.length === 2);
  answerWithDeltas(coordinator, 2, 0);
  assert.deepEqual(placesIn(await second), [['']]);
  await until(() => asked.length === 3);
  answerWithDeltas(coordinator, 3, 2);
  assert.deepEqual(placesIn(await third), [['checkpoint-2'], ['']]);
  assert.deepEqual(asked.slice(1), [
    [2, 0],
    [3, 2],
  ]);
  await coordinator.stop();
});

test('those by hand and those of the interval are counted together', async () => {
  const { coordinator, failures, warnings } = await setUp({
    files: new BadFiles(2),
    options: { every: '10 min', tolerableFailures: 1 },
  });
  await assert.rejects(coordinator.checkpoint(), { code: 'CHECKPOINT_WRITE' });
  assert.deepEqual([failures.length, warnings.length], [0, 1]);
  await assert.rejects(coordinator.checkpoint(), { code: 'CHECKPOINT_WRITE' });
  assert.deepEqual([failures.length, warnings.length], [1, 1]);
  await coordinator.checkpoint();
  await coordinator.stop();
});

test('functions are told of checkpoints that are complete or given up, and of no savepoint but the last of a job without them', async () => {
  await inFolder(async (folder) => {
    const { coordinator, told } = await setUp({
      files: new BadFiles(1),
      options: { tolerableFailures: 5 },
    });
    await assert.rejects(coordinator.checkpoint(), { code: 'CHECKPOINT_WRITE' });
    await coordinator.checkpoint();
    await coordinator.savepoint(`${folder}/one`);
    await assert.rejects(coordinator.savepoint(`${folder}/one`));
    await coordinator.savepoint(`${folder}/two`, true);
    await coordinator.checkpoint({ isLast: true });
    assert.deepEqual(told, ['1 aborted', '2 completed', '5 completed']);
    await coordinator.stop();
    const ended = await setUp({ onRequest: () => {} });
    const under = ended.coordinator.checkpoint();
    await sleep(5);
    await ended.coordinator.stop();
    await assert.rejects(under, { code: 'JOB_CANCELLED' });
    assert.deepEqual(ended.told, [], 'the threads leave');
  });
});

test('one that takes long turns unaligned; one whose parts have come, a savepoint and the last do not', async () => {
  await inFolder(async (folder) => {
    let writesMs = 0;
    class SlowlyWrittenFiles extends MemoryFiles {
      override async rename(from: string, to: string): Promise<void> {
        await sleep(writesMs);
        await super.rename(from, to);
      }
    }
    let hasParts = true;
    const kinds: CheckpointKind[] = [];
    const { coordinator, turned } = await setUp({
      files: new SlowlyWrittenFiles(),
      options: { unaligned: { after: '5 ms' } },
      onRequest(of, checkpoint, _base, kind) {
        kinds.push(kind);
        if (hasParts) answer(of, checkpoint);
      },
    });
    writesMs = 40;
    await coordinator.checkpoint();
    assert.deepEqual(turned, [], 'its parts had come');
    writesMs = 0;
    hasParts = false;
    const slow = coordinator.checkpoint();
    await until(() => turned.length > 0);
    answer(coordinator, 2);
    await slow;
    assert.deepEqual(turned, [2]);
    const saved = coordinator.savepoint(`${folder}/saved`);
    await until(() => kinds.length === 3);
    await sleep(20);
    answer(coordinator, 3);
    await saved;
    const last = coordinator.checkpoint({ isLast: true });
    await until(() => kinds.length === 4);
    await sleep(20);
    answer(coordinator, 4);
    await last;
    assert.deepEqual(turned, [2]);
    assert.deepEqual(kinds, ['aligned', 'aligned', 'aligned', 'last']);
    await coordinator.stop();
  });
});
