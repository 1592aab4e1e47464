/** Every step that keeps no state, every way of partitioning, and sinks, in every mode: one line a case. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { DEFAULT_MAX_PARALLELISM } from '../../src/base/limits.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { csv } from '../../src/connector/file/csv.ts';
import { files } from '../../src/connector/file/files.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import type { Batch } from '../../src/data/batch.ts';
import { keyGroupOf, subtaskOf } from '../../src/data/key-group.ts';
import { hashKeyValue } from '../../src/data/key-hash.ts';
import { record, t } from '../../src/data/schema.ts';
import type { Sink, SinkWriterContext } from '../../src/operator/sink.ts';
import { harness } from '../../src/testing/harness.ts';
import { inFolder, inputFile, readAll } from '../connector/read-all.ts';
import { inEveryMode, MODES, WITHOUT_RESTARTS } from '../modes.ts';
import { ITEMS, Item, inAnyOrder, inOrder, timeOf } from './items.ts';

const Slim = record({ id: t.float64, note: t.nullable(t.string) });

function pushUp({ id }: Item, out: (n: number) => void): void {
  for (let i = 0; i < id % 3; i++) out(i);
}

function pushThenReturn({ id }: Item, out: (n: number) => void): number[] {
  out(id);
  return [-id];
}

function* countDown({ id }: Item): Generator<number> {
  for (let i = id % 3; i > 0; i--) yield i;
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

/** What the steps are, and what each item becomes. */
const STEPS: readonly [
  name: string,
  build: (items: Stream<Item>) => RowStream<unknown>,
  model: (item: Item) => readonly unknown[],
][] = [
  [
    'map to objects',
    (s) => s.map(({ id, shop }) => ({ shop, id })),
    ({ id, shop }) => [{ shop, id }],
  ],
  ['map to numbers', (s) => s.map(({ id }) => id * 2), ({ id }) => [id * 2]],
  ['map to lists', (s) => s.map(({ id, note }) => [id, note]), ({ id, note }) => [[id, note]]],
  [
    'map to null and undefined',
    (s) => s.map(({ paid }) => (paid ? null : undefined)),
    ({ paid }) => [paid ? null : undefined],
  ],
  ['map to the row itself', (s) => s.map((item) => item), (item) => [item]],
  [
    'map, whose rows lack a field now and then',
    (s) => s.map(({ id, paid }) => (paid ? { id } : { id, paid })),
    ({ id, paid }) => [paid ? { id } : { id, paid }],
  ],
  ['filter', (s) => s.filter(({ paid }) => paid), (item) => (item.paid ? [item] : [])],
  [
    'filter by a type guard',
    (s) => s.filter((item): item is Item & { note: string } => item.note !== null),
    (item) => (item.note === null ? [] : [item]),
  ],
  ['filter that lets nothing pass', (s) => s.filter(() => false), () => []],
  ['flatMap to a list', (s) => s.flatMap(({ id, n }) => [id, n]), ({ id, n }) => [id, n]],
  [
    'flatMap to a set',
    (s) => s.flatMap(({ n, id }) => new Set([n, id, n])),
    ({ n, id }) => [...new Set([n, id])],
  ],
  [
    'flatMap to text, by its characters',
    (s) => s.flatMap(({ shop }) => shop),
    ({ shop }) => [...shop],
  ],
  [
    'flatMap to a generator',
    (s) => s.flatMap(countDown),
    ({ id }) => upTo(id % 3).map((i) => (id % 3) - i),
  ],
  ['flatMap that pushes', (s) => s.flatMap(pushUp), ({ id }) => upTo(id % 3)],
  ['flatMap that pushes and returns', (s) => s.flatMap(pushThenReturn), ({ id }) => [id, -id]],
  ['flatMap to nothing', (s) => s.flatMap(() => []), () => []],
  [
    'flatMap behind flatMap',
    (s) => s.flatMap(countDown).flatMap((n) => [n, n]),
    ({ id }) => upTo(id % 3).flatMap((i) => [(id % 3) - i, (id % 3) - i]),
  ],
  ['project to one field', (s) => s.project('note'), ({ note }) => [{ note }]],
  [
    'project to fields in another order',
    (s) => s.project('big', 'day', 'id'),
    ({ big, day, id }) => [{ big, day, id }],
  ],
  ['as a schema', (s) => s.as(Slim), ({ id, note }) => [{ id, note }]],
  [
    'map, then as a schema',
    (s) => s.map(({ id, note, n }) => ({ n, note, id: id / 2 })).as(Slim),
    ({ id, note }) => [{ id: id / 2, note }],
  ],
  [
    'as a schema, then filter and project',
    (s) =>
      s
        .as(Slim)
        .filter(({ id }) => id > 3)
        .project('note'),
    ({ id, note }) => (id > 3 ? [{ note }] : []),
  ],
  [
    'filter, project, map, flatMap, filter',
    (s) =>
      s
        .filter(({ n }) => n > 0)
        .project('n')
        .map(({ n }) => n)
        .flatMap((n) => [n, -n])
        .filter((n) => n !== 2),
    ({ n }) => (n > 0 ? [n, -n].filter((m) => m !== 2) : []),
  ],
  [
    'steps that share no chain',
    (s) =>
      s
        .filter(({ paid }) => paid)
        .disableChaining()
        .map(({ id }) => id)
        .startNewChain(),
    ({ paid, id }) => (paid ? [id] : []),
  ],
  [
    'steps of different parallelism',
    (s) =>
      s
        .map(({ id }) => id)
        .parallelism(2)
        .map((id) => -id)
        .parallelism(3)
        .filter(() => true)
        .parallelism(1),
    ({ id }) => [-id],
  ],
  [
    'two branches that meet again',
    (s) => s.map(({ id }) => id).union(s.filter(({ paid }) => paid).map(({ id }) => -id)),
    ({ id, paid }) => (paid ? [id, -id] : [id]),
  ],
  ['a stream twice', (s) => s.union(s), (item) => [item, item]],
  [
    'a process function without keys',
    (s) =>
      s.process({
        emits: Slim,
        onRecord: ({ id, note, paid }, { emit }) => (paid ? emit({ id, note }) : undefined),
      }),
    ({ id, note, paid }) => (paid ? [{ id, note }] : []),
  ],
  [
    'map of two branches',
    (s) => s.connect(s).map({ first: ({ id }) => id, second: ({ shop }) => shop }),
    ({ id, shop }) => [id, shop],
  ],
  [
    'flatMap of two branches',
    (s) => s.connect(s).flatMap({ first: pushUp, second: countDown }),
    (item) => [...upTo(item.id % 3), ...countDown(item)],
  ],
];

/** Steps whose parallelism is not that of the mode, or whose inputs come apart from each other. */
const WITHOUT_ORDER = /parallelism|branches|twice/;

for (const [name, build, model] of STEPS) {
  inEveryMode(name, Item, build, async (h, mode) => {
    for (const item of ITEMS) h.push(item, timeOf(item));
    h.watermark(500);
    await h.end();
    const got = h.take();
    const expected = ITEMS.flatMap((item) =>
      model(item).map((row) => ({ record: row, timestamp: timeOf(item) })),
    );
    const records = got.slice(0, -3);
    const ordered = WITHOUT_ORDER.test(name) ? { parallelism: 2 } : mode;
    assert.deepEqual(inOrder(ordered, records), inOrder(ordered, expected));
    assert.deepEqual(got.slice(-3), [{ watermark: 500 }, { watermark: Infinity }, { end: true }]);
  });
}

/** Keeps the rows of each subtask; busy for a while after each batch, as slow writers are. */
class SlowSink implements Sink {
  readonly name = 'slow';
  readonly descriptor = null;
  readonly rows: unknown[][] = [];
  readonly ended: number[] = [];

  createWriter({ subtask }: SinkWriterContext) {
    const { rows, ended } = this;
    rows[subtask] = [];
    let pauses = 0;
    return {
      get isBusy(): boolean {
        return pauses > 0;
      },
      write(batch: Batch): void {
        assert.equal(pauses, 0, 'a busy writer gets nothing');
        rows[subtask]!.push(...batch.rowObjects());
        pauses = 2;
      },
      resume(): void {
        pauses--;
      },
      preCommit() {
        ended.push(subtask);
        return [];
      },
      close(): void {},
    };
  }

  async commit(): Promise<void> {}
}

const all = ITEMS.map(({ id }) => id);

/** By the key group of a key, as keyed steps are dealt their records. */
function dealtBy(keyOf: (item: Item) => number | string, groups = DEFAULT_MAX_PARALLELISM) {
  const groupOf = (id: number): number => keyGroupOf(hashKeyValue(keyOf(ITEMS[id]!)), groups);
  return (subtask: number, subtasks: number): readonly number[] =>
    all.filter((id) => subtaskOf(groupOf(id), subtasks, groups) === subtask);
}

/** Which items each of so many subtasks gets. */
const PARTITIONINGS: readonly [
  name: string,
  build: (items: Stream<Item>) => Stream<Item>,
  model: (subtask: number, subtasks: number) => readonly number[],
  /** Key groups of the sink; those of the job when left out. */
  groups?: number,
][] = [
  ['rebalance', (s) => s.rebalance(), (subtask, of) => all.filter((id) => id % of === subtask)],
  ['rescale', (s) => s.rescale(), (subtask, of) => all.filter((id) => id % of === subtask)],
  ['broadcast', (s) => s.broadcast(), () => all],
  ['global', (s) => s.global(), (subtask) => (subtask === 0 ? all : [])],
  ['partitionBy a field of ints', (s) => s.partitionBy('n'), dealtBy(({ n }) => n)],
  [
    'partitionBy a field, to a step of few key groups',
    (s) => s.partitionBy('n'),
    dealtBy(({ n }) => n, 3),
    3,
  ],
  [
    'partitionBy a field, to a step of many key groups',
    (s) => s.partitionBy('shop'),
    dealtBy(({ shop }) => shop, 4096),
    4096,
  ],
  ['partitionBy a field of texts', (s) => s.partitionBy('shop'), dealtBy(({ shop }) => shop)],
  [
    'partitionBy a function',
    (s) => s.partitionBy(({ id }) => `item ${id >> 1}`),
    dealtBy(({ id }) => `item ${id >> 1}`),
  ],
  [
    'partitionCustom by a field',
    (s) => s.partitionCustom((n, of) => (n + 3) % of, 'n'),
    (subtask, of) => all.filter((id) => (ITEMS[id]!.n + 3) % of === subtask),
  ],
  [
    'partitionCustom by a text field',
    (s) => s.partitionCustom((shop, of) => shop.length % of, 'shop'),
    (subtask, of) => all.filter((id) => ITEMS[id]!.shop.length % of === subtask),
  ],
  [
    'partitionCustom by a function',
    (s) =>
      s.partitionCustom(
        (day: number, of) => day % of,
        ({ id }) => id >> 1,
      ),
    (subtask, of) => all.filter((id) => (id >> 1) % of === subtask),
  ],
];

for (const [name, build, model, groups] of PARTITIONINGS) {
  let sink = new SlowSink();
  inEveryMode(
    `${name}, into a slow sink`,
    Item,
    (items) => {
      sink = new SlowSink();
      const end = build(items).to(sink);
      if (groups !== undefined) end.maxParallelism(groups);
      return items;
    },
    async (h, { parallelism }) => {
      for (const item of ITEMS) h.push(item);
      h.watermark(5);
      await h.end();
      h.take();
      const expected = Array.from({ length: parallelism }, (_, subtask) =>
        model(subtask, parallelism).map((id) => ITEMS[id]!),
      );
      assert.deepEqual(sink.rows, expected);
      assert.deepEqual(sink.ended.sort(), upTo(parallelism));
    },
    WITHOUT_RESTARTS,
  );

  inEveryMode(
    `${name}, and steps behind it`,
    Item,
    (items) => build(items).map(({ id }) => id),
    (h, { parallelism }) => {
      for (const item of ITEMS) h.push(item);
      const expected = upTo(parallelism).flatMap((subtask) => model(subtask, parallelism));
      assert.deepEqual(inAnyOrder(h.takeRecords()), inAnyOrder(expected));
    },
    WITHOUT_RESTARTS,
  );
}

inEveryMode(
  'a sink that forgets everything',
  Item,
  (items) => {
    items.to(blackhole());
    return items;
  },
  async (h) => {
    for (const item of ITEMS) h.push(item);
    await h.end();
    assert.equal(h.takeRecords().length, ITEMS.length);
    // Once by the blackhole, once by the output.
    assert.equal(h.metrics().recordsIn, 2 * ITEMS.length);
  },
);

const FORMATS: readonly [format: FileFormat, reads: FileFormat][] = [
  [csv() as FileFormat, csv(Item) as FileFormat],
  [jsonLines(), jsonLines(Item) as FileFormat],
  [parquet(), parquet(Item) as FileFormat],
];

for (const [format, reads] of FORMATS) {
  test(`files of ${format.name}, in every mode`, async () => {
    for (const { isTyped, ...mode } of MODES.filter(WITHOUT_RESTARTS)) {
      await inFolder(async (folder) => {
        const h = await harness<Item>(
          (items) => {
            // Without a schema Parquet takes all numbers for float64.
            const written = format.name === 'parquet' ? items.as(Item) : items;
            written.to(files(folder, format));
            return items;
          },
          { ...mode, ...(isTyped ? { schema: Item } : {}) },
        );
        for (const item of ITEMS) h.push(item);
        await h.end();
        h.take();
        const parts = readdirSync(folder).map((name) => inputFile(join(folder, name)));
        assert.equal(parts.length, mode.parallelism);
        const rows = parts.flatMap((part) => readAll(part, reads).rows);
        assert.deepEqual(inOrder(mode, rows), inOrder(mode, ITEMS));
      });
    }
  });
}
