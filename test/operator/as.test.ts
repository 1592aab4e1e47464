/** A schema given in mid-flow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode, inOrderOf } from '../modes.ts';

const Raw = record({ id: t.int32, text: t.nullable(t.string), extra: t.float64 });
const Bid = record({ id: t.float64, text: t.nullable(t.string) });

inEveryMode(
  'rows keep their values and times, and lose the fields beyond the schema',
  Raw,
  (stream) => stream.as(Bid),
  (h, mode) => {
    const rows = [
      { id: 1, text: 'a', extra: 0.5 },
      { id: -2, text: null, extra: 1 },
      { id: 3, text: '漢', extra: 2 },
    ];
    for (const [i, row] of rows.entries()) h.push(row, i);
    const expected = rows.map(({ id, text }, i) => ({ record: { id, text }, timestamp: i }));
    assert.deepEqual(inOrderOf(mode, h.take()), inOrderOf(mode, expected));
  },
);

for (const [what, row, message] of [
  [
    'a value of another type',
    { id: 'x', text: null },
    /record 1\): field 'id' wants float64, got "x"$/,
  ],
  ['a missing field', { text: 'a' }, /record 1\): .*'id'/],
  ['a null where there may be none', { id: null, text: 'a' }, /record 1\): .*'id'/],
  ['a row that is no object', 7, /record 1\): the row is number/],
] as const) {
  test(`${what} names operator, record and field`, async () => {
    const h = await harness<unknown>((stream) => stream.as(Bid).name('bids'));
    h.push({ id: 1, text: 'fine' });
    h.push(row);
    assert.throws(
      () => h.take(),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'FIELD_TYPE');
        assert.match(error.message, /^operator 'bids' \(subtask 0, /);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('a schema that no row can have is refused when the job is built', async () => {
  const build = (to: Parameters<typeof record>[0]) =>
    harness<{ id: number }>((stream) => stream.as(record(to)), { schema: record({ id: t.int32 }) });
  await assert.rejects(build({ id: t.string }), {
    code: 'FIELD_TYPE',
    message: "as: field 'id' is int32, not string",
  });
  await assert.rejects(build({ name: t.string }), { code: 'FIELD_UNKNOWN' });
});
