/** `millrace snapshot import` and `create`: state from files, and what a job makes of it that goes on from there. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { stateBatches } from '../../src/checkpoint/export-state.ts';
import { findSnapshot } from '../../src/checkpoint/find-snapshot.ts';
import { loadCheckpoint } from '../../src/checkpoint/load-checkpoint.ts';
import { rewriteSavepoint } from '../../src/checkpoint/rewrite/rewrite.ts';
import {
  readStateFile,
  type StateFileKind,
  stateEncoder,
} from '../../src/checkpoint/rewrite/state-files.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { jobFile, millrace } from './command-line.ts';
import { type Account, COUNT, sale, shop } from './jobs/shop.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-import-'));
after(() => rm(folder, { recursive: true }));

const SAVEPOINT = join(folder, 'savepoint');
const CHECKPOINTS = join(folder, 'state');
const STATES = ['total', 'first', 'last', 'days', 'most', 'mean', 'tags'];

type Row = Readonly<Record<string, unknown>>;

before(async () => {
  const client = await shop.start({
    ...{ threads: 0, parallelism: 3 },
    params: { out: join(folder, 'before'), rate: 4000, holdAt: 6000 },
    checkpoints: { dir: CHECKPOINTS, every: '50 ms', incremental: true },
  });
  while (client.status().records < 3000) await delay(5);
  await client.stop({ savepoint: SAVEPOINT });
});

/** The bytes that export writes. */
async function exported(path: string, uid: string, state: string, kind: StateFileKind) {
  const { schema, batches } = stateBatches(await findSnapshot(path), uid, state);
  const encoder = stateEncoder(kind, schema);
  const pieces: Uint8Array[] = [];
  for (const batch of batches) pieces.push(encoder.encode(batch));
  return Buffer.concat([...pieces, encoder.finish()]);
}

/** The rows in any order. */
async function linesOf(path: string, uid: string, state: string): Promise<readonly string[]> {
  const text = (await exported(path, uid, state, 'jsonl')).toString();
  return text.trim().split('\n').sort();
}

async function rowsOf(path: string, uid: string, state: string): Promise<readonly Row[]> {
  return (await linesOf(path, uid, state)).map((line) => JSON.parse(line) as Row);
}

function writeLines(name: string, rows: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

function importing(uid: string, state: string, from: string, to: string, ...more: string[]) {
  const args = ['--uid', uid, '--state', state, '--from', from, '--to', join(folder, to)];
  return [...args, ...more];
}

async function imported(from: string, ...args: string[]): Promise<string> {
  const { code, stderr } = await millrace('snapshot', 'import', from, ...args);
  assert.deepEqual([code, stderr], [EXIT.done, '']);
  return args[7]!;
}

/** What the job makes of the rest, from a savepoint: accounts by key, and the last turnover of each shop. */
async function goOn(restoreFrom: string, name: string, options: { parallelism: number }) {
  const out = join(folder, name);
  if (existsSync(join(folder, 'before'))) cpSync(join(folder, 'before'), out, { recursive: true });
  await shop.run({ threads: 0, ...options, params: { out }, restoreFrom });
  const read = <T>(step: string): T[] =>
    readdirSync(join(out, step))
      .filter((part) => part.startsWith('part-'))
      .flatMap((part) =>
        readFileSync(join(out, step, part), 'utf8')
          .trim()
          .split('\n'),
      )
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  const turnover = new Map<number, number>();
  for (const { shop: number, amount } of read<{ shop: number; amount: number }>('turnover')) {
    turnover.set(number, Math.max(amount, turnover.get(number) ?? 0));
  }
  const accounts = read<Account>('accounts');
  return { accounts: new Map(accounts.map((one) => [keyOf(one), one])), turnover };
}

function keyOf(row: Row | Account): string {
  return `${row.user} in ${row.shop}`;
}

/** Of all sales. */
function totals(): Map<string, number> {
  const sums = new Map<string, number>();
  for (let i = 0; i < COUNT; i++) {
    const { amount, ...key } = sale(i);
    const name = keyOf(key);
    sums.set(name, (sums.get(name) ?? 0) + amount);
  }
  return sums;
}

for (const [what, path] of [
  ['a savepoint', SAVEPOINT],
  ['a checkpoint', CHECKPOINTS],
] as const) {
  test(`what is exported from ${what} is imported as it was, by JSON lines and by Parquet`, async () => {
    const from = await findSnapshot(path);
    for (const kind of ['jsonl', 'parquet'] as const) {
      const states = [
        ...STATES.map((state) => ['accounts', state] as const),
        ['turnover', 'values'] as const,
      ];
      const edits = await Promise.all(
        states.map(async ([uid, state]) => {
          const file = join(folder, `${state}.${kind}`);
          writeFileSync(file, await exported(path, uid, state, kind));
          return { uid, state, mode: 'replace' as const, rows: readStateFile.bind(null, file) };
        }),
      );
      const to = join(folder, `again from ${what} by ${kind}`);
      await rewriteSavepoint(from, edits, to);
      for (const [uid, state] of [...states, ['accounts', 'event timers'] as const]) {
        const before = await linesOf(path, uid, state);
        assert.ok(before.length >= 3, state);
        assert.deepEqual(await linesOf(to, uid, state), before, `${uid} ${state}`);
      }
      const { manifest } = await loadCheckpoint(to);
      assert.equal(manifest.jobId, from.manifest.jobId);
      assert.equal(manifest.kind, 'savepoint');
      const accounts = manifest.operators.find(({ uid }) => uid === 'accounts')!;
      assert.equal(accounts.parallelism, 3);
      const total = accounts.states.find(({ name }) => name === 'state/total')!;
      assert.deepEqual(
        total.parts.map(({ subtask }) => subtask),
        [0, 1, 2],
      );
    }
  });
}

test('totals that are corrected, removed and added by hand are those that the job goes on with', async () => {
  const before = await rowsOf(SAVEPOINT, 'accounts', 'total');
  const added = { user: 'late', shop: 1, '#value': 1000 };
  const [wrong, gone] = before.filter(({ user }) => user !== 'late') as [Row, Row];
  const changed = [wrong, gone, added].map(keyOf);
  const others = before.filter((row) => !changed.includes(keyOf(row)));
  const file = writeLines('total.jsonl', [{ ...wrong, '#value': 5 }, ...others, added]);
  const first = await imported(SAVEPOINT, ...importing('accounts', 'total', file, 'corrected'));
  const sums = await rowsOf(first, 'turnover', 'values');
  const more = writeLines('values.jsonl', [{ ...sums[0]!, '#sum amount': 1_000_000 }]);
  const path = await imported(
    first,
    ...importing('turnover', 'values', more, 'corrected twice', '--merge'),
  );
  const then = new Map(before.map((row) => [keyOf(row), row['#value'] as number]));
  const expected = totals();
  const change = (key: string, by: number) => expected.set(key, expected.get(key)! + by);
  change(keyOf(wrong), 5 - then.get(keyOf(wrong))!);
  change(keyOf(gone), -then.get(keyOf(gone))!);
  change(keyOf(added), 1000 - (then.get(keyOf(added)) ?? 0));
  const { accounts: unchanged } = await goOn(SAVEPOINT, 'unchanged', { parallelism: 3 });
  for (const parallelism of [3, 2]) {
    const { accounts, turnover } = await goOn(path, `corrected ${parallelism}`, { parallelism });
    assert.deepEqual(
      [...accounts].map(([key, { total }]) => [key, total]).sort(),
      [...expected].sort(),
    );
    const without = ([key, { total: _, ...rest }]: [string, Account]) => [key, rest];
    assert.deepEqual([...accounts].map(without).sort(), [...unchanged].map(without).sort());
    const ofShop = totalOf(sums[0]!.shop as number);
    const was = sums[0]!['#sum amount'] as number;
    assert.equal(turnover.get(sums[0]!.shop as number), ofShop - was + 1_000_000);
    assert.equal(turnover.get(sums[1]!.shop as number), totalOf(sums[1]!.shop as number));
  }
});

function totalOf(number: number): number {
  let sum = 0;
  for (let i = 0; i < COUNT; i++) if (sale(i).shop === number) sum += sale(i).amount;
  return sum;
}

test('merged, keys that are not in the file stay; removed, all others do', async () => {
  const before = await linesOf(CHECKPOINTS, 'accounts', 'last');
  const rowsBefore = await rowsOf(CHECKPOINTS, 'accounts', 'last');
  const { user, shop: number } = rowsBefore.find((row) => row.user !== 'late')!;
  const ofKey = (line: string): boolean =>
    line.startsWith(JSON.stringify({ user, shop: number }).slice(0, -1));
  const others = before.filter((line) => !ofKey(line));
  assert.equal(others.length, before.length - 3);
  // Without '#index' elements are in the order of their rows.
  const rows = [9, 8, 7, 6].map((element) => ({ user, shop: number, '#element': element }));
  const file = writeLines('some.jsonl', rows);
  const merged = await imported(
    CHECKPOINTS,
    ...importing('accounts', 'last', file, 'merged', '--merge'),
  );
  const now = rows.map((row, index) =>
    JSON.stringify({ user, shop: number, '#index': index, '#element': row['#element'] }),
  );
  assert.deepEqual(await linesOf(merged, 'accounts', 'last'), [...others, ...now].sort());

  const keys = writeLines('keys.jsonl', [{ user, shop: number }]);
  const removing = importing('accounts', 'last', keys, 'removed', '--remove', '--json');
  const { code, stdout } = await millrace('snapshot', 'import', merged, ...removing);
  assert.equal(code, EXIT.done);
  assert.deepEqual(JSON.parse(stdout), {
    ...{ path: join(folder, 'removed'), uid: 'accounts', state: 'last', mode: 'remove' },
    ...{ keys: 1, rows: others.length },
  });
  assert.deepEqual(await linesOf(join(folder, 'removed'), 'accounts', 'last'), others);
});

test('state of another system moves into a job that has never run', async () => {
  const create = ['snapshot', 'create', jobFile('shop'), '--max-parallelism', '60', '--json'];
  const empty = join(folder, 'empty');
  const created = await millrace(...create, '--to', empty);
  assert.equal(created.code, EXIT.done, created.stderr);
  assert.deepEqual(JSON.parse(created.stdout), {
    ...{ path: empty, job: 'shop' },
    states: STATES.map((state) => ({ uid: 'accounts', state })),
  });
  const rows = [
    { user: 'user 0', shop: 0, '#value': 500 },
    { user: 'late', shop: 2, '#value': 0.5 },
    { user: 'nobody', shop: 7, '#value': 1 },
  ];
  const first = await imported(
    empty,
    ...importing('accounts', 'total', writeLines('moved.jsonl', rows), 'moved'),
  );
  const days = [{ user: 'user 0', shop: 0, '#key': -1, '#value': 'before' }];
  const second = await imported(
    first,
    ...importing('accounts', 'days', writeLines('days.jsonl', days), 'moved twice'),
  );
  const expected = totals();
  expected.set('user 0 in 0', expected.get('user 0 in 0')! + 500);
  expected.set('late in 2', expected.get('late in 2')! + 0.5);
  const { accounts, turnover } = await goOn(second, 'after the move', { parallelism: 4 });
  assert.deepEqual(
    [...accounts].map(([key, { total }]) => [key, total]).sort(),
    [...expected].sort(),
  );
  assert.deepEqual(accounts.get('user 0 in 0')!.days[0], [-1, 'before']);
  assert.equal(turnover.get(0), totalOf(0));
});

test('a state that a savepoint has nothing of is told by the job', async () => {
  const none = join(folder, 'no totals');
  const from = await loadCheckpoint(SAVEPOINT);
  const manifest = {
    ...from.manifest,
    operators: from.manifest.operators.filter(({ uid }) => uid !== 'accounts'),
  };
  await rewriteSavepoint({ ...from, manifest }, [], none);
  const row = { user: 'ada', shop: 1, '#value': 1 };
  const args = importing('accounts', 'total', writeLines('one.jsonl', [row]), 'told');
  const untold = await millrace('snapshot', 'import', none, ...args);
  assert.equal(untold.code, EXIT.failed);
  assert.match(untold.stderr, /^error CHECKPOINT_NOT_FOUND: .* no operator with uid 'accounts'/);
  const path = await imported(none, ...args, '--module', jobFile('shop'));
  assert.deepEqual(await rowsOf(path, 'accounts', 'total'), [row]);
});

const BAD: readonly (readonly [state: string, rows: readonly unknown[], message: RegExp])[] = [
  [
    'total',
    [{ user: 'a', shop: 1, '#valu': 1 }],
    /:1: there is no field '#valu'; the state has user, shop, #value$/,
  ],
  ['total', [{ user: 'a', shop: 1 }], /:1: field '#value' is missing$/],
  ['total', [{ user: 'a', shop: 1, '#value': '1' }], /:1: field '#value' wants float64, got "1"$/],
  ['total', [{ user: 'a', shop: 1.5, '#value': 1 }], /:1: field 'shop' wants int32, got 1.5$/],
  ['total', [{ user: null, shop: 1, '#value': 1 }], /:1: field 'user' is null$/],
  ['total', [[1]], /:1: wanted an object, got \[object Array\]$/],
  [
    'total',
    [1, 2, 1].map((number) => ({ user: 'a', shop: number, '#value': 1 })),
    /:3: the key has a row already, at .*bad\.jsonl:1$/,
  ],
  [
    'days',
    [1, 1].map((key) => ({ user: 'a', shop: 1, '#key': key, '#value': 'x' })),
    /:2: the key with this #key has a row already, at .*bad\.jsonl:1$/,
  ],
  [
    'last',
    [0, 0].map((index) => ({ user: 'a', shop: 1, '#index': index, '#element': 1 })),
    /:2: element 0 of the list has a row already, at .*bad\.jsonl:1$/,
  ],
  [
    'last',
    [{ '#index': 0 }, {}].map((index) => ({ user: 'a', shop: 1, ...index, '#element': 1 })),
    /:[12]: another element of its list, at .*bad\.jsonl:[12], has an #index or none, unlike this/,
  ],
  [
    'last',
    [{ user: 'a', shop: 1, '#index': -1, '#element': 1 }],
    /:1: field '#index' is not a whole number from 0 on, but -1$/,
  ],
  [
    'tags',
    [{ user: 'a', shop: 1, '#value': { '#date': 'x' } }],
    /:1: .* is no value: #date is a time/,
  ],
  [
    'first',
    [{ user: 'a', shop: 1, '#value.amount': 1, '#value.note': null }],
    /:1: field '#value.time' is missing$/,
  ],
];

test('a row that will not do is told with its place, and nothing is written', async () => {
  const from = await loadCheckpoint(SAVEPOINT);
  const bad = join(folder, 'bad.jsonl');
  const to = join(folder, 'below', 'bad');
  const before = readdirSync(folder);
  const refused = async (state: string, text: string, code: string, message: RegExp) => {
    writeFileSync(bad, text);
    const rows = readStateFile.bind(null, bad);
    const edit = { uid: 'accounts', state, mode: 'replace' as const, rows };
    await assert.rejects(rewriteSavepoint(from, [edit], to), { code, message });
  };
  for (const [state, rows, message] of BAD) {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await refused(state, text, 'INPUT_MALFORMED', message);
  }
  await refused('total', '{"user":\n', 'INPUT_MALFORMED', /:1: /);
  await refused('event timers', '', 'STATE_INCOMPATIBLE', /its rows do not tell all/);
  writeFileSync(bad, '{"user":"nobody","shop":1}\n');
  const edit = { uid: 'accounts', state: 'total', mode: 'remove' as const };
  await assert.rejects(
    rewriteSavepoint(from, [{ ...edit, rows: readStateFile.bind(null, bad) }], to),
    { code: 'INPUT_MALFORMED', message: /:1: the state has nothing of this key/ },
  );
  await rm(bad);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name !== 'below'),
    before,
  );
  // The folder for it was made where writing had begun.
  assert.deepEqual(existsSync(join(folder, 'below')) ? readdirSync(join(folder, 'below')) : [], []);
});

test('what is there is not written over, and flags that make no sense are told', async () => {
  const file = writeLines('none.jsonl', []);
  const cases = [
    [importing('accounts', 'total', file, 'savepoint'), 'OUTPUT_EXISTS', EXIT.failed],
    [importing('accounts', 'total', 'none.csv', 'new'), 'CONFIG_INVALID', EXIT.usage],
    [
      importing('accounts', 'total', file, 'new', '--merge', '--remove'),
      'CONFIG_INVALID',
      EXIT.usage,
    ],
  ] as const;
  for (const [args, code, exit] of cases) {
    const ended = await millrace('snapshot', 'import', SAVEPOINT, ...args);
    assert.equal(ended.code, exit);
    assert.match(ended.stderr, new RegExp(`^error ${code}: .*\n$`));
  }
  assert.equal(existsSync(join(folder, 'new')), false);
});
