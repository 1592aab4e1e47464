/** Compressed text files: gzip and zstd, read from front to back in pieces, and refused when they are damaged. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { csv } from '../../src/connector/file/csv.ts';
import { openBytes } from '../../src/connector/file/file-bytes.ts';
import { findFiles } from '../../src/connector/file/find-files.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { record, t } from '../../src/data/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-compressed-'));
after(() => rmSync(folder, { recursive: true }));

const Row = record({ n: t.int32, s: t.string });
type Row = { n: number; s: string };
const ROWS: readonly Row[] = Array.from({ length: 30_000 }, (_, n) => ({
  n,
  s: `row ${n * 7919}`,
}));
const JSON_TEXT = ROWS.map((row) => `${JSON.stringify(row)}\n`).join('');
const CSV_TEXT = `n,s\n${ROWS.map(({ n, s }) => `${n},${s}\n`).join('')}`;

/** Of '{"n":1,"s":"eins"}\n{"n":2,"s":"zwei"}\n'. */
const ZSTD = 'KLUv/SAmHQEA2HsibiI6MSwicyI6ImVpbnMifQoyendlaSJ9CgIAYES7Zhg=';

function write(name: string, bytes: Uint8Array) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { path, sizeBytes: statSync(path).size };
}

function rowsOf(
  format: FileFormat<Row>,
  file: { path: string; sizeBytes: number },
  batchesAtOnce = Infinity,
): Row[] {
  const ranges = format.split(file);
  assert.equal(ranges.length, 1);
  const context = { onMalformed: 'fail' as const, malformed() {} };
  const rows: Row[] = [];
  let reader = format.open(file, ranges[0]!, null, context);
  for (let batches = 1; ; batches++) {
    const batch = reader.poll();
    if (batch === 'end') break;
    if (batch !== 'idle') rows.push(...(batch.rowObjects() as Row[]));
    if (batches % batchesAtOnce !== 0) continue;
    const position = reader.position();
    reader.close();
    reader = format.open(file, ranges[0]!, position, context);
  }
  assert.equal(reader.progress(), 1);
  reader.close();
  return rows;
}

for (const [name, format, text] of [
  ['a.jsonl.gz', jsonLines(Row), JSON_TEXT],
  ['a.csv.gz', csv(Row), CSV_TEXT],
] as const) {
  test(`${name}: all rows, also resumed at every batch`, () => {
    const file = write(name, gzipSync(text));
    assert.deepEqual(rowsOf(format, file), ROWS);
    assert.deepEqual(rowsOf(format, file, 1), ROWS);
  });
}

test('several members one after the other are one file', () => {
  const half = JSON_TEXT.indexOf('\n', JSON_TEXT.length / 2) + 1;
  const parts = [gzipSync(JSON_TEXT.slice(0, half)), gzipSync(JSON_TEXT.slice(half))];
  assert.deepEqual(rowsOf(jsonLines(Row), write('two.jsonl.gz', Buffer.concat(parts))), ROWS);
});

test('a file that is too short to be one is cut off', () => {
  for (const bytes of [0, 3, 7]) {
    const file = write('short.jsonl.gz', gzipSync(JSON_TEXT).subarray(0, bytes));
    assert.throws(() => rowsOf(jsonLines(Row), file), {
      code: 'INPUT_MALFORMED',
      message: /short\.jsonl\.gz: damaged gzip data near byte \d: (it is cut off|unexpected EOF)$/,
    });
  }
});

test('each member is checked: damage in any of them is told', () => {
  const parts = [0, 1, 2].map((n) => gzipSync(Buffer.from(JSON_TEXT.slice(0, 4000 + n))));
  const checksumOf = (n: number): number =>
    parts.slice(0, n + 1).reduce((sum, part) => sum + part.length, 0) - 8;
  for (const at of [0, 1, 2].flatMap((n) => [checksumOf(n), checksumOf(n) + 4])) {
    const bytes = Buffer.concat(parts);
    bytes[at]! ^= 1;
    const contents = openBytes(write('members.gz', bytes));
    const buffer = new Uint8Array(1 << 16);
    const readToEnd = (): void => {
      let place = 0;
      for (let count = 1; count > 0; place += count) {
        count = contents.read(buffer, 0, buffer.length, place);
      }
    };
    assert.throws(readToEnd, {
      code: 'INPUT_MALFORMED',
      message: /members\.gz: damaged gzip data near byte \d+: its checksum is wrong$/,
    });
    contents.close();
  }
});

test('zstd', () => {
  const file = write('b.jsonl.zst', Buffer.from(ZSTD, 'base64'));
  assert.deepEqual(rowsOf(jsonLines(Row), file), [
    { n: 1, s: 'eins' },
    { n: 2, s: 'zwei' },
  ]);
});

test('content that is much larger than the file is read in bounded memory', () => {
  const member = gzipSync(Buffer.alloc(10 * 2 ** 20));
  const bytes = openBytes(write('zeros.gz', Buffer.concat(Array(30).fill(member))));
  const buffer = new Uint8Array(1 << 20);
  let place = 0;
  let peakMb = 0;
  for (let count = 1; count > 0; place += count) {
    count = bytes.read(buffer, 0, buffer.length, place);
    peakMb = Math.max(peakMb, process.memoryUsage().arrayBuffers / 2 ** 20);
  }
  bytes.close();
  assert.equal(place, 300 * 2 ** 20);
  assert.ok(peakMb < 200, `${peakMb} MB, garbage included`);
});

test('a folder has compressed files beside others', async () => {
  write('c.csv', Buffer.from(CSV_TEXT));
  const found = await findFiles(folder, 'csv');
  assert.deepEqual(
    found.map(({ path }) => path.slice(folder.length + 1)),
    ['a.csv.gz', 'c.csv'],
  );
});

test('damaged and cut files are refused, with the file and about where', () => {
  const good = gzipSync(JSON_TEXT);
  for (let n = 0; n < 200; n++) {
    const bytes = Buffer.from(good);
    const at = 10 + ((n * 7919) % (bytes.length - 18));
    bytes[at]! ^= 1 << (n % 8);
    const isCut = n % 4 === 0;
    const file = write('bad.jsonl.gz', isCut ? bytes.subarray(0, at) : bytes);
    assert.throws(() => rowsOf(jsonLines(Row), file), {
      code: 'INPUT_MALFORMED',
      message: /bad\.jsonl\.gz(:\d+: |: damaged gzip data near byte \d+: )/,
    });
  }
  const noGzip = write('text.jsonl.gz', Buffer.from(JSON_TEXT));
  assert.throws(() => rowsOf(jsonLines(Row), noGzip), { code: 'INPUT_MALFORMED' });
  const noZstd = write('text.jsonl.zst', Buffer.from(JSON_TEXT));
  assert.throws(() => rowsOf(jsonLines(Row), noZstd), { code: 'INPUT_MALFORMED' });
});
