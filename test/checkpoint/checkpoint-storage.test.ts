/** A directory of checkpoints on a real disk: what was written is found again, whole, and no more of it than is kept. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { loadCheckpoint } from '../../src/checkpoint/load-checkpoint.ts';
import { beginSavepoint } from '../../src/checkpoint/savepoint.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import { countsBatch, keyedState, manifestOf, writeCounts } from './samples.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-checkpoint-'));
after(() => rmSync(root, { recursive: true }));

let made = 0;
const newDirectory = (): string => join(root, `d${++made}`, 'state');

const namesIn = (directory: string): string[] => readdirSync(directory).sort();

test('a checkpoint that was completed is the latest, also for the next process', async () => {
  const directory = newDirectory();
  let storage = await CheckpointStorage.open(directory);
  assert.equal(await storage.latest(), null);
  assert.equal(storage.nextId(), 1);
  const block = await writeCounts(storage.begin(1), 1);
  assert.deepEqual(await storage.latest(), {
    path: join(directory, 'checkpoint-1'),
    manifest: manifestOf(1, [keyedState([block])]),
  });
  await storage.close();
  storage = await CheckpointStorage.open(directory);
  assert.equal((await storage.latest())?.manifest.id, 1);
  assert.equal(storage.nextId(), 2);
  await storage.close();
  assert.deepEqual(namesIn(directory), ['checkpoint-1']);
});

test('blocks that are added at once lie one behind the other, in the order of the calls', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory);
  const writer = storage.begin(1);
  // The first is large and takes longest.
  const sizes = [40_000, 1, 20_000, 7, 300, 60_000];
  const blocks = await Promise.all(
    sizes.map((rows) => writer.append(encodeToBytes(countsBatch(rows, 3)), rows)),
  );
  await writer.complete(manifestOf(1, [keyedState(blocks)]));
  let offset = 16;
  for (const [i, block] of blocks.entries()) {
    assert.equal(block.offset, offset);
    assert.equal(block.rows, sizes[i]);
    assert.equal(block.bytes % 8, 0);
    offset += block.bytes;
  }
  assert.notEqual(await storage.latest(), null);
  await storage.close();
});

test('what was abandoned or left unfinished leaves nothing', async () => {
  const directory = newDirectory();
  let storage = await CheckpointStorage.open(directory);
  await writeCounts(storage.begin(1), 1);
  const writer = storage.begin(2);
  await writer.append(encodeToBytes(countsBatch(5, 1)), 5);
  assert.deepEqual(namesIn(directory), ['.checkpoint-2.tmp', 'checkpoint-1', 'lock']);
  await writer.abandon();
  assert.deepEqual(namesIn(directory), ['checkpoint-1', 'lock']);
  assert.equal(storage.nextId(), 3);
  await storage.close();
  mkdirSync(join(directory, '.checkpoint-9.tmp'));
  mkdirSync(join(directory, '.mine'));
  writeFileSync(join(directory, 'notes'), '');
  storage = await CheckpointStorage.open(directory);
  await storage.close();
  assert.deepEqual(namesIn(directory), ['.mine', 'checkpoint-1', 'notes']);
});

test('closing gives up what is on its way', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory);
  void storage.begin(1).append(encodeToBytes(countsBatch(5, 1)), 5);
  await storage.close();
  assert.deepEqual(namesIn(directory), []);
});

test('closing waits for what is being completed', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory);
  const writer = storage.begin(1);
  const completing = writer.complete(manifestOf(1, []));
  await Promise.all([storage.close(), writer.abandon()]);
  assert.deepEqual(namesIn(directory), ['checkpoint-1']);
  await completing;
  assert.throws(() => writer.append(new Uint8Array(8), 1), { message: /takes no blocks/ });
  assert.throws(() => storage.begin(2), { message: /the storage is open/ });
});

test('a manifest that does not fit is a bug, and completes nothing', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory);
  const writer = storage.begin(1);
  const { offset, bytes } = await writer.append(encodeToBytes(countsBatch(5, 1)), 5);
  const beyond = keyedState([{ checkpoint: '', offset: offset + bytes, bytes, rows: 5 }]);
  for (const manifest of [
    manifestOf(2, []),
    manifestOf(1, [], 'savepoint'),
    manifestOf(1, [beyond]),
  ]) {
    await assert.rejects(writer.complete(manifest), { message: /^assertion failed/ });
  }
  await writer.complete(manifestOf(1, []));
  assert.throws(() => storage.begin(1), { message: /comes after those before/ });
  await storage.close();
});

test('older checkpoints go, state that newer ones refer to stays as long as they do', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory, { retained: 2 });
  const first = { ...(await writeCounts(storage.begin(1), 1)), checkpoint: 'checkpoint-1' };
  await writeCounts(storage.begin(2), 2, { earlier: [first] });
  await writeCounts(storage.begin(3), 3, { earlier: [first] });
  assert.deepEqual(namesIn(directory), ['checkpoint-1', 'checkpoint-2', 'checkpoint-3', 'lock']);
  assert.deepEqual(namesIn(join(directory, 'checkpoint-1')), ['state']);
  await assert.rejects(loadCheckpoint(join(directory, 'checkpoint-1')), {
    code: 'CHECKPOINT_NOT_FOUND',
  });
  await writeCounts(storage.begin(4), 4);
  assert.deepEqual(namesIn(directory), ['checkpoint-1', 'checkpoint-3', 'checkpoint-4', 'lock']);
  assert.equal((await loadCheckpoint(join(directory, 'checkpoint-3'))).manifest.id, 3);
  await storage.close();
  // The next process knows what is needed from the manifests.
  const next = await CheckpointStorage.open(directory, { retained: 2 });
  await writeCounts(next.begin(5), 5);
  assert.deepEqual(namesIn(directory), ['checkpoint-4', 'checkpoint-5', 'lock']);
  await next.close();
});

test('state that was there when a checkpoint began stays until it is complete', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory);
  const first = { ...(await writeCounts(storage.begin(1), 1)), checkpoint: 'checkpoint-1' };
  const slow = storage.begin(2);
  await writeCounts(storage.begin(3), 3);
  await writeCounts(storage.begin(4), 4);
  assert.deepEqual(namesIn(directory), ['checkpoint-1', 'checkpoint-4', 'lock']);
  await slow.abandon();
  const other = storage.begin(5);
  const wrong = storage.begin(6);
  const earlier = [{ ...first, checkpoint: 'checkpoint-3' }];
  await assert.rejects(writeCounts(wrong, 6, { earlier }), {
    message: 'assertion failed: checkpoint 6 refers to 3, which is there',
  });
  await wrong.abandon();
  await writeCounts(other, 5);
  assert.deepEqual(namesIn(directory), ['checkpoint-5', 'lock']);
  await storage.close();
});

test('a savepoint is one of its own, and is never written over anything', async () => {
  const directory = newDirectory();
  const writer = await beginSavepoint(directory);
  await writeCounts(writer, 4, { kind: 'savepoint' });
  assert.deepEqual(namesIn(directory), ['manifest.json', 'state']);
  assert.deepEqual(namesIn(join(directory, '..')), ['state']);
  assert.equal((await loadCheckpoint(directory)).manifest.kind, 'savepoint');
  await assert.rejects(beginSavepoint(directory), { code: 'OUTPUT_EXISTS' });
  await assert.rejects(beginSavepoint(join(directory, 'state')), { code: 'CHECKPOINT_WRITE' });
  await assert.rejects(beginSavepoint(join(newDirectory(), 'checkpoint-7')), {
    code: 'CHECKPOINT_WRITE',
    message: /a job takes what has such a name .* for a checkpoint of its own.* give another name$/,
  });
  const empty = newDirectory();
  mkdirSync(empty, { recursive: true });
  const storage = await CheckpointStorage.open(newDirectory());
  await writeCounts(await storage.savepoint(empty), 7, { kind: 'savepoint' });
  await storage.close();
  assert.equal((await loadCheckpoint(empty)).manifest.id, 7);
});

test('a checkpoint that somebody has removed is gone, and no warning with every checkpoint after it', async () => {
  const directory = newDirectory();
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const storage = await CheckpointStorage.open(directory, { warn });
  await writeCounts(storage.begin(1), 1);
  rmSync(join(directory, 'checkpoint-1'), { recursive: true });
  await writeCounts(storage.begin(2), 2);
  await writeCounts(storage.begin(3), 3);
  await storage.close();
  assert.deepEqual(warnings, []);
  assert.deepEqual(namesIn(directory), ['checkpoint-3']);
});

test('what is no checkpoint is not found', async () => {
  const code = 'CHECKPOINT_NOT_FOUND';
  await assert.rejects(loadCheckpoint(root), { code });
  const message = /there is no checkpoint or savepoint at .*nowhere: there is no such directory$/;
  await assert.rejects(loadCheckpoint(join(root, 'nowhere')), { code, message });
  const directory = newDirectory();
  for (const name of ['checkpoint-9', 'checkpoint-10']) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  const within = /it has them within it; give the path of one, such as checkpoint-10$/;
  await assert.rejects(loadCheckpoint(directory), { code, message: within });
  const file = join(root, 'file');
  writeFileSync(file, '');
  await assert.rejects(loadCheckpoint(file), { code: 'CHECKPOINT_NOT_FOUND' });
  await assert.rejects(CheckpointStorage.open(file), { code: 'CHECKPOINT_WRITE' });
});
