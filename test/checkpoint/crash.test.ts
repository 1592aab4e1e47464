/**
 * A checkpoint exists wholly or not at all, whatever fails and whenever: every file operation of a run fails once, or
 * the power fails in it, and the next process looks at what is left.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../src/base/errors.ts';
import { Random } from '../../src/base/random.ts';
import type { BlockRef, StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { makeDirectories } from '../../src/checkpoint/file-layer.ts';
import { loadCheckpoint } from '../../src/checkpoint/load-checkpoint.ts';
import type { Processes } from '../../src/checkpoint/process-identity.ts';
import { beginSavepoint } from '../../src/checkpoint/savepoint.ts';
import { unpackBlock } from '../../src/checkpoint/state-file.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import { type Fault, MemoryFiles, type Survival } from '../../src/testing/memory-files.ts';
import { countsBatch, keyedState, manifestOf, writeCounts } from './samples.ts';

const DIRECTORY = '/data/state';

/** Each process is the only one that runs. */
function newProcess(pid: number): Processes {
  return { self: { pid, start: `boot/${pid}`, host: 'here' }, isRunning: (one) => one.pid === pid };
}

/** What a run came to know. */
type Run = {
  /** Of the checkpoint whose `complete` has returned last. */
  completed: number;
  error: unknown;
  readonly warnings: string[];
};

/** One process: reads the latest checkpoint, and writes the next, of which a part lies in those before. */
async function runOnce(files: MemoryFiles, pid: number): Promise<Run> {
  const run: Run = { completed: 0, error: null, warnings: [] };
  try {
    const storage = await CheckpointStorage.open(DIRECTORY, {
      files,
      processes: newProcess(pid),
      warn: (message) => run.warnings.push(message),
    });
    const id = storage.nextId();
    const earlier = earlierBlocks(await storage.latest());
    const writer = storage.begin(id);
    const blocks = await Promise.all(
      [1, 2].map((factor) => writer.append(encodeToBytes(countsBatch(30, id * factor)), 30)),
    );
    await writer.complete(manifestOf(id, [keyedState([...earlier, ...blocks])]));
    run.completed = id;
    await storage.close();
  } catch (error) {
    run.error = error;
  }
  return run;
}

/** The last block of the checkpoint before and the one of the checkpoint before that. */
function earlierBlocks(stored: StoredCheckpoint | null): readonly BlockRef[] {
  if (stored === null) return [];
  const name = `checkpoint-${stored.manifest.id}`;
  const blocks = stored.manifest.operators[0]!.states[0]!.parts[0]!.blocks;
  return blocks
    .slice(-2)
    .map((block) => ({ ...block, checkpoint: block.checkpoint === '' ? name : block.checkpoint }));
}

/** Fails when the checkpoint has not what was written into it. */
async function checkContent(files: MemoryFiles, stored: StoredCheckpoint): Promise<void> {
  for (const block of stored.manifest.operators[0]!.states[0]!.parts[0]!.blocks) {
    const folder = block.checkpoint === '' ? stored.path : `${DIRECTORY}/${block.checkpoint}`;
    const bytes = (await files.read(`${folder}/state`))!;
    const at = block.offset;
    const content = unpackBlock('state', at, bytes.subarray(at, at + block.bytes));
    const id = Number(folder.split('-').at(-1));
    const expected = [id, 2 * id].map((factor) => encodeToBytes(countsBatch(30, factor)));
    assert.ok(expected.some((one) => Buffer.compare(one, content) === 0));
  }
}

/** What the next process finds; 0 for nothing. */
async function idFoundIn(files: MemoryFiles): Promise<number> {
  const warnings: string[] = [];
  const storage = await CheckpointStorage.open(DIRECTORY, {
    files,
    processes: newProcess(99),
    warn: (message) => warnings.push(message),
  });
  const latest = await storage.latest();
  if (latest !== null) await checkContent(files, latest);
  assert.deepEqual(warnings, []);
  await storage.close();
  const names = (await files.list(DIRECTORY))!;
  assert.ok(
    names.every((name) => /^checkpoint-\d+$/.test(name)),
    names.join(),
  );
  return latest?.manifest.id ?? 0;
}

async function diskAfter(runs: number): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  for (let pid = 1; pid <= runs; pid++) assert.equal((await runOnce(files, pid)).error, null);
  return files;
}

const SEEDS = 8;

function survivals(seed: number): Survival[] {
  const random = Array.from({ length: SEEDS }, (_, i) => {
    const numbers = new Random(seed * SEEDS + i);
    return { random: () => numbers.uint32() / 2 ** 32 };
  });
  return ['lost', 'kept', 'names', ...random];
}

/** Every crash of the run behind `before` others; what is found must be what `isRight` says. */
async function crashEverywhere(before: number, lies: MemoryFiles['lies'] = null): Promise<number> {
  const disk = await diskAfter(before);
  let crashes = 0;
  for (let at = 1; ; at++) {
    for (const kind of ['crash before', 'crash within', 'crash behind'] as const) {
      const files = disk.survivors('kept');
      files.fault = { at, kind };
      files.lies = lies;
      const run = await runOnce(files, 50);
      if (!files.hasCrashed) return crashes;
      for (const survival of survivals(at)) {
        const found = await idFoundIn(files.survivors(survival));
        const where = `${kind} ${files.operations.at(-1)}, ${JSON.stringify(survival)}`;
        if (run.completed > 0) assert.equal(found, before + 1, where);
        else assert.ok(found === before || found === before + 1, `${where}: found ${found}`);
        crashes++;
      }
    }
  }
}

for (const before of [0, 1, 2, 3]) {
  test(`a crash anywhere in run ${before + 1} leaves the old checkpoint or the new one`, async () => {
    assert.ok((await crashEverywhere(before)) > 500);
  });
}

test('it is the syncs that make it so: without them the same crashes do damage', async () => {
  await assert.rejects(crashEverywhere(2, 'file'));
  await assert.rejects(crashEverywhere(2, 'directory'));
});

for (const kind of ['ENOSPC', 'EIO'] as const) {
  test(`${kind} anywhere: an error, and the checkpoint before stays`, async () => {
    const disk = await diskAfter(3);
    const failed: string[] = [];
    for (let at = 1; ; at++) {
      const files = disk.survivors('kept');
      const fault: Fault = { at, kind };
      files.fault = fault;
      const run = await runOnce(files, 50);
      if (files.operations.length < at) break;
      const operation = files.operations[at - 1]!;
      if (run.completed > 0) {
        assert.equal(await idFoundIn(files.survivors('lost')), 4, operation);
        continue;
      }
      failed.push(operation);
      const { error } = run;
      assert.ok(error instanceof Error && 'code' in error, operation);
      assert.match(String(error.code), /^CHECKPOINT_/, operation);
      if (error.code === 'CHECKPOINT_WRITE') {
        assert.ok('retryable' in error && error.retryable, operation);
      }
      // The process goes: what it could not tidy up, the next one does.
      assert.equal(await idFoundIn(files.survivors('kept')), 3, operation);
      assert.equal(await idFoundIn(files.survivors('lost')), 3, operation);
    }
    const ofWriting = failed.filter((operation) => operation.includes('.checkpoint-4.tmp'));
    assert.deepEqual(ofWriting, [
      'makeDirectory /data/state/.checkpoint-4.tmp',
      'create /data/state/.checkpoint-4.tmp/state',
      'append /data/state/.checkpoint-4.tmp/state',
      'append /data/state/.checkpoint-4.tmp/state',
      'sync /data/state/.checkpoint-4.tmp/state',
      'close /data/state/.checkpoint-4.tmp/state',
      'create /data/state/.checkpoint-4.tmp/manifest.json',
      'append /data/state/.checkpoint-4.tmp/manifest.json',
      'sync /data/state/.checkpoint-4.tmp/manifest.json',
      'close /data/state/.checkpoint-4.tmp/manifest.json',
      'syncDirectory /data/state/.checkpoint-4.tmp',
      'rename /data/state/.checkpoint-4.tmp',
    ]);
    assert.equal(failed[failed.indexOf(ofWriting.at(-1)!) + 1], 'syncDirectory /data/state');
  });
}

for (const isThere of [false, true]) {
  test(`a crash anywhere leaves a savepoint or none, ${isThere ? 'in an' : 'without'} empty directory`, async () => {
    const path = '/data/before-upgrade';
    const disk = new MemoryFiles();
    if (isThere) await makeDirectories(disk, path);
    const found = { whole: 0, none: 0 };
    for (let at = 1; ; at++) {
      const files = disk.survivors('kept');
      files.fault = { at, kind: at % 2 === 0 ? 'crash within' : 'crash behind' };
      let isComplete = false;
      try {
        const writer = await beginSavepoint(path, { files, warn: () => {} });
        await writeCounts(writer, 3, { kind: 'savepoint' });
        isComplete = true;
      } catch (error) {
        assert.ok(error instanceof EngineError);
      }
      if (!files.hasCrashed) break;
      for (const survival of survivals(at)) {
        try {
          const { manifest } = await loadCheckpoint(path, files.survivors(survival));
          assert.equal(manifest.id, 3);
          found.whole++;
        } catch (error) {
          assert.ok(error instanceof EngineError && error.code === 'CHECKPOINT_NOT_FOUND');
          assert.ok(!isComplete);
          found.none++;
        }
      }
    }
    assert.ok(found.whole > 5 && found.none > 50, JSON.stringify(found));
  });
}

for (const before of [0, 1]) {
  test(`a crash behind a checkpoint ${before + 1} whose name was not made safe leaves the old one or a whole one`, async () => {
    const disk = await diskAfter(before);
    const whole = disk.survivors('kept');
    await runOnce(whole, 50);
    const renamed = whole.operations.findIndex((operation) => operation.startsWith('rename'));
    assert.equal(whole.operations[renamed + 1], `syncDirectory ${DIRECTORY}`);
    for (let seed = 0; seed < 20; seed++) {
      for (const survival of survivals(seed)) {
        const files = disk.survivors('kept');
        files.fault = { at: renamed + 2, kind: 'ENOSPC' };
        const { error } = await runOnce(files, 50);
        assert.equal((error as EngineError).code, 'CHECKPOINT_WRITE');
        const found = await idFoundIn(files.survivors(survival));
        assert.ok(found === before || found === before + 1, `found ${found}`);
      }
    }
  });
}

test('after a checkpoint that could not be written, the next one can', async () => {
  const files = await diskAfter(1);
  const warnings: string[] = [];
  const storage = await CheckpointStorage.open(DIRECTORY, {
    files,
    processes: newProcess(50),
    warn: (message) => warnings.push(message),
  });
  const failing = storage.begin(2);
  // The append, behind the directory, the file and its head.
  files.fault = { at: files.operations.length + 4, kind: 'ENOSPC' };
  const appended = [1, 2].map((n) => failing.append(encodeToBytes(countsBatch(9, n)), 9));
  const results = await Promise.allSettled(appended);
  for (const result of results) {
    assert.ok(result.status === 'rejected');
    assert.equal(result.reason.code, 'CHECKPOINT_WRITE');
    assert.match(
      result.reason.message,
      /^checkpoint 2 cannot be written to \/data\/state\/checkpoint-2: ENOSPC: .*; see that /,
    );
  }
  await assert.rejects(failing.complete(manifestOf(2, [])), {
    code: 'CHECKPOINT_WRITE',
    retryable: true,
  });
  assert.deepEqual(await files.list(DIRECTORY), ['checkpoint-1', 'lock']);
  const next = storage.begin(storage.nextId());
  await next.complete(manifestOf(3, []));
  assert.equal((await storage.latest())?.manifest.id, 3);
  assert.deepEqual(warnings, []);
  await storage.close();
});

test('an old checkpoint that cannot be removed is a warning, and goes after the next', async () => {
  const files = await diskAfter(1);
  const warnings: string[] = [];
  const storage = await CheckpointStorage.open(DIRECTORY, {
    files,
    processes: newProcess(50),
    warn: (message) => warnings.push(message),
  });
  const writer = storage.begin(2);
  const operations = files.operations.length;
  // Directory, file, head, sync, close; four for the manifest; directory, rename, directory; then the removal.
  files.fault = { at: operations + 13, kind: 'EIO' };
  await writer.complete(manifestOf(2, []));
  assert.equal(files.operations[operations + 12], 'remove /data/state/checkpoint-1/manifest.json');
  assert.match(warnings.join(), /^an old checkpoint in \/data\/state cannot be removed: EIO/);
  await storage.begin(3).complete(manifestOf(3, []));
  assert.deepEqual(await files.list(DIRECTORY), ['checkpoint-3', 'lock']);
  await storage.close();
});

test('blocks that come at once are written together, in their order', async () => {
  const files = await diskAfter(1);
  const storage = await CheckpointStorage.open(DIRECTORY, { files, processes: newProcess(50) });
  const writer = storage.begin(2);
  const before = files.operations.length;
  const contents = Array.from({ length: 200 }, (_, n) => encodeToBytes(countsBatch(n + 1, 1)));
  const blocks = await Promise.all(contents.map((content, n) => writer.append(content, n + 1)));
  const appends = files.operations.slice(before).filter((name) => name.startsWith('append'));
  assert.equal(appends.length, 2, 'the head, and all blocks');
  await writer.complete(manifestOf(2, [keyedState(blocks)]));
  const bytes = (await files.read(`${DIRECTORY}/checkpoint-2/state`))!;
  for (const [n, block] of blocks.entries()) {
    const { offset, rows } = block;
    assert.equal(rows, n + 1);
    const content = unpackBlock('state', offset, bytes.subarray(offset, offset + block.bytes));
    assert.equal(Buffer.compare(content, contents[n]!), 0, `block ${n}`);
  }
  await storage.close();
});

test('everything is synced before the name that makes it count', async () => {
  const files = await diskAfter(1);
  const storage = await CheckpointStorage.open(DIRECTORY, { files, processes: newProcess(50) });
  const before = files.operations.length;
  const writer = storage.begin(2);
  await writer.append(encodeToBytes(countsBatch(9, 1)), 9);
  await writer.complete(manifestOf(2, []));
  const paths = files.operations
    .slice(before)
    .filter((operation) => !operation.startsWith('close'))
    .map((operation) => operation.replace(`${DIRECTORY}/`, ''));
  assert.deepEqual(paths, [
    'makeDirectory .checkpoint-2.tmp',
    'create .checkpoint-2.tmp/state',
    'append .checkpoint-2.tmp/state',
    'append .checkpoint-2.tmp/state',
    'sync .checkpoint-2.tmp/state',
    'create .checkpoint-2.tmp/manifest.json',
    'append .checkpoint-2.tmp/manifest.json',
    'sync .checkpoint-2.tmp/manifest.json',
    'syncDirectory .checkpoint-2.tmp',
    'rename .checkpoint-2.tmp',
    'syncDirectory /data/state',
    'remove checkpoint-1/manifest.json',
    'syncDirectory checkpoint-1',
    'remove checkpoint-1',
  ]);
  await storage.close();
});
