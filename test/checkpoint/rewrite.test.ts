/** Savepoints with state from outside: what each mode makes of incremental checkpoints, and keys of every kind. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Manifest, StateManifest, StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { exportState, stateOf } from '../../src/checkpoint/export-state.ts';
import { loadCheckpoint } from '../../src/checkpoint/load-checkpoint.ts';
import { type EditMode, rewriteSavepoint } from '../../src/checkpoint/rewrite/rewrite.ts';
import { Batch } from '../../src/data/batch.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import { keyGroupRange } from '../../src/data/key-group.ts';
import { hashKeyValue } from '../../src/data/key-hash.ts';
import { type Field, schemaOf } from '../../src/data/schema.ts';
import { countsBatch, manifestOf } from './samples.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-rewrite-'));
after(() => rmSync(root, { recursive: true }));

const FIELDS: readonly Field[] = [
  { name: 'key', kind: 'int32', nullable: false },
  { name: '#value', kind: 'float64', nullable: false },
];

type Row = Readonly<Record<string, unknown>>;

/** Key n has n * factor. */
function valuesBatch(rows: number, factor: number): Batch {
  const { rowCount, columns, keyHashes } = countsBatch(rows, factor);
  return new Batch({ rowCount, columns, keyHashes, schema: schemaOf(FIELDS) });
}

/** With two deltas in an earlier checkpoint and a removal: keys 2 and 3 have 20 and 30, key 4 has 4. */
let incremental: StoredCheckpoint;

before(async () => {
  const storage = await CheckpointStorage.open(join(root, 'state'));
  const first = storage.begin(1);
  const base = await first.append(encodeToBytes(valuesBatch(5, 1)), 5);
  await first.complete(manifestOf(1, []));
  const second = storage.begin(2);
  const changed = await second.append(encodeToBytes(valuesBatch(4, 10)), 4);
  const { columns, keyHashes } = countsBatch(2, 0);
  const schema = schemaOf(FIELDS.slice(0, 1));
  const gone = new Batch({ rowCount: 2, schema, columns: columns.slice(0, 1), keyHashes });
  const removed = [await second.append(encodeToBytes(gone), 2)];
  const delta = { keyFields: 1, before: null };
  const parts = [
    {
      subtask: 0,
      blocks: [{ ...base, checkpoint: 'checkpoint-1' }],
      deltas: [
        { ...delta, blocks: [changed], removed: [] },
        { ...delta, blocks: [], removed },
      ],
    },
  ];
  const state = (name: string): StateManifest => ({ name, kind: 'keyed', fields: FIELDS, parts });
  // The hashes of the sample are the keys: they are divided as by one subtask.
  const { operators, ...rest } = manifestOf(2, [state('state/changed'), state('state/other')]);
  const [counts, ...others] = operators;
  const manifest = { ...rest, operators: [{ ...counts!, parallelism: 1 }, ...others] };
  await second.complete(manifest);
  incremental = (await storage.latest())!;
  await storage.close();
});

function rowsOf(stored: StoredCheckpoint, state: string): readonly Row[] {
  const rows: Row[] = [];
  exportState(stored, 'count', state, (row) => rows.push(row as Row));
  return rows.sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1));
}

/** The savepoint in which `changed` is made of these rows. */
async function rewritten(
  from: StoredCheckpoint,
  to: string,
  mode: EditMode,
  rows: readonly Row[],
): Promise<StoredCheckpoint> {
  const given = {
    rows: rows.map((row, at) => ({ row, at })),
    place: (at: number) => `row ${at}`,
  };
  const edit = { uid: 'count', state: 'changed', mode, rows: () => given };
  const path = join(root, to);
  await rewriteSavepoint(from, [edit], path, { nowMs: 1000 });
  return await loadCheckpoint(path);
}

const WAS = [
  { key: 2, '#value': 20 },
  { key: 3, '#value': 30 },
  { key: 4, '#value': 4 },
];

test('state in deltas over several checkpoints is replaced, merged into and removed from', async () => {
  assert.deepEqual(rowsOf(incremental, 'changed'), WAS);
  const cases: readonly (readonly [EditMode, readonly Row[], readonly Row[]])[] = [
    ['replace', [{ key: 3, '#value': -1 }], [{ key: 3, '#value': -1 }]],
    ['replace', [], []],
    [
      'merge',
      [
        { key: 3, '#value': -1 },
        { key: 0, '#value': 7 },
      ],
      [{ key: 0, '#value': 7 }, WAS[0]!, { key: 3, '#value': -1 }, WAS[2]!],
    ],
    ['remove', [{ key: 2 }, { key: 4 }], [WAS[1]!]],
  ];
  for (const [n, [mode, rows, now]] of cases.entries()) {
    const made = await rewritten(incremental, `made ${n}`, mode, rows);
    assert.deepEqual(rowsOf(made, 'changed'), now, mode);
    assert.deepEqual(rowsOf(made, 'other'), WAS);
    const { operators, kind, id, jobId, createdAt } = made.manifest;
    assert.deepEqual([kind, id, jobId, createdAt], ['savepoint', 2, 'a1b2c3d4', 1000]);
    assert.deepEqual(operators[1], incremental.manifest.operators[1], 'committables stay');
  }
});

test('a key that was removed before is none that can be removed', async () => {
  const removing = rewritten(incremental, 'none', 'remove', [{ key: 2 }, { key: 0 }]);
  await assert.rejects(removing, { code: 'INPUT_MALFORMED', message: /^row 1: / });
  assert.deepEqual(
    readdirSync(root).filter((name) => name.includes('none')),
    [],
  );
});

function empty(fields: readonly Field[], parallelism = 3): StoredCheckpoint {
  const state: StateManifest = { name: 'state/changed', kind: 'keyed', fields, parts: [] };
  const manifest: Manifest = manifestOf(0, [state], 'savepoint');
  const [counts] = manifest.operators;
  return { path: '', manifest: { ...manifest, operators: [{ ...counts!, parallelism }] } };
}

const ANY_KEY: readonly Field[] = [
  { name: 'key', kind: 'dynamic', nullable: false },
  { name: '#value', kind: 'dynamic', nullable: false },
];

test('keys of any kind go to the subtasks of their key groups', async () => {
  const keys = [1, -5, 'a', '\u{1f600}', 2n ** 70n, true, 0.5, new Date(7)];
  const many = Array.from({ length: 9000 }, (_, n) => n + 100);
  const rows = [...many, ...keys].map((key) => ({ key, '#value': null }));
  const made = await rewritten(empty(ANY_KEY), 'keys', 'replace', rows);
  const { parts } = stateOf(made, 'count', 'changed');
  assert.deepEqual(
    parts.map(({ subtask }) => subtask),
    [0, 1, 2],
  );
  const found: unknown[] = [];
  for (const part of parts) {
    const { first, last } = keyGroupRange(part.subtask, 3, 128);
    const state = { ...stateOf(made, 'count', 'changed'), parts: [part] };
    const manifest = manifestOf(0, [state], 'savepoint');
    for (const { key, ...rest } of rowsOf({ ...made, manifest }, 'changed')) {
      const group = hashKeyValue(key, ['key']) % 128;
      assert.ok(group >= first && group <= last, `${key} in ${part.subtask}`);
      assert.deepEqual(rest, { '#value': null });
      found.push(key);
    }
  }
  assert.deepEqual(new Set(found.map(String)), new Set(rows.map(({ key }) => String(key))));
  assert.equal(found.length, rows.length);
});

test('a key that none can have is told with its row', async () => {
  for (const key of [null, undefined, Number.NaN, {}]) {
    const rows = [{ key: 1 }, { key }].map((row) => ({ ...row, '#value': 1 }));
    await assert.rejects(rewritten(empty(ANY_KEY), 'bad key', 'replace', rows), {
      code: 'INPUT_MALFORMED',
      message: /^row 1: /,
    });
  }
});

test('state of one key for all has one row', async () => {
  const fields = FIELDS.slice(1);
  const made = await rewritten(empty(fields), 'all', 'replace', [{ '#value': 3 }]);
  assert.deepEqual(rowsOf(made, 'changed'), [{ '#value': 3 }]);
  assert.equal(stateOf(made, 'count', 'changed').parts.length, 1);
  const twice = [{ '#value': 3 }, { '#value': 3 }];
  await assert.rejects(rewritten(empty(fields), 'twice', 'replace', twice), {
    message: 'row 1: the key has a row already, at row 0',
  });
});

test('what was touched last is as the rows say, or now', async () => {
  const fields: readonly Field[] = [
    ...FIELDS,
    { name: '#touched', kind: 'timestamp', nullable: false },
  ];
  const rows = [
    { key: 1, '#value': 1, '#touched': 5 },
    { key: 2, '#value': 1 },
  ];
  const made = await rewritten(empty(fields), 'touched', 'replace', rows);
  assert.deepEqual(rowsOf(made, 'changed'), [rows[0], { ...rows[1], '#touched': 1000 }]);
});

test('elements of lists close the gaps between their numbers, and come in any order', async () => {
  const fields: readonly Field[] = [
    FIELDS[0]!,
    { name: '#index', kind: 'float64', nullable: false },
    { name: '#element', kind: 'string', nullable: false },
  ];
  const element = (key: number, index: number, text: string) => ({
    key,
    '#index': index,
    '#element': text,
  });
  const rows = [element(1, 9, 'c'), element(2, 0, 'x'), element(1, 2, 'a'), element(1, 7, 'b')];
  const made = await rewritten(empty(fields), 'elements', 'replace', rows);
  const now = rowsOf(made, 'changed').toSorted(
    (a, b) => Number(a.key) - Number(b.key) || Number(a['#index']) - Number(b['#index']),
  );
  assert.deepEqual(now, [
    element(1, 0, 'a'),
    element(1, 1, 'b'),
    element(1, 2, 'c'),
    element(2, 0, 'x'),
  ]);
});

test('entries of maps are told apart as a map does', async () => {
  const fields: readonly Field[] = [
    FIELDS[0]!,
    { name: '#key', kind: 'dynamic', nullable: false },
    { name: '#value', kind: 'boolean', nullable: false },
  ];
  const entries = (...keys: readonly unknown[]): Row[] =>
    keys.map((key) => ({ key: 1, '#key': key, '#value': true }));
  const all = entries(1, '1', 1n, null, true, 'true', Number.NaN, '');
  const made = await rewritten(empty(fields), 'entries', 'replace', all);
  assert.equal(rowsOf(made, 'changed').length, all.length);
  for (const keys of [
    [0, -0],
    [Number.NaN, Number.NaN],
    ['a', 'a'],
    [1, {}],
  ]) {
    const rows = entries(...keys);
    await assert.rejects(rewritten(empty(fields), 'same', 'replace', rows), {
      message: /^row 1: /,
    });
  }
});

test('a run that has ended, and state of windows, cannot be changed', async () => {
  const ended = { ...incremental, manifest: { ...incremental.manifest, isFinal: true } };
  await assert.rejects(rewritten(ended, 'ended', 'replace', []), { code: 'STATE_INCOMPATIBLE' });
  const [counts, ...others] = incremental.manifest.operators;
  const states = [{ ...counts!.states[0]!, name: 'changed' }];
  const manifest = { ...incremental.manifest, operators: [{ ...counts!, states }, ...others] };
  await assert.rejects(rewritten({ ...incremental, manifest }, 'panes', 'replace', []), {
    code: 'STATE_INCOMPATIBLE',
    message: /^state 'changed' of operator 'count' cannot be written from outside/,
  });
});
