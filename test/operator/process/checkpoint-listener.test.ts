/** Process functions that are told of checkpoints: in every subtask, between records, whatever inputs they have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../../src/api/emits.ts';
import { map } from '../../../src/api/state.ts';
import type { Stream } from '../../../src/api/stream.ts';
import { record, t } from '../../../src/data/schema.ts';
import type { Harness } from '../../../src/testing/harness.ts';
import { harness } from '../../../src/testing/harness.ts';
import type { Harness2 } from '../../../src/testing/harness2.ts';
import { inEveryBatchMode, inEveryMode, inEveryMode2, type Mode } from '../../modes.ts';

const Item = record({ id: t.int32 });
type Item = { id: number };

/** What the functions of the mode at hand have been told. */
const told: string[] = [];
let isInRecord = false;

function onRecord({ id }: Item, { emit }: { emit: (row: number) => void }): void {
  isInRecord = true;
  emit(id);
  isInRecord = false;
}

const listener = {
  onCheckpointComplete(checkpoint: number): void {
    assert.ok(!isInRecord);
    told.push(`complete ${checkpoint}`);
  },
  onCheckpointAborted(checkpoint: number): void {
    assert.ok(!isInRecord);
    told.push(`aborted ${checkpoint}`);
  },
};

type Harnessed = Pick<Harness<Item, unknown>, 'checkpointComplete' | 'checkpointAborted'>;

/** Each subtask is told once, also between restarts; where the number of subtasks changes, so does how often. */
function checkTold(
  h: Harnessed,
  { parallelism, restartEach }: Pick<Mode, 'parallelism' | 'restartEach'>,
) {
  for (const [tell, text] of [
    [() => h.checkpointComplete(1), 'complete 1'],
    [() => h.checkpointAborted(2), 'aborted 2'],
    [() => h.checkpointComplete(3), 'complete 3'],
  ] as const) {
    told.length = 0;
    tell();
    assert.deepEqual([...new Set(told)], [text]);
    if (restartEach === undefined) assert.equal(told.length, parallelism);
  }
}

function pushAll(h: Harness<Item, number>): void {
  for (let id = 0; id < 20; id++) h.push({ id }, id);
}

const KINDS: Readonly<Record<string, (items: Stream<Item>) => Stream<number>>> = {
  keyed: (items) =>
    items.keyBy('id').process({ emits: type<number>(), onRecord, ...listener }) as Stream<number>,
  unkeyed: (items) =>
    items.rebalance().process({ emits: type<number>(), onRecord, ...listener }) as Stream<number>,
};

for (const [kind, build] of Object.entries(KINDS)) {
  inEveryMode(
    `an input that is ${kind}: its function is told between records`,
    Item,
    build,
    async (h, mode) => {
      pushAll(h);
      checkTold(h, mode);
      pushAll(h);
      await h.end();
      assert.equal(h.takeRecords().length, 40);
      told.length = 0;
      h.checkpointComplete(9);
      assert.deepEqual(told, [], 'it has been closed');
    },
  );

  inEveryBatchMode(
    `an input that is ${kind}: its function is told in batch too`,
    Item,
    build,
    async (h, mode) => {
      pushAll(h);
      checkTold(h, mode);
      await h.end();
    },
  );
}

type TwoInputs = Harness2<Item, Item, number>;

function checkBoth(h: TwoInputs, mode: Pick<Mode, 'parallelism' | 'restartEach'>): void {
  h.pushFirst({ id: 1 }, 1);
  h.pushSecond({ id: 2 }, 2);
  checkTold(h, mode);
}

inEveryMode2(
  'a function of two inputs is told',
  Item,
  Item,
  (first, second) =>
    first
      .keyBy('id')
      .connect(second.keyBy('id'))
      .process({
        emits: type<number>(),
        onFirst: onRecord,
        onSecond: onRecord,
        ...listener,
      }),
  checkBoth,
);

inEveryMode2(
  'a function beside a broadcast stream is told',
  Item,
  Item,
  (items, rules) =>
    items
      .keyBy('id')
      .connect(rules.broadcast({ rules: map(t.int32, Item) }))
      .process({ emits: type<number>(), onRecord, onBroadcast: onRecord, ...listener }),
  checkBoth,
);

test('it may want to know of one of the two alone', async () => {
  const h = await harness<Item>((items) =>
    items.process({
      emits: type<number>(),
      onRecord,
      onCheckpointAborted: listener.onCheckpointAborted,
    }),
  );
  told.length = 0;
  h.checkpointComplete(1);
  h.checkpointAborted(2);
  assert.deepEqual(told, ['aborted 2']);
  assert.throws(() => h.checkpointComplete(0), { code: 'JOB_DEFINITION' });
});

test('what it throws, and a promise, ends the job with the name of the step', async () => {
  for (const [fails, message] of [
    [() => assert.fail('not today'), /^operator 'asked' \(subtask 0.*not today/],
    [() => Promise.resolve(), /returned a promise/],
  ] as const) {
    const h = await harness<Item>((items) =>
      items
        .process({ emits: type<number>(), onRecord, onCheckpointComplete: fails as () => void })
        .name('asked'),
    );
    assert.throws(() => h.checkpointComplete(1), { code: 'USER_FUNCTION', message });
  }
  await assert.rejects(
    harness<Item>((items) =>
      items.process({ emits: type<number>(), onRecord, onCheckpointComplete: 5 as never }),
    ),
    { code: 'JOB_DEFINITION', message: /onCheckpointComplete/ },
  );
});
