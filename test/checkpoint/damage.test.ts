/** What is not as it was written is never taken for a checkpoint: each byte changed, each length cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { blockKey } from '../../src/checkpoint/block-reader.ts';
import type { BlockRef } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { crc32 } from '../../src/checkpoint/crc32.ts';
import { loadCheckpoint, verifyBlocks } from '../../src/checkpoint/load-checkpoint.ts';
import { decodeManifest, encodeManifest } from '../../src/checkpoint/manifest.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import type { Delta } from '../../src/state/generations.ts';
import { MemoryFiles } from '../../src/testing/memory-files.ts';
import { countsBatch, itemsBatch, keyedState, manifestOf, writeCounts } from './samples.ts';

const DIRECTORY = '/state';

/** Two checkpoints; the second has a block of its own, one of the first, and items. */
async function twoCheckpoints(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const storage = await CheckpointStorage.open(DIRECTORY, { files, retained: 2 });
  const first = await writeCounts(storage.begin(1), 1, { rows: 3 });
  const writer = storage.begin(2);
  const own = await writer.append(encodeToBytes(countsBatch(40, 2)), 40);
  const items = await writer.append(encodeToBytes(itemsBatch([{ offset: 7 }])), 1);
  await writer.complete(
    manifestOf(2, [
      keyedState([{ ...first, checkpoint: 'checkpoint-1' }, own]),
      {
        name: 'splits',
        kind: 'list',
        fields: [{ name: 'value', kind: 'dynamic', nullable: false }],
        parts: [{ subtask: 1, blocks: [items], deltas: [] }],
      },
    ]),
  );
  await storage.close();
  return files;
}

/** The id that is found in spite of the damage, and the warnings. */
async function idFoundIn(files: MemoryFiles): Promise<{ id: number; warnings: string[] }> {
  const warnings: string[] = [];
  const storage = await CheckpointStorage.open(DIRECTORY, {
    files,
    warn: (message) => warnings.push(message),
  });
  const id = (await storage.latest())?.manifest.id ?? 0;
  await storage.close();
  return { id, warnings };
}

for (const name of ['state', 'manifest.json']) {
  const path = `${DIRECTORY}/checkpoint-2/${name}`;

  const mustBeRefused = async (files: MemoryFiles, what: string): Promise<void> => {
    const { id, warnings } = await idFoundIn(files);
    assert.equal(id, 1, what);
    assert.equal(warnings.length, 1, what);
    assert.ok(warnings[0]!.startsWith(`checkpoint 2 is damaged and left out: ${path}`), what);
    await assert.rejects(loadCheckpoint(`${DIRECTORY}/checkpoint-2`, files), {
      name: 'EngineError',
      code: 'CHECKPOINT_DAMAGED',
    });
  };

  test(`${name}: any byte changed, by one bit or altogether`, async () => {
    const files = await twoCheckpoints();
    const bytes = files.bytesOf(path).slice();
    assert.deepEqual(await idFoundIn(files), { id: 2, warnings: [] });
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1 << (at % 8), 0xff]) {
        const changed = bytes.slice();
        changed[at] = changed[at]! ^ mask;
        files.setBytes(path, changed);
        await mustBeRefused(files, `byte ${at} of ${bytes.length}, bits ${mask}`);
      }
    }
  });

  test(`${name}: cut off anywhere`, async () => {
    const files = await twoCheckpoints();
    const bytes = files.bytesOf(path).slice();
    for (let length = 0; length < bytes.length; length++) {
      files.setBytes(path, bytes.slice(0, length));
      await mustBeRefused(files, `${length} of ${bytes.length}`);
    }
  });

  test(`${name}: missing`, async () => {
    const files = await twoCheckpoints();
    await files.remove(path);
    if (name === 'state') return mustBeRefused(files, 'missing');
    // Without its manifest it is none.
    assert.deepEqual(await idFoundIn(files), { id: 1, warnings: [] });
  });
}

test('state: blocks that are read together, and one that is larger than what is read at a time', async () => {
  const files = new MemoryFiles();
  const storage = await CheckpointStorage.open(DIRECTORY, { files });
  const writer = storage.begin(1);
  const random = new Random(3);
  const blocks: BlockRef[] = [];
  // The third belongs to nothing: there is a gap.
  for (const size of [300_000, 500_000, 40_000, 700_000, 2_500_000, 80]) {
    const content = Uint8Array.from({ length: size }, () => random.below(256));
    blocks.push(await writer.append(content, 1));
  }
  blocks.splice(2, 1);
  await writer.complete(manifestOf(1, [keyedState(blocks.toReversed())]));
  await storage.close();
  const path = `${DIRECTORY}/checkpoint-1`;
  await loadCheckpoint(path, files);
  const bytes = files.bytesOf(`${path}/state`);
  for (const { offset, bytes: length } of blocks) {
    for (const at of [offset, offset + 16, offset + length - 1]) {
      bytes[at]! ^= 1;
      await assert.rejects(loadCheckpoint(path, files), {
        code: 'CHECKPOINT_DAMAGED',
        message: new RegExp(`byte ${offset}: `),
      });
      bytes[at]! ^= 1;
    }
    files.setBytes(`${path}/state`, bytes.slice(0, offset + length - 1));
    await assert.rejects(loadCheckpoint(path, files), { code: 'CHECKPOINT_DAMAGED' });
    files.setBytes(`${path}/state`, bytes);
  }
});

test('state of an earlier checkpoint that is damaged damages those that refer to it', async () => {
  const files = await twoCheckpoints();
  files.bytesOf(`${DIRECTORY}/checkpoint-1/state`)[40]! ^= 1;
  await assert.rejects(idFoundIn(files), {
    code: 'CHECKPOINT_DAMAGED',
    message:
      /^no checkpoint in \/state is whole: \/state\/checkpoint-1\/state, byte 16: the checksum of the block is wrong; start from a savepoint/,
  });
});

/** Checkpoint 1 is whole, 2 is whole, and 3 and 4 are deltas on 2. */
async function deltasOnTheSecond(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const storage = await CheckpointStorage.open(DIRECTORY, { files, retained: 4 });
  await writeCounts(storage.begin(1), 1);
  const block = await writeCounts(storage.begin(2), 2);
  const base = [{ ...block, checkpoint: 'checkpoint-2' }];
  const deltas: Delta<BlockRef>[] = [];
  for (const id of [3, 4]) {
    const writer = storage.begin(id);
    const own = await writer.append(encodeToBytes(countsBatch(3, id)), 3);
    const keys = await writer.append(encodeToBytes(itemsBatch([id])), 1);
    deltas.push({ keyFields: 1, before: null, blocks: [own], removed: [keys] });
    const part = { subtask: 0, blocks: base, deltas: [...deltas] };
    await writer.complete(manifestOf(id, [{ ...keyedState([]), parts: [part] }]));
    const named = { checkpoint: `checkpoint-${id}` };
    deltas[deltas.length - 1] = {
      ...deltas.at(-1)!,
      blocks: [{ ...own, ...named }],
      removed: [{ ...keys, ...named }],
    };
  }
  await storage.close();
  return files;
}

test('a base that is damaged damages all on top of it: the one before it is loaded', async () => {
  const files = await deltasOnTheSecond();
  assert.deepEqual(await idFoundIn(files), { id: 4, warnings: [] });
  files.bytesOf(`${DIRECTORY}/checkpoint-2/state`)[40]! ^= 1;
  const { id, warnings } = await idFoundIn(files);
  assert.equal(id, 1);
  assert.deepEqual(
    warnings.map((warning) => warning.slice(0, 'checkpoint 4 is damaged'.length)),
    ['checkpoint 4 is damaged', 'checkpoint 3 is damaged', 'checkpoint 2 is damaged'],
  );
});

test('any byte of a delta changed: what is on top of it is damaged, what is below is loaded', async () => {
  const files = await deltasOnTheSecond();
  const bytes = files.bytesOf(`${DIRECTORY}/checkpoint-3/state`);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at]! ^= 1 << (at % 8);
    assert.equal((await idFoundIn(files)).id, 2, `byte ${at}`);
    bytes[at]! ^= 1 << (at % 8);
  }
  await files.remove(`${DIRECTORY}/checkpoint-3/state`);
  assert.equal((await idFoundIn(files)).id, 2, 'it is missing');
});

test('blocks that threads have verified are not read once more, all others are', async () => {
  const files = await twoCheckpoints();
  const stored = await loadCheckpoint(`${DIRECTORY}/checkpoint-2`, files);
  const file = `${stored.path}/state`;
  const [, own] = stored.manifest.operators[0]!.states[0]!.parts[0]!.blocks;
  const bytes = files.bytesOf(file).slice();
  bytes[own!.offset] = bytes[own!.offset]! ^ 1;
  files.setBytes(file, bytes);
  await verifyBlocks(stored, new Set([blockKey(file, own!.offset)]), files);
  for (const others of [[], [blockKey(`${DIRECTORY}/checkpoint-1/state`, own!.offset)]]) {
    await assert.rejects(verifyBlocks(stored, new Set(others), files), {
      code: 'CHECKPOINT_DAMAGED',
      message: new RegExp(`byte ${own!.offset}: `),
    });
  }
});

test('deltas of a manifest have one key, which the state has', async () => {
  const files = await deltasOnTheSecond();
  const { manifest } = await loadCheckpoint(`${DIRECTORY}/checkpoint-4`, files);
  const state = manifest.operators[0]!.states[0]!;
  const [part] = state.parts;
  for (const [keyFields, reason] of [
    [[1, 2], 'parts is not a list of parts that have one key'],
    [[3, 3], 'parts is not a list of parts that have one key'],
    [[1, -1], 'keyFields is not a whole number'],
  ] as const) {
    const deltas = part!.deltas.map((delta, n) => ({ ...delta, keyFields: keyFields[n]! }));
    const wrong = manifestOf(4, [{ ...state, parts: [{ ...part!, deltas }] }]);
    assert.throws(() => decodeManifest('m', encodeManifest(wrong)), {
      code: 'CHECKPOINT_DAMAGED',
      message: new RegExp(reason),
    });
  }
});

test('a block of another length than the manifest says is damage', async () => {
  const files = await twoCheckpoints();
  const { manifest } = await loadCheckpoint(`${DIRECTORY}/checkpoint-2`, files);
  const state = manifest.operators[0]!.states[0]!;
  const [, own] = state.parts[0]!.blocks;
  const shifted = { ...own!, bytes: own!.bytes + 8 };
  files.setBytes(
    `${DIRECTORY}/checkpoint-2/manifest.json`,
    encodeManifest(manifestOf(2, [keyedState([shifted])])),
  );
  await assert.rejects(loadCheckpoint(`${DIRECTORY}/checkpoint-2`, files), {
    code: 'CHECKPOINT_DAMAGED',
  });
});

test('a disk that cannot read is damage, missing permission is not', async () => {
  for (const [code, expected] of [
    ['EIO', 'CHECKPOINT_DAMAGED'],
    ['EACCES', 'CHECKPOINT_NOT_FOUND'],
  ] as const) {
    const files = await twoCheckpoints();
    files.open = async () => {
      throw Object.assign(new Error(code), { code });
    };
    await assert.rejects(idFoundIn(files), { code: expected });
  }
});

/** A manifest whose checksum is right. */
function withBody(body: string, version = 1): Uint8Array {
  const bytes = new TextEncoder().encode(body);
  const checksum = crc32(bytes).toString(16).padStart(8, '0');
  return new TextEncoder().encode(
    `{"version":${version},"checksum":"${checksum}","manifest":${body}}\n`,
  );
}

test('a manifest comes back as it was', () => {
  const block = { checkpoint: 'checkpoint-12', offset: 16, bytes: 32, rows: 1 };
  const manifest = manifestOf(13, [keyedState([block]), keyedState([], '𝒳 "\ud800"')]);
  assert.deepEqual(decodeManifest('m', encodeManifest(manifest)), manifest);
});

test('operators of a manifest that has one number of key groups have that', () => {
  const manifest = manifestOf(13, [keyedState([])]);
  const old = JSON.stringify({ ...manifest, maxParallelism: 50 }).replaceAll(
    '"maxParallelism":128,',
    '',
  );
  const { operators } = decodeManifest('m', withBody(old));
  assert.deepEqual(
    operators.map(({ maxParallelism }) => maxParallelism),
    [50, 50],
  );
});

test('a manifest of before rows and connectors were told has none of them', () => {
  const body = JSON.stringify(manifestOf(1, []));
  const old = body.replaceAll('"rows":null,', '').replaceAll('"keptBy":null,', '');
  assert.notEqual(old, body);
  const { operators } = decodeManifest('m', withBody(old));
  assert.deepEqual(
    operators.map(({ rows, keptBy }) => [rows, keptBy]),
    [
      [null, null],
      [null, null],
    ],
  );
});

test('a manifest of a newer version names it', () => {
  assert.throws(() => decodeManifest('/a/manifest.json', withBody('{}', 2)), {
    code: 'CHECKPOINT_DAMAGED',
    message: '/a/manifest.json: it has version 2, of a newer engine; use that engine to read it',
  });
});

test('a manifest of another shape is refused, with the place in it', () => {
  const block = { checkpoint: '', offset: 16, bytes: 32, rows: 1 };
  const good = JSON.stringify(manifestOf(1, [keyedState([block])]));
  const cases: readonly (readonly [string, string, string])[] = [
    ['"id":1', '"id":-1', 'id is not a whole number of at least 0, but -1'],
    ['"id":1', '"id":1.5', 'id is not a whole number of at least 0, but 1.5'],
    ['"job":"visits",', '', 'job is not a string, but nothing'],
    ['"isFinal":false', '"isFinal":0', 'isFinal is not true or false, but 0'],
    ['"kind":"checkpoint"', '"kind":"x"', 'kind is not one of checkpoint, savepoint, but "x"'],
    ['"version":1', '"version":3', 'version is not one of 1, but 3'],
    ['"maxParallelism":128', '"maxParallelism":0', 'maxParallelism is not a whole number of at'],
    ['"createdAt":17', '"createdAt":null,"x":17', 'createdAt is not a whole number of at least 0,'],
    ['"createdAt":17', '"createdAt":90000', 'createdAt is not a time, but 9000000000000000'],
    ['"uid":"files"', '"uid":7', 'operators[1].uid is not a string, but 7'],
    ['"parallelism":2', '"parallelism":"2"', 'operators[0].parallelism is not a whole number'],
    [
      '"parallelism":2,"maxParallelism":128',
      '"parallelism":2,"maxParallelism":0.5',
      'operators[0].maxParallelism is not a whole number of at least 1, but 0.5',
    ],
    ['"committables":[]', '"committables":{}', 'operators[0].committables is not a list, but {}'],
    ['"kind":"keyed"', '"kind":"keys"', 'operators[0].states[0].kind is not one of keyed, list,'],
    ['"kind":"int32"', '"kind":"int"', 'operators[0].states[0].fields[0].kind is not one of'],
    ['"name":"count",', '"name":"key",', 'operators[0].states[0].fields is not a list of fields'],
    ['"nullable":false', '"nullable":null', 'operators[0].states[0].fields[0].nullable is not'],
    ['"subtask":0', '"subtask":[]', 'operators[0].states[0].parts[0].subtask is not a whole'],
    ['"offset":16', '"offset":8', 'operators[0].states[0].parts[0].blocks[0].offset is not a'],
    ['"offset":16', '"offset":20', 'blocks[0].offset is not a multiple of 8, but 20'],
    ['"bytes":32', '"bytes":1e999', 'blocks[0].bytes is not a whole number of at least 16'],
    ['"checkpoint":""', '"checkpoint":"../x"', `blocks[0].checkpoint is not '' or the name of a`],
    ['"rows":1', '"rows":true', 'blocks[0].rows is not a whole number of at least 0, but true'],
    ['"blocks":[{', '"blocks":[[],{', 'blocks[0] is not an object, but []'],
  ];
  for (const [from, to, expected] of cases) {
    const body = good.replace(from, to);
    assert.notEqual(body, good, from);
    assert.throws(
      () => decodeManifest('m', withBody(body)),
      (error: Error & { code?: string }) =>
        error.code === 'CHECKPOINT_DAMAGED' && error.message.includes(expected),
      `${to}: ${expected}`,
    );
  }
  for (const body of ['null', '[]', '7', '{', '']) {
    assert.throws(() => decodeManifest('m', withBody(body)), { code: 'CHECKPOINT_DAMAGED' }, body);
  }
  const savepoint = good
    .replace('"kind":"checkpoint"', '"kind":"savepoint"')
    .replace('"checkpoint":""', '"checkpoint":"checkpoint-1"');
  assert.throws(() => decodeManifest('m', withBody(savepoint)), {
    message: `m: operators[0].states[0].parts[0].blocks[0].checkpoint is not '', but "checkpoint-1"`,
  });
});
