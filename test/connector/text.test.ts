/** Lines of text as records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineError } from '../../src/base/errors.ts';
import { text } from '../../src/connector/file/text.ts';
import { describe } from '../../src/data/field-check.ts';
import { record, t } from '../../src/data/schema.ts';
import { encode, inFolder, readAll, write } from './read-all.ts';
import { freeFormOf } from './sink-run.ts';

test('lines without their end, empty ones too, with file and offset', async () => {
  await inFolder((folder) => {
    const file = write(`${folder}/a.txt`, 'one\r\n\nzwei é\n漢 end');
    assert.deepEqual(readAll(file, text()).rows, [
      { line: 'one' },
      { line: '' },
      { line: 'zwei é' },
      { line: '漢 end' },
    ]);
    assert.deepEqual(readAll(file, text({ file: true, offset: true })).rows[2], {
      line: 'zwei é',
      file: file.path,
      offset: 6,
    });
  });
});

test('a first line that begins with what a byte order mark is comes back, also where a file goes on', async () => {
  await inFolder((folder) => {
    const rows = ['\ufeffa', '\ufeff', '\ufeff\ufeffb', ''].map((line) => ({ line }));
    for (const schema of [record({ line: t.string }), null]) {
      for (const batchRows of [1, 10]) {
        const file = write(`${folder}/mark.txt`, encode(text(), schema, rows, batchRows));
        assert.deepEqual(readAll(file, text()).rows, rows);
      }
    }
    const parts = [undefined, null].map((restored) =>
      text().createEncoder(null, restored).encode(freeFormOf(rows)),
    );
    const file = write(`${folder}/on.txt`, Buffer.concat(parts));
    assert.deepEqual(readAll(file, text()).rows, [...rows, ...rows]);
  });
});

test('the field line is written, and what is no line is refused', async () => {
  const Row = record({ n: t.int32, line: t.string });
  const bytes = encode(text(), Row, [
    { n: 1, line: 'a' },
    { n: 2, line: '' },
  ]);
  assert.equal(bytes.toString(), 'a\n\n');
  for (const line of ['a\nb', 'a\r']) {
    assert.throws(() => encode(text(), Row, [{ n: 1, line }]), { code: 'FIELD_TYPE' });
    assert.throws(() => encode(text(), null, [{ line }]), { code: 'FIELD_TYPE' });
  }
  assert.throws(() => encode(text(), null, [{ line: 5 }]), { code: 'FIELD_TYPE' });
  assert.throws(() => encode(text(), null, [{ n: 5 }]), {
    code: 'FIELD_TYPE',
    message: "field 'line' wants string, got undefined",
  });
  for (const row of [5, 'a', null, undefined, ['a']]) {
    const told = `text writes rows with fields, got ${describe(row)}: `;
    assert.throws(
      () => encode(text(), null, [row]),
      (error: EngineError) => error.code === 'FIELD_TYPE' && error.message.startsWith(told),
    );
  }
  assert.throws(() => encode(text(), record({ n: t.int32 }), [{ n: 1 }]), {
    code: 'FIELD_UNKNOWN',
  });
});
