/** What people see of a checkpoint. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { closeStateFiles } from '../../src/checkpoint/block-reader.ts';
import type { StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { exportState } from '../../src/checkpoint/export-state.ts';
import { describeCheckpoint } from '../../src/checkpoint/inspect.ts';
import { formatInspect } from '../../src/checkpoint/inspect-text.ts';
import { Batch } from '../../src/data/batch.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import { schemaOf } from '../../src/data/schema.ts';
import { COUNTS, countsBatch, itemsBatch, keyedState, manifestOf, writeCounts } from './samples.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-inspect-'));
const rawBytes = encodeToBytes(countsBatch(1500, 1)).length;
const itemBytes = encodeToBytes(itemsBatch([7, undefined, { a: [1n] }])).length;
let stored: StoredCheckpoint;

before(async () => {
  const storage = await CheckpointStorage.open(root);
  const first = await writeCounts(storage.begin(1), 1, { rows: 1500 });
  const writer = storage.begin(2);
  const own = await writer.append(encodeToBytes(countsBatch(2, 2)), 2);
  const items = await writer.append(encodeToBytes(itemsBatch([7, undefined, { a: [1n] }])), 3);
  await writer.complete(
    manifestOf(2, [
      keyedState([{ ...first, checkpoint: 'checkpoint-1' }, own]),
      {
        name: 'splits',
        kind: 'union',
        fields: [{ name: 'item', kind: 'dynamic', nullable: true }],
        parts: [{ subtask: 1, blocks: [items], deltas: [] }],
      },
    ]),
  );
  stored = (await storage.latest())!;
  await storage.close();
});
after(() => {
  closeStateFiles();
  rmSync(root, { recursive: true });
});

test('a summary counts rows and bytes, also those in earlier checkpoints', () => {
  const summary = describeCheckpoint(stored);
  const blocks = stored.manifest.operators[0]!.states[0]!.parts[0]!.blocks;
  const small = encodeToBytes(countsBatch(2, 2)).length;
  assert.deepEqual(summary, {
    path: join(root, 'checkpoint-2'),
    job: 'visits',
    id: 2,
    kind: 'checkpoint',
    engine: '0.1.0',
    created: '2023-11-14T22:13:20.000Z',
    maxParallelism: 128,
    isFinal: false,
    operators: [
      {
        uid: 'count',
        name: 'count by key',
        parallelism: 2,
        maxParallelism: 128,
        committables: 0,
        states: [
          {
            name: 'counts',
            kind: 'keyed',
            fields: ['key: int32', 'count: float64'],
            blocks: 2,
            rows: 1502,
            rawBytes: rawBytes + small,
            storedBytes: blocks[0]!.bytes + blocks[1]!.bytes,
            deltaBytes: 0,
            deltas: 0,
          },
          {
            name: 'splits',
            kind: 'union',
            fields: ['item: dynamic or null'],
            blocks: 1,
            rows: 3,
            rawBytes: itemBytes,
            storedBytes: stored.manifest.operators[0]!.states[1]!.parts[0]!.blocks[0]!.bytes,
            deltaBytes: 0,
            deltas: 0,
          },
        ],
      },
      {
        uid: 'files',
        name: 'files',
        parallelism: 1,
        maxParallelism: 128,
        committables: 1,
        states: [],
      },
    ],
  });
});

test('a summary as text', () => {
  const summary = describeCheckpoint(stored);
  const states = summary.operators[0]!.states.map((state, i) => ({
    ...state,
    rawBytes: [30_000_000, 96][i]!,
    storedBytes: [8192, 120][i]!,
  }));
  const idle = {
    uid: 'idle',
    name: 'idle',
    parallelism: 16,
    maxParallelism: 128,
    states: [],
    committables: 0,
  };
  const text = formatInspect({
    ...summary,
    path: '/state/checkpoint-2',
    operators: [{ ...summary.operators[0]!, states }, summary.operators[1]!, idle],
  });
  assert.equal(
    text,
    `checkpoint 2 of job 'visits'
path     /state/checkpoint-2
created  2023-11-14T22:13:20.000Z by millrace 0.1.0, maximal parallelism 128
state    1,505 rows, 8.1 KiB stored

uid    operator      parallelism  state         kind    rows       raw   stored  fields
count  count by key            2  counts        keyed  1,502  28.6 MiB  8.0 KiB  key: int32, count: float64
count  count by key            2  splits        union      3      96 B    120 B  item: dynamic or null
files  files                   1  committables             1
idle   idle                   16
`,
  );
  const own = formatInspect({ ...summary, operators: [{ ...idle, maxParallelism: 4096 }] });
  assert.match(own, /\nuid +operator +parallelism +maximal +state/);
  assert.match(own, /\nidle +idle +16 +4096\n/);
  const last = { ...summary, kind: 'savepoint', isFinal: true, operators: [] } as const;
  assert.match(formatInspect(last), /^savepoint 2 of job 'visits', at the end of the job\n/);
});

test('a state is exported row by row', () => {
  const rows: unknown[] = [];
  assert.equal(
    exportState(stored, 'count', 'counts', (row) => rows.push(row)),
    1502,
  );
  assert.deepEqual(rows, [...countsBatch(1500, 1).rowObjects(), ...countsBatch(2, 2).rowObjects()]);
  rows.length = 0;
  exportState(stored, 'count', 'splits', (row) => rows.push(row));
  assert.deepEqual(rows, [7, undefined, { a: [1n] }]);
});

test('what is not there is told with what is', () => {
  const path = join(root, 'checkpoint-2');
  const cases = [
    ['counts', 'counts', `${path} has no operator with uid 'counts'; it has 'count', 'files'`],
    ['count', 'x', `${path} has no state 'x' of operator 'count', which has 'counts', 'splits'`],
    ['files', 'x', `${path} has no state 'x' of operator 'files', which has none`],
  ] as const;
  for (const [uid, state, message] of cases) {
    assert.throws(() => exportState(stored, uid, state, () => {}), {
      code: 'CHECKPOINT_NOT_FOUND',
      message,
    });
  }
});

test('deltas are told by their bytes, and each key is exported once, as the newest of them has it', async () => {
  const folder = join(root, 'deltas');
  const storage = await CheckpointStorage.open(folder);
  const writer = storage.begin(1);
  const append = async (rows: number, factor: number) =>
    await writer.append(encodeToBytes(countsBatch(rows, factor)), rows);
  const keys = countsBatch(2, 0);
  const gone = new Batch({
    rowCount: 2,
    schema: schemaOf(COUNTS.fields.slice(0, 1)),
    columns: keys.columns.slice(0, 1),
    keyHashes: keys.keyHashes,
  });
  const removed = [await writer.append(encodeToBytes(gone), 2)];
  const blocks = [await append(5, 1)];
  const older = { keyFields: 1, before: null, blocks: [await append(4, 10)], removed: [] };
  const newer = { keyFields: 1, before: null, blocks: [], removed };
  const deltas = [older, newer];
  const state = { ...keyedState([]), parts: [{ subtask: 0, blocks, deltas }] };
  await writer.complete(manifestOf(1, [state]));
  const incremental = (await storage.latest())!;
  await storage.close();
  const summary = describeCheckpoint(incremental);
  const [counts] = summary.operators[0]!.states;
  const inDeltas = older.blocks[0]!.bytes + removed[0]!.bytes;
  assert.equal(counts!.rows, 9);
  assert.equal(counts!.deltas, 2);
  assert.equal(counts!.deltaBytes, inDeltas);
  assert.equal(counts!.storedBytes, blocks[0]!.bytes + inDeltas);
  const text = formatInspect(summary);
  assert.match(
    text,
    new RegExp(`^state    9 rows, .* stored, ${inDeltas} B of it in deltas$`, 'm'),
  );
  assert.match(
    text,
    new RegExp(`^count .* stored  of it deltas  fields$|${inDeltas} B in 2  key`, 'm'),
  );
  const rows: unknown[] = [];
  exportState(incremental, 'count', 'counts', (row) => rows.push(row));
  assert.deepEqual(rows, [
    { key: 2, count: 20 },
    { key: 3, count: 30 },
    { key: 4, count: 4 },
  ]);
});
