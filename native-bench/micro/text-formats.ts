/**
 * Records of files to rows or columns, every field of every record read.
 *
 *   text-formats.ts <way> <records>      prints { ms, records, checksum }
 *
 *   json-columns   JSON lines by the engine, into columns of a schema
 *   json-parse     JSON.parse of each line
 *   csv-columns    CSV by the engine, into columns of a schema
 *   csv-udsv       CSV by udsv, to typed objects
 *   avro-columns   Avro by the engine, into columns of a schema
 *   avro-avsc      Avro by the stream of avsc, to objects
 *
 * All read one file, which is made first; the file is small enough to stay in memory, and is read again and again.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avsc from 'avsc';
import { inferSchema, initParser } from 'udsv';
import { avro } from '../../src/connector/file/avro/avro.ts';
import { csv } from '../../src/connector/file/csv.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import type { FixedColumn, StringColumn } from '../../src/data/column.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';

const Bid = record({
  auction: t.int32,
  bidder: t.int32,
  price: t.float64,
  channel: t.string,
  url: t.string,
  time: t.timestamp,
});
type Bid = RowOf<typeof Bid>;

const FILE_RECORDS = 50_000;

const [way, records] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'millrace-text-'));
const path = join(folder, 'bids');
const count = Math.min(FILE_RECORDS, Number(records));
const rounds = Math.ceil(Number(records) / count);
writeFileSync(path, content());
const size = readFileSync(path).length;

const WAYS: Readonly<Record<string, () => number | Promise<number>>> = {
  'json-columns': () => byColumns(jsonLines(Bid)),
  'json-parse': jsonParse,
  'csv-columns': () => byColumns(csv(Bid)),
  'csv-udsv': udsv,
  'avro-columns': () => byColumns(avro(Bid)),
  'avro-avsc': avscObjects,
};
const run = WAYS[way!]!;
await run();
const start = performance.now();
let checksum = 0;
for (let round = 0; round < rounds; round++) checksum += await run();
const ms = performance.now() - start;
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ ms, records: rounds * count, checksum }));

function bid(n: number): Bid {
  return {
    auction: 1000 + (n % 977),
    bidder: (n * 7919) % 100_000,
    price: ((n * 31) % 1_000_000) / 100,
    channel: ['Google', 'Facebook', 'Baidu', 'Apple'][n % 4]!,
    url: `https://www.nexmark.com/item/${n % 5003}?channel=${n % 7}`,
    time: 1_700_000_000_000 + n,
  };
}

function content(): string | Uint8Array {
  if (way!.startsWith('json')) return jsonText();
  return way!.startsWith('csv') ? csvText() : avroBytes();
}

function jsonText(): string {
  let text = '';
  for (let n = 0; n < count; n++) text += `${JSON.stringify(bid(n))}\n`;
  return text;
}

function csvText(): string {
  let text = `${Object.keys(bid(0)).join(',')}\n`;
  for (let n = 0; n < count; n++) text += `${Object.values(bid(n)).join(',')}\n`;
  return text;
}

function avroBytes(): Uint8Array {
  const encoder = avro(null, { codec: 'null' }).createEncoder(Bid);
  const parts: Uint8Array[] = [];
  for (let n = 0; n < count; ) {
    const builder = new BatchBuilder(Bid);
    for (; n < count && !builder.isFull; n++) builder.appendRow(bid(n));
    parts.push(encoder.encode(builder.seal()));
  }
  return Buffer.concat(parts);
}

function checksumOf({ auction, bidder, price, channel, url, time }: Bid): number {
  return auction + bidder + price + lastUnit(channel) + lastUnit(url) + (time % 1000);
}

function lastUnit(text: string): number {
  return text.charCodeAt(text.length - 1);
}

function byColumns(format: FileFormat<Bid>): number {
  const range = { start: 0, end: size, weight: 0 };
  const reader = format.open({ path, sizeBytes: size }, range, null, {
    onMalformed: 'fail',
    malformed() {},
  });
  let sum = 0;
  for (let batch = reader.poll(); batch !== 'end'; batch = reader.poll()) {
    if (batch === 'idle') continue;
    const { columns, rowCount } = batch;
    const [auctions, bidders, prices, times] = [0, 1, 2, 5].map(
      (c) => (columns[c] as FixedColumn).values as Float64Array,
    );
    const [channels, urls] = [3, 4].map((c) => (columns[c] as StringColumn).entries.all());
    for (let i = 0; i < rowCount; i++) {
      sum += auctions![i]! + bidders![i]! + prices![i]! + (times![i]! % 1000);
      sum += lastUnit(channels![i]!) + lastUnit(urls![i]!);
    }
  }
  reader.close();
  return Math.round(sum);
}

function jsonParse(): number {
  const text = readFileSync(path, 'utf8');
  let sum = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    sum += checksumOf(JSON.parse(text.slice(from, end)) as Bid);
    from = end + 1;
  }
  return Math.round(sum);
}

function udsv(): number {
  const text = readFileSync(path, 'utf8');
  const rows = initParser(inferSchema(text)).typedObjs(text) as Bid[];
  let sum = 0;
  for (const row of rows) sum += checksumOf(row);
  return Math.round(sum);
}

async function avscObjects(): Promise<number> {
  const decoder = new avsc.streams.BlockDecoder();
  let sum = 0;
  decoder.on('data', (row: Bid) => {
    sum += checksumOf(row);
  });
  decoder.end(readFileSync(path));
  await once(decoder, 'end');
  return Math.round(sum);
}
