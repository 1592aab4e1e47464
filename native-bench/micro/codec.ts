/**
 * Records of six fields, two of them strings, to bytes and back in one thread; every field of what comes back is read.
 *
 *   codec.ts <way> <records> <ms>      prints { nsPerRecord, records, checksum }
 *
 *   rows              row objects through a ring of the engine, to columns in a frame and to row objects made anew
 *   columns           row objects into columns of a schema, through the ring, and read in place
 *   values            row objects as the values of one dynamic column, through the ring, and the values made anew
 *   lists             as values, of lists of one to four records
 *   msgpackr          each record packed and unpacked by itself, one Packr with shared structures
 *   msgpackr-lists    each list packed and unpacked by itself
 *   msgpackr-array    all records packed as one array, and unpacked
 *
 * What comes back is compared with the records before the clock starts. The time is tinybench's median.
 */
import assert from 'node:assert/strict';
import { Packr } from 'msgpackr';
import { Bench } from 'tinybench';
import { RingWriter } from '../../src/channel/ring-channel.ts';
import { RingReader } from '../../src/channel/ring-reader.ts';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { DynamicColumn, type FixedColumn, type StringColumn } from '../../src/data/column.ts';
import { type RowOf, record, type Schema, t } from '../../src/data/schema.ts';
import { SpscQueue } from '../../src/sharedarraybuffer-queue/index.ts';

const Sale = record({
  id: t.int32,
  customer: t.string,
  price: t.float64,
  time: t.timestamp,
  isNew: t.boolean,
  city: t.string,
});
type Sale = RowOf<typeof Sale>;

type Codec = {
  /** There and back, every field read. */
  checksum(): number;
  /** There and back, as rows, for the comparison. */
  rows(): readonly Sale[];
};

const CODECS: Readonly<Record<string, (sales: readonly Sale[]) => Codec>> = {
  rows: rowCodec,
  columns: columnCodec,
  values: valueCodec,
  lists: listCodec,
  msgpackr: recordCodec,
  'msgpackr-lists': packedListCodec,
  'msgpackr-array': arrayCodec,
};

const [way, records, ms] = process.argv.slice(2);
const sales = makeSales(Number(records));
const codec = CODECS[way!]!(sales);
assert.deepEqual(codec.rows(), sales);
const bench = new Bench({ time: Number(ms), warmupTime: Number(ms) / 4, throws: true });
const task = bench.add(way!, () => codec.checksum()).tasks[0]!;
await bench.run();
const { result } = task;
assert(result.state === 'completed');
const nsPerRecord = (result.latency.p50 * 1e6) / sales.length;
console.log(JSON.stringify({ nsPerRecord, records: sales.length, checksum: codec.checksum() }));

function makeSales(count: number): Sale[] {
  const cities = ['Amsterdam', 'Berlin', 'Lisbon', 'New York', 'Sao Paulo', 'Tokyo'];
  return Array.from({ length: count }, (_, n) => ({
    id: n,
    customer: `customer ${(n * 7919) % 10_007}`,
    price: n / 8,
    time: Date.UTC(2024, 0) + n,
    isNew: n % 3 === 0,
    city: cities[n % cities.length]!,
  }));
}

function checksumOf(sales: readonly Sale[]): number {
  let sum = 0;
  for (const { id, customer, price, time, isNew, city } of sales)
    sum += id + lastUnit(customer) + price + time + (isNew ? 1 : 0) + lastUnit(city);
  return sum;
}

function lastUnit(text: string): number {
  return text.charCodeAt(text.length - 1);
}

/** The two ends of a ring in one thread: what is put in comes out, in memory of the ring. */
function ring(schema: Schema | null): (batch: Batch, read: (batch: Batch) => void) => void {
  const { descriptor } = SpscQueue.create({ capacityBytes: 2 ** 20 });
  const writer = new RingWriter(descriptor, schema, 'sender');
  const reader = new RingReader(descriptor, schema);
  return (batch, read) => {
    writer.put(batch);
    assert(writer.isReady, 'the batch fits the ring');
    writer.publish();
    reader.peek();
    read(reader.batch());
    reader.release();
  };
}

function rowCodec(sales: readonly Sale[]): Codec {
  const send = ring(null);
  const rows = (): readonly Sale[] => {
    let received: readonly Sale[] = [];
    send(new Batch({ rowCount: sales.length, schema: null, rows: sales }), (batch) => {
      received = batch.rowObjects() as readonly Sale[];
    });
    return received;
  };
  return { rows, checksum: () => checksumOf(rows()) };
}

function columnCodec(sales: readonly Sale[]): Codec {
  const send = ring(Sale);
  const builder = new BatchBuilder(Sale, sales.length);
  const through = (read: (batch: Batch) => void): void => {
    builder.reset();
    for (let i = 0; i < sales.length; i++) builder.appendRow(sales[i]);
    send(builder.seal(), read);
  };
  return {
    rows() {
      let received: readonly Sale[] = [];
      through((batch) => {
        received = batch.rowObjects() as readonly Sale[];
      });
      return received;
    },
    checksum() {
      let sum = 0;
      through((batch) => {
        sum = checksumOfColumns(batch);
      });
      return sum;
    },
  };
}

/** Sends values of a dynamic column. */
function values<T>(sent: readonly T[]): () => readonly T[] {
  const Holder = record({ value: t.dynamic<T>() });
  const send = ring(Holder);
  const columns = [new DynamicColumn([...sent])];
  return () => {
    let received: readonly T[] = [];
    send(new Batch({ rowCount: sent.length, schema: Holder, columns }), (batch) => {
      received = (batch.columns[0] as DynamicColumn).values as readonly T[];
    });
    return received;
  };
}

function valueCodec(sales: readonly Sale[]): Codec {
  const rows = values(sales);
  return { rows, checksum: () => checksumOf(rows()) };
}

function listCodec(sales: readonly Sale[]): Codec {
  const lists = values(inLists(sales));
  return { rows: () => lists().flat(), checksum: () => checksumOfLists(lists()) };
}

/** One, two, three, four, one, ... of them in a list. */
function inLists(sales: readonly Sale[]): readonly (readonly Sale[])[] {
  const lists: (readonly Sale[])[] = [];
  for (let from = 0, n = 0; from < sales.length; from += lists[n++]!.length) {
    lists.push(sales.slice(from, from + 1 + (n % 4)));
  }
  return lists;
}

function checksumOfLists(lists: readonly (readonly Sale[])[]): number {
  let sum = 0;
  for (const list of lists) sum += checksumOf(list);
  return sum;
}

function checksumOfColumns({ columns, rowCount }: Batch): number {
  const [ids, prices, times, areNew] = [0, 2, 3, 4].map((c) => (columns[c] as FixedColumn).values);
  const [customers, cities] = [1, 5].map((c) => (columns[c] as StringColumn).entries.all());
  let sum = 0;
  for (let i = 0; i < rowCount; i++) {
    sum +=
      (ids![i] as number) +
      lastUnit(customers![i]!) +
      (prices![i] as number) +
      (times![i] as number) +
      (areNew![i] as number) +
      lastUnit(cities![i]!);
  }
  return sum;
}

function recordCodec(sales: readonly Sale[]): Codec {
  const packr = new Packr({ structures: [] });
  const through = (sale: Sale): Sale => packr.unpack(packr.pack(sale));
  return {
    rows: () => sales.map(through),
    checksum() {
      let sum = 0;
      for (let i = 0; i < sales.length; i++) {
        const { id, customer, price, time, isNew, city } = through(sales[i]!);
        sum += id + lastUnit(customer) + price + time + (isNew ? 1 : 0) + lastUnit(city);
      }
      return sum;
    },
  };
}

function packedListCodec(sales: readonly Sale[]): Codec {
  const packr = new Packr({ structures: [] });
  const sent = inLists(sales);
  const lists = (): readonly (readonly Sale[])[] =>
    sent.map((list) => packr.unpack(packr.pack(list)));
  return { rows: () => lists().flat(), checksum: () => checksumOfLists(lists()) };
}

function arrayCodec(sales: readonly Sale[]): Codec {
  const packr = new Packr({ structures: [] });
  const rows = (): readonly Sale[] => packr.unpack(packr.pack(sales));
  return { rows, checksum: () => checksumOf(rows()) };
}
