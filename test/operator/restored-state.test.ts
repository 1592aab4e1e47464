/** State of another kind than the job keeps now is refused; what subtasks get of state does not depend on how many there were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import { KeyReader } from '../../src/data/key.ts';
import { subtaskOf } from '../../src/data/key-group.ts';
import { record, t } from '../../src/data/schema.ts';
import { KeyedState } from '../../src/operator/keyed-state.ts';
import { KeySlots } from '../../src/state/key-slots.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';
import {
  copyFor,
  type StoredBlock,
  type StoredPart,
  StoredStates,
} from '../../src/task/restored-state.ts';
import { ITEM_FIELDS } from '../../src/task/subtask-snapshot.ts';

const Sale = record({ shop: t.string, n: t.int32 });
const BY_SHOP = { kind: 'fields', fields: ['shop'] } as const;

const state = (kept: string): KeyedState =>
  new KeyedState('values', BY_SHOP, Sale, [{ name: kept, kind: 'float64', nullable: false }]);

test('values under another name are refused, and the message tells both', () => {
  const found = new BatchBuilder(state('#sum').schema).seal();
  const keys = new KeyReader(BY_SHOP, Sale, null);
  const restored = { ...NO_STATE, keyed: () => [found] };
  assert.throws(() => state('#max').restore(restored, keys, new KeySlots(false), () => {}), {
    code: 'STATE_INCOMPATIBLE',
    message: /other values .*shop: string, #sum: float64 in the snapshot, shop: string, #max/,
  });
});

const MAX_PARALLELISM = 16;

/** Rows n = 0 to count - 1, whose hashes are n. */
function block(numbers: readonly number[]): StoredBlock {
  const builder = new BatchBuilder(record({ n: t.int32 }), numbers.length);
  for (const n of numbers) {
    builder.keyHashes()[builder.rowCount] = n;
    builder.appendRow({ n });
  }
  const bytes = encodeToBytes(builder.seal());
  return { rows: numbers.length, read: () => bytes };
}

test('each row of keyed state goes to one subtask, the owner of its group', () => {
  const all = Array.from({ length: 100 }, (_, n) => n);
  for (const [before, after] of [
    [1, 1],
    [1, 3],
    [3, 1],
    [2, 3],
    [3, 2],
    [16, 5],
  ] as const) {
    const owner = (n: number, parallelism: number): number =>
      subtaskOf(n % MAX_PARALLELISM, parallelism, MAX_PARALLELISM);
    const parts = Array.from({ length: before }, (_, subtask): StoredPart => {
      const own = all.filter((n) => owner(n, before) === subtask);
      return {
        subtask,
        parallelism: before,
        blocks: [block(own.slice(0, 3)), block(own.slice(3))],
        deltas: [],
      };
    });
    const { fields } = record({ n: t.int32 });
    const stored = [{ name: 'n', kind: 'keyed', fields, parts } as const];
    for (let subtask = 0; subtask < after; subtask++) {
      const share = { subtask, parallelism: after, maxParallelism: MAX_PARALLELISM };
      const batches = [...new StoredStates(stored, share).keyed('n')];
      const got = batches.flatMap((batch) => batch.rowObjects() as { n: number }[]);
      assert.deepEqual(
        got.map(({ n }) => n).sort((a, b) => a - b),
        all.filter((n) => owner(n, after) === subtask),
      );
      assert.deepEqual([...new StoredStates(stored, share).keyed('other')], []);
      const expected = new StoredStates(stored, share).keyedRows('n');
      assert.ok(before === after ? expected === got.length : Math.abs(expected - got.length) <= 8);
      assert.equal(new StoredStates(stored, share).keyedRows('other'), 0);
    }
  }
});

function items(mode: 'list' | 'union' | 'broadcast', lists: readonly (readonly unknown[])[]) {
  const parts = lists.map((list, subtask): StoredPart => {
    const builder = new BatchBuilder({ fields: ITEM_FIELDS }, 10);
    for (const item of list) builder.appendRow({ item });
    const bytes = encodeToBytes(builder.seal());
    return {
      subtask,
      parallelism: lists.length,
      blocks: [{ rows: list.length, read: () => bytes }],
      deltas: [],
    };
  });
  const stored = { name: 'items', kind: mode, fields: ITEM_FIELDS, parts } as const;
  return (subtask: number, parallelism: number, rotation = 0): readonly unknown[] => {
    const others = Array.from({ length: rotation }, (_, n) => ({ ...stored, name: `${n}` }));
    const share = { subtask, parallelism, maxParallelism: MAX_PARALLELISM };
    return new StoredStates([...others, stored], share).items('items');
  };
}

test('a list is split evenly, from another subtask on for each state', () => {
  const of = items('list', [['a', 'b', 'c'], ['d'], ['e']]);
  assert.deepEqual(
    [of(0, 2), of(1, 2)],
    [
      ['a', 'b', 'c'],
      ['d', 'e'],
    ],
  );
  assert.deepEqual(
    [of(0, 2, 1), of(1, 2, 1)],
    [
      ['d', 'e'],
      ['a', 'b', 'c'],
    ],
  );
  assert.deepEqual(
    Array.from({ length: 7 }, (_, subtask) => of(subtask, 7)),
    [['a'], ['b'], ['c'], ['d'], ['e'], [], []],
  );
});

test('with as many subtasks as before a list is that of its subtask, also where others have come to their end', () => {
  const lists = [['a', 'b', 'c'], [], ['e']];
  for (const rotation of [0, 1, 2]) {
    const of = items('list', lists);
    assert.deepEqual([of(0, 3, rotation), of(1, 3, rotation), of(2, 3, rotation)], lists);
  }
});

test('of a union all get all; of what is broadcast each gets one copy', () => {
  const union = items('union', [['a'], ['b']]);
  assert.deepEqual(
    [union(0, 3), union(2, 3)],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
  const broadcast = items('broadcast', [
    ['a', 'b'],
    ['a', 'b'],
  ]);
  assert.deepEqual(
    [broadcast(0, 3), broadcast(2, 3)],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
});

test('a copy of a subtask that had come to its end is taken from another', () => {
  const copies = [0, 2].map((subtask) => ({ subtask, parallelism: 4 }));
  const taken = [0, 1, 2, 3, 4, 5, 6].map((subtask) => copyFor(subtask, copies)!.subtask);
  assert.deepEqual(taken, [0, 2, 2, 2, 0, 2, 2]);
  assert.equal(copyFor(0, []), null);
});
