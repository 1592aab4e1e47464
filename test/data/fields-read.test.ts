/** What a function reads of its row: never less than it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch } from '../../src/data/batch.ts';
import { FixedColumn, StringColumn, StringEntries } from '../../src/data/column.ts';
import { fieldsRead } from '../../src/data/fields-read.ts';
import { KeyReader } from '../../src/data/key.ts';
import { record, t } from '../../src/data/schema.ts';
import { FusedLoops } from '../../src/operator/fused-codegen.ts';
import { harness } from '../../src/testing/harness.ts';

const Row = record({ a: t.int32, b: t.int32, text: t.string, fn: t.dynamic<() => unknown>() });
type Row = { a: number; b: number; text: string; fn: () => unknown };

function read(fn: (...of: never[]) => unknown): string | null {
  const fields = fieldsRead(fn, Row);
  return fields === null ? null : [...fields].sort().join(' ');
}

/** As it stands in a module without types. */
function parsed(source: string): (...of: never[]) => unknown {
  return new Function(`return ${source}`)();
}

const KNOWN: readonly (readonly [string, string])[] = [
  ['(row) => row.a > 1', 'a'],
  ['row => row.a + row . b', 'a b'],
  ['(row) => row.text?.length', 'text'],
  ['(row) => row.text.slice(1)', 'text'],
  ['(row, out) => { out(row.b); }', 'b'],
  ['({ a, text: t }) => a + t', 'a text'],
  ['({ a, }, { emit }) => emit(a)', 'a'],
  ['({}) => 1', ''],
  ['(row) => 1', ''],
  ['function (row) { return row.a; }', 'a'],
  ['function named(row) { return row.a; }', 'a'],
  ['({ on(row, ctx) { ctx.emit(row.b); } }).on', 'b'],
  ['($row) => $row.a', 'a'],
];

for (const [source, fields] of KNOWN) {
  test(`${source} reads '${fields}'`, () => assert.equal(read(parsed(source)), fields));
}

const DOUBTFUL = [
  '(row) => row',
  '(row) => ({ ...row })',
  '(row) => ({ row })',
  '(row) => row["a"]',
  '(row) => row?.["a"]',
  '(row) => JSON.stringify(row)',
  '(row) => row.fn()',
  '(row) => row.fn?.()',
  '(row) => row.fn /* */ ()',
  '(row) => row.fn`x`',
  '(row) => row.toString',
  '(row) => row.unknown',
  '(row) => [row.a].map((row) => row.b)',
  '(row) => { const { a } = row; return a; }',
  '(row) => eval("row.a")',
  '(row) => r\\u006fw.b',
  'function (row) { return arguments[0].b + row.a; }',
  '({ a, ...rest }) => rest',
  '({ a = 1 }) => a',
  '({ ["a"]: x }) => x',
  '({ text: { length } }) => length',
  '({ a } = {}) => a',
  '(row = {}) => row.a',
  '(...rows) => rows.length',
  '([a]) => a',
  '() => 1',
  'async (row) => row.a',
  'async row => row.a',
  'function* (row) { yield row.a; }',
  '((row) => row.a).bind(null)',
];

for (const source of DOUBTFUL) {
  test(`${source} may read all`, () => assert.equal(read(parsed(source)), null));
}

test('without a schema nothing is known', () => {
  assert.equal(
    fieldsRead((row: Row) => row.a, null),
    null,
  );
});

const Text = record({ a: t.int32, text: t.string });

test('fields that functions read are there, whichever step reads them', async () => {
  const h = await harness<{ a: number; text: string }>(
    (stream) =>
      stream
        .filter((row) => row.a > 1)
        .filter(({ text }) => text !== 'no')
        .project('text', 'a')
        .map((row) => `${row.a} ${row.text}`),
    { schema: Text },
  );
  h.push({ a: 1, text: 'one' });
  h.push({ a: 2, text: 'no' });
  h.push({ a: 3, text: 'three' });
  assert.deepEqual(h.takeRecords(), ['3 three']);
});

test('a loop makes no texts that nobody reads', () => {
  const filter = (code: (row: { a: number; text: string }) => boolean) =>
    new FusedLoops([{ name: 'filter', spec: { type: 'filter' }, code }], Text).generatedLoop.source;
  assert.doesNotMatch(
    filter((row) => row.a > 1),
    /entries/,
  );
  assert.match(
    filter((row) => row.text > 'a'),
    /entries/,
  );
});

test('a key of fields has no texts decoded beside it, whatever the rows are declared as', () => {
  const row = record({ price: t.float64, extra: t.string });
  for (const declared of [row, null]) {
    const text = new StringEntries(1, Int32Array.of(0, 1), Buffer.from('x'), false);
    text.all = () => assert.fail('the text is read');
    const batch = new Batch({
      rowCount: 1,
      schema: row,
      columns: [new FixedColumn('float64', Float64Array.of(2.5)), new StringColumn(text)],
    });
    const reader = new KeyReader({ kind: 'fields', fields: ['price'] }, declared, null);
    reader.read(batch);
    assert.equal(reader.hashes(batch).length, 1);
  }
});
