/** Texts that are read behind filters that read none: the same rows, whether few or many get so far. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { BatchLoops } from '../../src/data/batch-loops.ts';
import type { StringColumn } from '../../src/data/column.ts';
import { record, t } from '../../src/data/schema.ts';
import { lateTexts } from '../../src/operator/fused-steps.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode, inOrderOf, type Mode } from '../modes.ts';

const Row = record({ n: t.int32, s: t.nullable(t.string), u: t.string });
type Row = { n: number; s: string | null; u: string };

const TEXTS = ['a', 'ÿ', '', 'some more than a few letters', null];
const rowOf = (n: number): Row => ({ n, s: TEXTS[n % TEXTS.length]!, u: `u${n}` });
const rowsUpTo = (count: number): Row[] => Array.from({ length: count }, (_, n) => rowOf(n));
/** A restart at each row has the filter find out anew how many pass: many rows show no more then. */
const rowsOf = ({ restartEach }: Mode): Row[] => rowsUpTo(restartEach === undefined ? 2000 : 600);

for (const [name, passes] of [
  ['none', () => false],
  ['few', (n: number) => n % 97 === 0],
  ['half', (n: number) => n % 2 === 0],
  ['all', () => true],
  ['few, then all, then few', (n: number) => (n >> 9) % 2 === 1 || n % 97 === 0],
] as const) {
  inEveryMode(
    `a text behind a filter that ${name} pass`,
    Row,
    (stream) => stream.filter(({ n }) => passes(n)).filter(({ s, u }) => s !== 'a' && u !== 'u7'),
    (h, mode) => {
      const rows = rowsOf(mode);
      for (const row of rows) h.push(row);
      const expected = rows.filter(({ n, s }) => passes(n) && s !== 'a' && n !== 7);
      assert.deepEqual(inOrderOf(mode, h.takeRecords()), inOrderOf(mode, expected));
    },
  );

  inEveryMode(
    `a text of a map behind a filter that ${name} pass, and a projection`,
    Row,
    (stream) =>
      stream
        .filter(({ n }) => passes(n))
        .project('s', 'n')
        .filter(({ n }) => n !== 7)
        .map((row) => ({ ...row, letters: row.s?.length ?? -1 })),
    (h, mode) => {
      const rows = rowsOf(mode);
      for (const row of rows) h.push(row);
      const expected = rows
        .filter(({ n }) => passes(n) && n !== 7)
        .map(({ s, n }) => ({ s, n, letters: s?.length ?? -1 }));
      assert.deepEqual(inOrderOf(mode, h.takeRecords()), inOrderOf(mode, expected));
    },
  );
}

test('what is thrown behind the filter is told with its record', async () => {
  const h = await harness<Row, Row>(
    (stream) =>
      stream
        .filter(({ n }) => n >= 40)
        .filter(({ s }) => {
          if (s === 'ÿ') throw new Error('no such letter');
          return true;
        }),
    { schema: Row },
  );
  await assert.rejects(
    async () => {
      for (const row of rowsUpTo(60)) h.push(row);
      await h.end();
    },
    { code: 'USER_FUNCTION', message: /record 41\): no such letter/ },
  );
});

test('what is late: texts that no filter in front reads', () => {
  const schema = Row;
  const filter = (code: (row: Row) => unknown) => ({ name: 'f', spec: { type: 'filter' }, code });
  const project = (...fields: string[]) => ({
    name: 'p',
    spec: { type: 'project', fields },
    code: null,
  });
  const lateOf = (...steps: object[]) => {
    const late = lateTexts(steps as never, schema, null);
    return late && [late.step, [...late.texts], [...late.row]];
  };
  const byNumber = filter(({ n }) => n > 0);
  const byText = filter(({ s }) => s !== '');
  assert.deepEqual(lateOf(byNumber, byText), [0, ['s', 'u'], ['n', 's', 'u']]);
  assert.deepEqual(lateOf(byNumber, byNumber, byText), [1, ['s', 'u'], ['n', 's', 'u']]);
  assert.deepEqual(lateOf(project('s', 'n'), byNumber, byText), [1, ['s'], ['s', 'n']]);
  assert.equal(lateOf(byText, byNumber), null);
  assert.equal(
    lateOf(
      filter((row) => JSON.stringify(row) !== ''),
      byNumber,
    ),
    null,
  );
  assert.equal(lateOf(project('n'), byNumber), null);
  assert.equal(lateTexts([byNumber, byText] as never, null, null), null);
});

test('few texts are decoded alone, many all at once', () => {
  const builder = new BatchBuilder(record({ s: t.string }));
  for (let n = 0; n < 320; n++) builder.appendRow({ s: `text ${n}` });
  const { entries } = builder.seal().columns[0] as StringColumn;
  for (let n = 0; n < 10; n++) assert.equal(entries.few(n), `text ${n}`);
  assert.equal(entries.isDecoded, false);
  assert.equal(entries.few(10), 'text 10');
  assert.equal(entries.isDecoded, true);
  assert.equal(entries.few(319), 'text 319');
});

test('where many rows get so far, texts are decoded at once for a while', () => {
  const schema = record({ s: t.string });
  const late = { texts: new Set(['s']), row: new Set(['s']) };
  const sources = new BatchLoops<string>(
    schema,
    ({ prelude, lateRow }) => prelude + lateRow,
    (source) => source,
    null,
    late,
  );
  const batchOf = (read: number) => {
    const builder = new BatchBuilder(schema);
    for (let n = 0; n < 320; n++) builder.appendRow({ s: `text ${n}` });
    const batch = builder.seal();
    const source = sources.for(batch);
    for (let n = 0; n < read; n++) (batch.columns[0] as StringColumn).entries.few(n);
    return source.includes('.few(');
  };
  assert.deepEqual([batchOf(5), batchOf(5), batchOf(320)], [true, true, true]);
  const next = Array.from({ length: 65 }, () => batchOf(5));
  assert.deepEqual(next, [...Array.from({ length: 64 }, () => false), true]);
});
