/** Rows that a map makes as columns: what comes out is what the functions return, whatever the rows hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { Random } from '../../src/base/random.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import type { StringColumn } from '../../src/data/column.ts';
import { ownedCopy } from '../../src/data/copy.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { FusedOperator } from '../../src/operator/fused.ts';
import type { FusedStep } from '../../src/operator/fused-steps.ts';
import { inEveryMode, inOrderOf } from '../modes.ts';
import { ALONE, OneSubtask } from './one-subtask.ts';

const Trade = record({
  id: t.int32,
  price: t.float64,
  at: t.timestamp,
  note: t.nullable(t.string),
  text: t.string,
  day: t.date,
  big: t.int64,
  any: t.dynamic<unknown>(),
});
type Trade = RowOf<typeof Trade>;

const TRADES: readonly Trade[] = Array.from({ length: 40 }, (_, id) => ({
  id,
  price: id % 5 === 4 ? id / 2 : id,
  at: 1000 + id,
  note: id % 3 === 0 ? null : `note ${id}`,
  text: 'ÿ漢'.repeat(id % 4),
  day: new Date(id * 86_400_000),
  big: BigInt(id),
  any: id % 2 === 0 ? { id } : id,
}));

/** As the linter would not have it. */
const nowAndThen = new Function(
  'return (row) => { if (row.id % 9 !== 8) return { id: row.id, text: row.text }; }',
)() as (trade: Trade) => Pick<Trade, 'id' | 'text'> | undefined;

/** What the steps are, and what a trade becomes. */
const RUNS: readonly [
  name: string,
  build: (trades: Stream<Trade>) => RowStream<unknown>,
  model: (trade: Trade) => readonly unknown[],
][] = [
  [
    'fields of every kind are handed on',
    (s) =>
      s.map(({ id, at, note, text, day, big, any, price }) => {
        return { any, big, day, half: price / 2, text, remark: note, at, id };
      }),
    ({ id, price, at, note, text, day, big, any }) => [
      { any, big, day, half: price / 2, text, remark: note, at, id },
    ],
  ],
  [
    'numbers that are whole at first, and flags, and dates',
    (s) =>
      s.map((row) => {
        const isEven = row.id % 2 === 0;
        return { third: row.id < 20 ? row.id : row.id / 3, isEven, next: new Date(row.at + 1) };
      }),
    ({ id, at }) => [
      { third: id < 20 ? id : id / 3, isEven: id % 2 === 0, next: new Date(at + 1) },
    ],
  ],
  [
    'whole numbers of two sizes, and the zero below zero',
    (s) => s.map(({ id, big, text }) => ({ n: id === 7 ? -0 : id, big: big * 2n, text })),
    ({ id, big, text }) => [{ n: id === 7 ? -0 : id, big: big * 2n, text }],
  ],
  [
    'a number that becomes a text, then nothing',
    (s) => s.map(({ id, note }) => ({ note, n: id < 10 ? id : id < 20 ? `${id}` : undefined })),
    ({ id, note }) => [{ note, n: id < 10 ? id : id < 20 ? `${id}` : undefined }],
  ],
  [
    'a row with all fields of another',
    (s) => s.map((row) => ({ ...row, price: row.price * 2, twice: row.text.length * 2 })),
    (trade) => [{ ...trade, price: trade.price * 2, twice: trade.text.length * 2 }],
  ],
  [
    'filters before and behind, by fields that are handed on',
    (s) =>
      s
        .filter((row) => row.text !== '')
        .project('id', 'note', 'text', 'price')
        .map(({ id, note, text, price }) => ({ id, note, text, more: price + 1 }))
        .filter((row) => row.note !== null && row.more > 3)
        .filter(({ text }) => text.length < 6),
    ({ id, note, text, price }) =>
      text !== '' && note !== null && price + 1 > 3 && text.length < 6
        ? [{ id, note, text, more: price + 1 }]
        : [],
  ],
  [
    'a field that a projection has dropped is not there',
    (s) =>
      s
        .project('id', 'text')
        .filter((row) => (row as Partial<Trade>).price === undefined)
        .map((row) => ({ id: row.id, half: (row as Partial<Trade>).price ?? 'none' })),
    ({ id }) => [{ id, half: 'none' }],
  ],
  [
    'a projection behind a filter, then a row as it is',
    (s) =>
      s
        .filter(({ price }) => price > 3)
        .project('id', 'note')
        .filter(({ id }) => id !== 7)
        .map((row) => ({ ...row, all: Object.keys(row).join() })),
    ({ id, price, note }) => (price > 3 && id !== 7 ? [{ id, note, all: 'id,note' }] : []),
  ],
  [
    'two projections, and filters by what is left',
    (s) =>
      s
        .project('id', 'price', 'text')
        .filter(({ price }) => price > 3)
        .project('id', 'text')
        .filter(({ text }) => text !== '')
        .project('id'),
    ({ id, price, text }) => (price > 3 && text !== '' ? [{ id }] : []),
  ],
  [
    'rows that are made of rows that were made',
    (s) =>
      s
        .map((row) => ({ ...row, price: row.price * 2 }))
        .map(({ price, id }) => ({ id, sum: price + id }))
        .filter(({ sum }) => sum > 9),
    ({ id, price }) => (price * 2 + id > 9 ? [{ id, sum: price * 2 + id }] : []),
  ],
  [
    'fields that are only handed on',
    (s) => s.map(({ text, id }) => ({ text, id })).filter(({ id }) => id !== 3),
    ({ text, id }) => (id === 3 ? [] : [{ text, id }]),
  ],
  [
    'a filter by what is only handed on',
    (s) => s.filter(({ text }) => text !== '').map(({ text, id }) => ({ text, n: id + 1 })),
    ({ text, id }) => (text === '' ? [] : [{ text, n: id + 1 }]),
  ],
  [
    'arrays, of what is handed on and what is not',
    (s) => s.map(({ text, id, note, price }) => [text, id * 2, note, price / 2]),
    ({ text, id, note, price }) => [[text, id * 2, note, price / 2]],
  ],
  [
    'arrays whose elements change their kind',
    (s) => s.map((row) => [row.id, row.id < 10 ? row.price : row.id < 20 ? row.note : row.any]),
    ({ id, price, note, any }) => [[id, id < 10 ? price : id < 20 ? note : any]],
  ],
  [
    'arrays that filters read, also as objects',
    (s) =>
      s
        .map(({ id, price }): [number, number] => [id, price * 2])
        .filter((pair) => pair[1] > 3)
        .filter(([id]) => id % 2 === 0)
        .filter(({ length }) => length === 2)
        .map(([id, price]) => [price, id]),
    ({ id, price }) => (price * 2 > 3 && id % 2 === 0 ? [[price * 2, id]] : []),
  ],
  [
    'arrays that are dealt by an element, then read',
    (s) =>
      s
        .map(({ id, text, price }): [number, string, number] => [id % 3, text, price + 1])
        .partitionCustom(
          (key: number, subtasks) => key % subtasks,
          (row) => row[0],
        )
        .map(([key, text, price]) => ({ text, n: key + price, length: text.length })),
    ({ id, text, price }) => [{ text, n: (id % 3) + price + 1, length: text.length }],
  ],
  [
    'a function that returns nothing now and then',
    (s) => s.map(nowAndThen),
    ({ id, text }) => [id % 9 === 8 ? undefined : { id, text }],
  ],
  [
    'made, then dealt by a key of it, then read',
    (s) =>
      s
        .map(({ id, text, price }) => ({ key: id % 3, text, price: price + 1 }))
        .partitionCustom((key, subtasks) => key % subtasks, 'key')
        .map(({ key, text, price }) => ({ text, n: key + price })),
    ({ id, text, price }) => [{ text, n: (id % 3) + price + 1 }],
  ],
];

for (const [name, build, model] of RUNS) {
  inEveryMode(name, Trade, build, (h, mode) => {
    for (const trade of TRADES) h.push(trade, trade.at);
    const got = h.take().flatMap((e) => ('record' in e ? [inspect([e.record, e.timestamp])] : []));
    const expected = TRADES.flatMap((trade) => model(trade).map((row) => inspect([row, trade.at])));
    assert.deepEqual(inOrderOf(mode, got), inOrderOf(mode, expected));
  });
}

const step = (type: 'map' | 'filter', code: FusedStep['code']): FusedStep => {
  return { name: type, spec: { type } as FusedStep['spec'], code };
};

const Note = record({ id: t.int32, text: t.string });
type Note = RowOf<typeof Note>;

function batchOf(rows: readonly Note[]): Batch {
  const builder = new BatchBuilder(Note);
  for (const row of rows) builder.appendRow(row);
  return builder.seal();
}

/** An operator and the batches that it has emitted; each is looked at while it is there. */
function running(steps: readonly FusedStep[], look: (batch: Batch) => void) {
  const operator = new FusedOperator(steps, Note);
  const one = new OneSubtask(operator, ALONE, []);
  operator.open({ metrics: one.metrics } as unknown as Parameters<FusedOperator['open']>[0], {
    isReady: true,
    emit: look,
    watermark() {},
    idle() {},
    barrier() {},
    end() {},
  });
  return { operator, metrics: one.metrics };
}

const notes = (count: number): Note[] => {
  return Array.from({ length: count }, (_, id) => ({ id, text: `text ${id}` }));
};

test('columns come out, and texts that are handed on are those that came in', () => {
  const batches: Batch[] = [];
  const columns: unknown[] = [];
  const map = step('map', ({ id, text }: Note) => ({ text, n: id + 0.5 }));
  const { operator, metrics } = running([map], (batch) => {
    batches.push(batch);
    columns.push((batch.columns[0] as StringColumn | undefined)?.entries);
  });
  // The first row shows the kinds.
  operator.processBatch(batchOf(notes(1)));
  assert.equal(batches[0]!.schema, null);
  const batch = batchOf(notes(3));
  operator.processBatch(batch);
  assert.equal(columns[1], (batch.columns[1] as StringColumn).entries);
  assert.deepEqual(
    batches[1]!.schema!.fields.map(({ name, kind }) => [name, kind]),
    [
      ['text', 'string'],
      ['n', 'float64'],
    ],
  );
  assert.deepEqual([metrics.recordsIn, metrics.recordsOut, batches.length], [4, 4, 2]);
});

test('the loop can be looked at before there is a row, as if all were numbers', () => {
  const map = step('map', ({ id, text }: Note) => ({ text, n: id + 0.5 }));
  const [loop] = new FusedOperator([map], Note).generatedLoops();
  assert.match(loop!.source, /if \(typeof x0 === 'number'\) w0\[count\] = x0;/);
});

test('each function is called once a row, also where a row does not fit', () => {
  const calls: number[] = [];
  const rows: unknown[] = [];
  const map = step('map', ({ id, text }: Note) => {
    calls.push(id);
    return { text, n: id < 4 ? id : id < 6 ? id / 3 : `${id}` };
  });
  const { operator } = running([map], (batch) => rows.push(...batch.rowObjects()));
  operator.processBatch(batchOf(notes(9)));
  assert.deepEqual(calls, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(
    rows,
    notes(9).map(({ id, text }) => ({ text, n: id < 4 ? id : id < 6 ? id / 3 : `${id}` })),
  );
});

test('what a function throws names the step and the record', () => {
  const map = step('map', ({ id, text }: Note) => ({ text, n: id + 1 }));
  const filter = step('filter', ({ n }: { n: number }) => {
    if (n === 4) throw new RangeError('four');
    return true;
  });
  const { operator } = running([map, { ...filter, name: 'check' }], () => {});
  operator.processBatch(batchOf(notes(2)));
  assert.throws(() => operator.processBatch(batchOf(notes(5).slice(2))), {
    code: 'USER_FUNCTION',
    message: /^operator 'check' \(subtask undefined, record 3\): four/,
  });
});

test('texts of the rows that pass are not copied where most do, and survive every further selection', () => {
  const random = new Random(5);
  for (let round = 0; round < 60; round++) {
    const share = random.pick([10, 60, 95]);
    const passes = new Set(notes(300).flatMap(({ id }) => (random.below(100) < share ? [id] : [])));
    const later = new Set(notes(300).flatMap(({ id }) => (random.below(100) < share ? [id] : [])));
    const seen: Note[] = [];
    const second = running([step('filter', ({ id }: Note) => later.has(id))], (batch) => {
      const gathered = new BatchBuilder(Note, 1000);
      const all = Int32Array.from({ length: batch.rowCount }, (_, i) => i);
      // Twice, as the batches of a channel come: neither is a dictionary that stands in the way of the other.
      for (let n = 0; n < 2; n++) assert.ok(gathered.appendSelected(batch, all, 0, batch.rowCount));
      const rows = gathered.seal().rowObjects() as Note[];
      assert.deepEqual(rows.slice(batch.rowCount), batch.rowObjects());
      seen.push(...rows.slice(0, batch.rowCount));
    });
    const first = running([step('filter', ({ id }: Note) => passes.has(id))], (batch) => {
      const texts = batch.columns[1] as StringColumn;
      assert.equal(texts.isSelection, batch.rowCount >= 150 && batch.rowCount < 300);
      const kept = ownedCopy(batch);
      assert.equal((kept.columns[1] as StringColumn).isSelection, texts.isSelection);
      second.operator.processBatch(kept);
    });
    first.operator.processBatch(batchOf(notes(300)));
    assert.deepEqual(
      seen,
      notes(300).filter(({ id }) => passes.has(id) && later.has(id)),
    );
  }
});
