/** millrace/state: keyed state that programs read and write, and what a job makes of it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { list, map, record, t, type, value } from 'millrace';
import {
  changeSavepoint,
  createSavepoint,
  keyedState,
  mergeState,
  type NamedState,
  readState,
  removeState,
  setState,
} from 'millrace/state';
import { type Account, accountStates, shop } from './jobs/shop.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-state-'));
after(() => rm(folder, { recursive: true }));

const ACCOUNT = { uid: 'accounts', key: record({ user: t.string, shop: t.int32 }) };
const { total, first, last, days, most, mean, tags } = accountStates;
const totals = keyedState({ ...ACCOUNT, name: 'total', state: total });
const firsts = keyedState({ ...ACCOUNT, name: 'first', state: first });
const lasts = keyedState({ ...ACCOUNT, name: 'last', state: last });
const allDays = keyedState({ ...ACCOUNT, name: 'days', state: days });
const greatest = keyedState({ ...ACCOUNT, name: 'most', state: most });
const means = keyedState({ ...ACCOUNT, name: 'mean', state: mean });
const allTags = keyedState({ ...ACCOUNT, name: 'tags', state: tags });

const ADA = { user: 'ada', shop: 1 };
const USER = { user: 'user 0', shop: 0 };

test('state of every kind is written into a new job, read as it was, and goes on', async () => {
  const path = join(folder, 'first');
  const contents = {
    totals: [
      { key: ADA, value: 7 },
      { key: USER, value: 1000 },
    ],
    firsts: [{ key: USER, value: { amount: 3, time: 4, note: 'moved in' } }],
    lasts: [
      { key: ADA, value: [1, 2, 3] },
      { key: USER, value: [8, 9] },
    ],
    days: [{ key: USER, value: new Map([[-3, 'long ago']]) }],
    most: [{ key: USER, value: 99 }],
    means: [{ key: USER, value: { sum: 10, count: 1 } }],
    tags: [{ key: ADA, value: { since: new Date(5), n: 12n, none: undefined } }],
  };
  await createSavepoint(shop, path, [
    setState(totals, contents.totals),
    setState(firsts, contents.firsts),
    setState(lasts, contents.lasts),
    setState(allDays, contents.days),
    setState(greatest, contents.most),
    setState(means, contents.means),
    setState(allTags, contents.tags),
  ]);
  assert.deepEqual(await readState(path, totals), contents.totals);
  assert.deepEqual(await readState(path, firsts), contents.firsts);
  assert.deepEqual(await readState(path, lasts), contents.lasts);
  assert.deepEqual(await readState(path, allDays), contents.days);
  assert.deepEqual(await readState(path, greatest), contents.most);
  assert.deepEqual(await readState(path, means), contents.means);
  assert.deepEqual(await readState(path, allTags), contents.tags);

  const out = join(folder, 'out');
  await shop.run({ threads: 0, parallelism: 2, params: { out }, restoreFrom: path });
  const parts = readdirSync(join(out, 'accounts')).filter((name) => name.startsWith('part-'));
  const accounts = parts
    .flatMap((name) =>
      readFileSync(join(out, 'accounts', name), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line) as Account);
  const account = accounts.find(({ user, shop: number }) => user === 'user 0' && number === 0)!;
  assert.deepEqual(account.first, { amount: 3, time: 4, note: 'moved in' });
  assert.deepEqual(account.days[0], [-3, 'long ago']);
  assert.equal(account.most, 99);
  // Each of its sales is of 1.
  const sales = account.total - 1000;
  assert.equal(account.mean, (10 + sales) / (1 + sales));
});

test('state is merged and removed by key, also a state that the savepoint has nothing of', async () => {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  await createSavepoint(shop, from, [
    setState(totals, [
      { key: ADA, value: 7 },
      { key: USER, value: 8 },
    ]),
    setState(lasts, [
      { key: ADA, value: [1, 2] },
      { key: USER, value: [3] },
    ]),
  ]);
  const other = keyedState({ ...ACCOUNT, uid: 'new', name: 'other', state: value(t.string) });
  await changeSavepoint(from, to, [
    removeState(totals, [ADA]),
    mergeState(lasts, [{ key: ADA, value: [9] }]),
    setState(other, [{ key: ADA, value: 'x' }]),
  ]);
  assert.deepEqual(await readState(to, totals), [{ key: USER, value: 8 }]);
  assert.deepEqual(await readState(to, lasts), [
    { key: USER, value: [3] },
    { key: ADA, value: [9] },
  ]);
  assert.deepEqual(await readState(to, other), [{ key: ADA, value: 'x' }]);
  assert.deepEqual(await readState(from, totals).then((all) => all.length), 2);
});

test('an entry that will not do, and a state that is declared otherwise, are refused', async () => {
  const [from, to] = [join(folder, 'good'), join(folder, 'bad')];
  await createSavepoint(shop, from, [setState(totals, [{ key: ADA, value: 7 }])]);
  const anything = (entry: unknown) => [entry] as never;
  const cases = [
    [
      setState(totals, anything({ key: ADA, value: 'x' })),
      /^entry 0 of state 'total' of 'accounts': field '#value' wants float64, got "x"$/,
    ],
    [
      setState(totals, anything({ key: { user: 'ada' }, value: 1 })),
      /field 'shop' wants int32, got undefined$/,
    ],
    [setState(lasts, anything({ key: ADA, value: 1 })), /: wanted a list, got 1$/],
    [setState(firsts, anything({ key: ADA, value: 1 })), /: wanted a record, got 1$/],
    [removeState(totals, [USER]), /^entry 0 .* the state has nothing of this key/],
  ] as const;
  for (const [change, message] of cases) {
    await assert.rejects(changeSavepoint(from, to, [change]), { code: 'INPUT_MALFORMED', message });
  }
  const wrong: readonly NamedState<unknown, unknown>[] = [
    keyedState({ ...ACCOUNT, name: 'total', state: value(t.int32) }),
    keyedState({ ...ACCOUNT, name: 'total', state: list(t.float64) }),
    keyedState({ ...ACCOUNT, key: record({ user: t.string }), name: 'total', state: total }),
  ];
  for (const state of wrong) {
    await assert.rejects(readState(from, state), { code: 'STATE_INCOMPATIBLE' });
    await assert.rejects(changeSavepoint(from, to, [setState(state, [])]), {
      code: 'STATE_INCOMPATIBLE',
    });
  }
  assert.equal(existsSync(to), false);
});

test('what is no declaration of a state is refused', () => {
  const key = record({ user: t.string });
  assert.throws(() => keyedState({ uid: '', name: 'a', key, state: total }), {
    code: 'JOB_DEFINITION',
  });
  assert.throws(() => keyedState({ uid: 'a', name: 'a', key, state: t.float64 as never }), {
    code: 'JOB_DEFINITION',
  });
  assert.throws(() => keyedState({ uid: 'a', name: 'a', key: {} as never, state: total }), {
    code: 'JOB_DEFINITION',
  });
  assert.equal(
    keyedState({ uid: 'a', name: 'b', key, state: map(t.string, type<number>()) }).name,
    'b',
  );
});
