/**
 * Damaged input of every kind, from seeds: no reader hangs or crashes, each says INPUT_MALFORMED or gives rows; and
 * where malformed records are skipped, a line that is whole is read whatever stands around it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { Compression, Table, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import { Random } from '../../src/base/random.ts';
import { avro } from '../../src/connector/file/avro/avro.ts';
import { csv } from '../../src/connector/file/csv.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import { text } from '../../src/connector/file/text.ts';
import { record, t } from '../../src/data/schema.ts';
import { cpuMs } from '../cpu-time.ts';
import { FORMAT_KINDS } from './format-kinds.ts';
import { encode, inFolder, readAll, write } from './read-all.ts';

/** Of the processor: how long it takes by the clock depends on who else is there. */
const CASE_MS_MAX = 2_000;
/** Files that this process has open, where the system tells. */
const DESCRIPTORS = '/proc/self/fd';

function openFiles(): number {
  return existsSync(DESCRIPTORS) ? readdirSync(DESCRIPTORS).length : 0;
}

const Row = record({ n: t.int32, s: t.string, f: t.nullable(t.float64) });
type Row = { n: number; s: string; f: number | null };
const ROWS: readonly Row[] = Array.from({ length: 120 }, (_, n) => ({
  n,
  s: n % 5 === 0 ? `"quoted", ${n}` : `text ${n} é漢`,
  f: n % 7 === 0 ? null : n / 8,
}));
const CSV_LINES = ROWS.map(
  ({ n, s, f }) => `${n},${s.includes('"') ? `"${s.replaceAll('"', '""')}"` : s},${f ?? ''}`,
);
const JSON_LINES = ROWS.map((row) => JSON.stringify(row));

/** What damages bytes: each gives new bytes. */
const DAMAGES: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const flipped = Buffer.from(bytes);
    for (let n = random.below(4); n >= 0; n--) {
      flipped[random.below(bytes.length)]! ^= 1 << random.below(8);
    }
    return flipped;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => bytes.subarray(random.below(bytes.length)),
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), noise(random, 64), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(64))]);
  },
  (bytes) => {
    const half = bytes.length >> 1;
    return Buffer.concat([bytes.subarray(half), bytes.subarray(0, half)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    const end = at + random.below(200);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  },
  (_, random) => noise(random, 400),
];

function noise(random: Random, bytesMax: number): Buffer {
  return Buffer.from(Array.from({ length: random.below(bytesMax) }, () => random.below(256)));
}

/** A zstd frame of stored blocks, of at most 60 bytes each. */
function zstdStored(content: Buffer): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x30]);
  const parts: Buffer[] = [header];
  for (let at = 0; at < content.length; at += 60) {
    const block = content.subarray(at, at + 60);
    const isLast = at + 60 >= content.length ? 1 : 0;
    const size = (block.length << 3) | isLast;
    parts.push(Buffer.from([size & 0xff, (size >> 8) & 0xff, size >> 16]), block);
  }
  return Buffer.concat(parts);
}

/** A frame of compressed blocks: two lines. */
const ZSTD = Buffer.from('KLUv/SAmHQEA2HsibiI6MSwicyI6ImVpbnMifQoyendlaSJ9CgIAYES7Zhg=', 'base64');

const CSV_TEXT = Buffer.from(`n,s,f\n${CSV_LINES.join('\n')}\n`);
const JSON_TEXT = Buffer.from(`${JSON_LINES.join('\r\n')}\r\n`);

const arrow = tableFromArrays({
  n: Int32Array.from(ROWS, (row) => row.n),
  s: ROWS.map((row) => row.s),
  f: ROWS.map((row) => row.f ?? -1),
});
function parquetFile(compression: Compression): Buffer {
  const properties = new WriterPropertiesBuilder().setCompression(compression).build();
  return Buffer.from(writeParquet(Table.fromIPCStream(tableToIPC(arrow, 'stream')), properties));
}

type Kind = {
  readonly name: string;
  readonly format: FileFormat<Row>;
  readonly good: Buffer;
  readonly rows: number;
  readonly cases: number;
};

const plain = (name: string, format: FileFormat<Row>, good: Buffer, rows = ROWS.length): Kind => ({
  name,
  format,
  good,
  rows,
  cases: 160,
});

const KINDS: readonly Kind[] = [
  plain('a.csv', csv(Row), CSV_TEXT),
  plain('multiline.csv', csv(Row, { multiline: true }), CSV_TEXT),
  plain('a.csv.gz', csv(Row), gzipSync(CSV_TEXT)),
  plain('a.csv.zst', csv(Row), zstdStored(CSV_TEXT)),
  plain('a.jsonl', jsonLines(Row), JSON_TEXT),
  plain('free.jsonl', jsonLines<Row>(), JSON_TEXT),
  plain('a.jsonl.gz', jsonLines(Row), gzipSync(JSON_TEXT)),
  plain(
    'two.jsonl.gz',
    jsonLines(Row),
    Buffer.concat([gzipSync(JSON_TEXT), gzipSync(JSON_TEXT)]),
    240,
  ),
  plain('a.jsonl.zst', jsonLines(Row), zstdStored(JSON_TEXT)),
  plain('b.jsonl.zst', jsonLines(record({ n: t.int32, s: t.string })) as never, ZSTD, 2),
  ...(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'LZ4_RAW', 'ZSTD'] as const).map((codec) =>
    plain(`${codec}.parquet`, parquet(Row), parquetFile(Compression[codec])),
  ),
  ...FORMAT_KINDS.filter(({ name }) => /^(avro|protobuf|arrow)/.test(name)).flatMap(
    ({ name, of }) => {
      const good = encode(of(Row), Row, ROWS, 30);
      return [plain(name, of(Row), good), plain(`${name}.gz`, of(Row), gzipSync(good))];
    },
  ),
  plain('avro without a schema', avro<Row>(), encode(avro(), Row, ROWS, 30)),
  plain('text', text() as unknown as FileFormat<Row>, CSV_TEXT, ROWS.length + 1),
];

for (const { name, format, good, rows, cases } of KINDS) {
  test(`${name}: damage never hangs or crashes a reader`, async () => {
    await inFolder((folder) => {
      assert.equal(readAll(write(`${folder}/${name}`, good), format).rows.length, rows);
      const open = openFiles();
      for (let seed = 0; seed < cases; seed++) {
        const random = new Random(seed);
        let bytes = good;
        for (let n = random.below(3); n >= 0 && bytes.length > 0; n--) {
          bytes = random.pick(DAMAGES)(bytes, random);
        }
        const file = write(`${folder}/${name}`, bytes);
        for (const onMalformed of ['fail', 'skip'] as const) {
          const start = process.cpuUsage();
          try {
            readAll(file, format, { onMalformed });
          } catch (error) {
            const { code, stack } = error as { code?: string; stack?: string };
            assert.equal(code, 'INPUT_MALFORMED', `seed ${seed}: ${stack}`);
          }
          const tookMs = cpuMs(start);
          assert.ok(tookMs < CASE_MS_MAX, `seed ${seed} takes ${tookMs} ms`);
          assert.equal(openFiles(), open, `seed ${seed} leaves a file open`);
        }
      }
    });
  });
}

/** Lines of bytes between whole ones: noise, and whole lines damaged. */
function damagedLine(random: Random, lines: readonly string[]): Buffer {
  const line = Buffer.from(random.pick(lines));
  return random.below(3) === 0 ? noise(random, 80) : random.pick(DAMAGES)(line, random);
}

for (const [name, format, header, lines] of [
  ['csv', csv(Row), 'n,s,f\n', CSV_LINES],
  ['jsonLines', jsonLines(Row), '', JSON_LINES],
] as const) {
  for (const ending of ['', '.gz', '.zst']) {
    test(`${name}${ending}: whole lines survive whatever stands between them`, async () => {
      await inFolder((folder) => {
        for (let seed = 0; seed < 60; seed++) {
          const random = new Random(seed);
          const parts: Buffer[] = [Buffer.from(header)];
          for (const line of lines) {
            if (random.below(4) === 0) parts.push(damagedLine(random, lines), Buffer.from('\n'));
            parts.push(Buffer.from(random.below(2) === 0 ? `${line}\n` : `${line}\r\n`));
          }
          const text = Buffer.concat(parts);
          const bytes =
            ending === '.gz' ? gzipSync(text) : ending === '.zst' ? zstdStored(text) : text;
          const file = write(`${folder}/lines.${name}${ending}`, bytes);
          const half = Math.floor(bytes.length / 2);
          const ranges = [
            { start: 0, end: half, weight: 1 },
            { start: half, end: bytes.length, weight: 1 },
          ];
          const { rows } = readAll(file, format as FileFormat<Row>, {
            onMalformed: 'skip',
            reopens: seed % 2 === 0,
            ...(ending === '' && seed % 3 === 0 ? { ranges } : {}),
          });
          let next = 0;
          for (const row of rows) {
            if (next < ROWS.length && JSON.stringify(row) === JSON.stringify(ROWS[next])) next++;
          }
          assert.equal(next, ROWS.length, `seed ${seed}: row ${next} is lost`);
        }
      });
    });
  }
}
