/** Bodies of any bytes are rows and malformed records, and nothing else; a schema's rows are those of JSON.parse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../src/base/random.ts';
import {
  type BodyKind,
  BodyReader,
  bodyKindOf,
  type Misfit,
} from '../../../src/connector/net/http/ingest-body.ts';
import { BatchBuilder } from '../../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../../src/data/schema.ts';

const Row = record({ n: t.int32, text: t.nullable(t.string) });
const BODIES: Readonly<Record<BodyKind, string>> = {
  json: '[{"n":1,"text":"a"},{"n":2,"text":"é"},{"text":null,"n":3}]',
  jsonLines: '{"n":1,"text":"a"}\n{"n":2,"text":"é"}\r\n\n{"text":null,"n":3}',
  csv: 'text,n\na,1\n"é",2\n,3\n',
};

function read(reader: BodyReader, schema: Schema | null, kind: BodyKind, body: Buffer) {
  const builder = new BatchBuilder(schema);
  const misfits: Misfit[] = [];
  const goesOn = (misfit: Misfit): boolean => misfits.push(misfit) > 0;
  const refused = reader.read(kind, body, { builder: () => builder, goesOn });
  const rows = builder.seal().rowObjects();
  if (refused !== null) {
    // A header that cannot be read is the end of a body, whatever the target says.
    assert.deepEqual([kind, rows, misfits], ['csv', [], []]);
    misfits.push(refused);
  }
  return { rows, misfits };
}

test('each type of body has the same rows, with a byte order mark or without', () => {
  const reader = new BodyReader(Row as Schema);
  for (const kind of ['json', 'csv', 'jsonLines', 'csv'] as const) {
    for (const mark of ['', '\ufeff']) {
      const body = Buffer.from(mark + BODIES[kind]);
      const { rows, misfits } = read(reader, Row as Schema, kind, body);
      assert.deepEqual(misfits, []);
      assert.deepEqual(rows, [
        { n: 1, text: 'a' },
        { n: 2, text: 'é' },
        { n: 3, text: null },
      ]);
    }
  }
  assert.equal(bodyKindOf('Text/CSV; header=present'), 'csv');
  assert.equal(bodyKindOf(undefined), null);
  for (const charset of ['utf-8', 'UTF8', '"utf-8"', 'us-ascii']) {
    assert.equal(bodyKindOf(`application/json; charset=${charset}`), 'json');
  }
  assert.equal(bodyKindOf('text/csv; header=present; Charset=ISO-8859-1'), null);
});

test('without a schema null is a row of JSON lines as it is of a list', () => {
  const reader = new BodyReader(null);
  for (const [kind, body] of [
    ['json', '[1,null]'],
    ['jsonLines', '1\n\nnull\n'],
  ] as const) {
    assert.deepEqual(read(reader, null, kind, Buffer.from(body)).rows, [1, null], kind);
  }
});

test('an int64 of a list has all its digits', () => {
  const Id = record({ id: t.int64 }) as Schema;
  const body = Buffer.from('[{"id":1},{"id":9007199254740993},{"id":9223372036854775808}]');
  const { rows, misfits } = read(new BodyReader(Id), Id, 'json', body);
  assert.deepEqual(rows, [{ id: 1n }, { id: 9007199254740993n }]);
  const reason = "field 'id' wants int64, got 9223372036854775808n";
  const text = '{"id":9223372036854776000}';
  assert.deepEqual(misfits, [{ place: 'record 3', line: null, reason, text }]);
});

test('bytes that are damaged anywhere are told, never thrown', () => {
  const readers = [Row as Schema, null].map((schema) => ({
    schema,
    reader: new BodyReader(schema),
  }));
  let told = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const kind = random.pick(['json', 'jsonLines', 'csv'] as const);
    const body = Buffer.from(BODIES[kind]);
    for (let n = random.below(4); n >= 0; n--) body[random.below(body.length)] = random.below(256);
    const cut = body.subarray(random.below(3), body.length - random.below(3));
    const { schema, reader } = random.pick(readers);
    const { rows, misfits } = read(reader, schema, kind, cut);
    told += misfits.length;
    assert.ok(rows.length + misfits.length <= 8, `seed ${seed}`);
    for (const { place, reason } of misfits) assert.ok(place !== '' && reason !== '');
  }
  assert.ok(told > 1000);
});

test('a body whose header cannot be read is refused, and no later line is taken for a header', () => {
  const reader = new BodyReader(Row as Schema);
  for (const [header, reason] of [
    ['N,text', "'body' has no column 'n'; its header has N, text"],
    ['n,text,n', /^'body' has more than one column 'n'/],
    ['n,"text', /^a quote is still open/],
  ] as const) {
    const body = Buffer.from(`\n${header}\nn,text\n1,a\n`);
    const { rows, misfits } = read(reader, Row as Schema, 'csv', body);
    assert.deepEqual([rows, misfits.length], [[], 1]);
    const [{ place, line, text, reason: told }] = misfits as [Misfit];
    assert.deepEqual([place, line, text], ['line 2', 2, header]);
    if (typeof reason === 'string') assert.equal(told, reason);
    else assert.match(told, reason);
  }
});

test('a value of CSV with a line break is told, with what to do', () => {
  const reader = new BodyReader(Row as Schema);
  const { misfits } = read(reader, Row as Schema, 'csv', Buffer.from('n,text\n1,"a\n"\n'));
  assert.equal(misfits[0]!.place, 'line 2');
  assert.match(misfits[0]!.reason, /still open at the end of the line; .* in files only/);
});
