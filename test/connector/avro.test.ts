/** Avro against avsc, a library that others use: its files are read here, and files from here by it. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import avsc from 'avsc';
import { type AvroOptions, avro } from '../../src/connector/file/avro/avro.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { encode, inFolder, readAll, write } from './read-all.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

/** A file of avsc, of many blocks. */
async function written(
  schema: unknown,
  rows: Rows,
  codec: 'null' | 'deflate' = 'null',
): Promise<Buffer> {
  const encoder = new avsc.streams.BlockEncoder(schema as avsc.Schema, { codec, blockSize: 2000 });
  for (const row of rows) encoder.write(row);
  encoder.end();
  return Buffer.concat(await encoder.toArray());
}

/** What avsc reads. */
async function readByAvsc(bytes: Buffer): Promise<unknown[]> {
  const decoder = Readable.from([bytes]).pipe(new avsc.streams.BlockDecoder());
  return (await decoder.toArray()).map((row: object) => ({ ...row }));
}

/** Rows of a file, by a schema. */
async function readBack<Row>(
  bytes: Buffer,
  schema: Schema<Row> | null,
  options?: AvroOptions<Row>,
) {
  return await inFolder((folder) =>
    readAll(write(`${folder}/a.avro`, bytes), avro(schema, options)),
  );
}

const COUNT = 3000;
const FULL = {
  type: 'record',
  name: 'Full',
  namespace: 'test',
  fields: [
    { name: 'int', type: 'int' },
    { name: 'unread', type: { type: 'array', items: ['null', 'string', 'long'] } },
    { name: 'long', type: 'long' },
    { name: 'float', type: 'float' },
    { name: 'double', type: 'double' },
    { name: 'flag', type: 'boolean' },
    { name: 'text', type: 'string' },
    { name: 'maybe', type: ['null', 'string'] },
    { name: 'other', type: ['double', 'null'] },
    { name: 'suit', type: { type: 'enum', name: 'Suit', symbols: ['SPADES', 'HEARTS'] } },
    { name: 'unreadMap', type: { type: 'map', values: 'int' } },
    { name: 'millis', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'micros', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'clock', type: { type: 'long', logicalType: 'time-micros' } },
    { name: 'unreadFixed', type: { type: 'fixed', name: 'Four', size: 4 } },
    {
      name: 'nested',
      type: {
        type: 'record',
        name: 'Tree',
        fields: [
          { name: 'value', type: 'long' },
          { name: 'next', type: ['null', 'Tree'] },
        ],
      },
    },
    { name: 'bytes', type: 'bytes' },
  ],
};

const fullRow = (n: number) => ({
  int: (n % 2 === 0 ? 1 : -1) * n * 700_000,
  unread: [null, `é${n}`, n],
  long: (n % 2 === 0 ? 1 : -1) * n * n * n * 100_003,
  float: n / 4,
  double: n / 3,
  flag: n % 3 === 0,
  text: n % 5 === 0 ? '' : `text ${n} é漢🎲`.repeat(n % 7),
  maybe: n % 4 === 0 ? null : `maybe ${n}`,
  other: n % 4 === 0 ? null : n / 8,
  suit: n % 2 === 0 ? 'SPADES' : 'HEARTS',
  unreadMap: { a: n, b: -n },
  millis: 1_700_000_000_000 + n,
  micros: 1_700_000_000_000_000 + n * 1000,
  day: n - 1000,
  clock: n * 1_500_000,
  unreadFixed: Buffer.from([1, 2, 3, n & 255]),
  nested: { value: n, next: n % 2 === 0 ? null : { value: -n, next: null } },
  bytes: Buffer.from([n & 255]),
});

const Full = record({
  text: t.string,
  int: t.int32,
  long: t.int64,
  longNumber: t.nullable(t.float64),
  float: t.float64,
  double: t.float64,
  flag: t.boolean,
  maybe: t.nullable(t.string),
  other: t.nullable(t.float64),
  suit: t.string,
  millis: t.timestamp,
  micros: t.date,
  day: t.timestamp,
  clock: t.timestamp,
  nested: t.dynamic<unknown>(),
  bytes: t.dynamic<Uint8Array>(),
});

const readRow = (n: number) => {
  const row = fullRow(n);
  return {
    text: row.text,
    int: row.int,
    long: BigInt(row.long),
    longNumber: null,
    float: row.float,
    double: row.double,
    flag: row.flag,
    maybe: row.maybe,
    other: row.other,
    suit: row.suit,
    millis: row.millis,
    micros: new Date(1_700_000_000_000 + n),
    day: (n - 1000) * 86_400_000,
    clock: n * 1500,
    nested: { value: n, next: n % 2 === 0 ? null : { value: -n, next: null } },
    bytes: new Uint8Array([n & 255]),
  };
};

for (const codec of ['null', 'deflate'] as const) {
  test(`files of avsc, codec ${codec}: each type, fields in another order, others passed over`, async () => {
    const rows = Array.from({ length: COUNT }, (_, n) => fullRow(n));
    const read = await readBack(await written(FULL, rows, codec), Full);
    assert.deepEqual(
      read.rows,
      rows.map((_, n) => readRow(n)),
    );
  });
}

test('rows without a schema are objects with all fields', async () => {
  const { rows } = await readBack(await written(FULL, [fullRow(3)]), null);
  const { micros, day, clock, unreadFixed, bytes, ...same } = fullRow(3);
  assert.deepEqual(rows, [
    {
      ...same,
      micros: micros / 1000,
      day: day * 86_400_000,
      clock: clock / 1000,
      unreadFixed: new Uint8Array(unreadFixed),
      bytes: new Uint8Array(bytes),
    },
  ]);
});

const LONGS = [
  0n,
  -1n,
  63n,
  64n,
  -65n,
  2n ** 27n,
  2n ** 28n - 1n,
  -(2n ** 31n),
  2n ** 52n + 1n,
  2n ** 53n,
  -(2n ** 53n) - 1n,
  2n ** 55n + 3n,
  -(2n ** 62n) - 7n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

test('texts of every short length are whole, with a letter that is not ASCII at every place', async () => {
  const texts = ['', 'é', '漢'];
  for (let length = 1; length < 14; length++) {
    const plain = 'abcdefghijklm'.slice(0, length);
    texts.push(plain);
    for (let at = 0; at < length; at++) {
      texts.push(`${plain.slice(0, at)}é${plain.slice(at + 1)}`);
    }
  }
  const fields = [{ name: 'text', type: 'string' }];
  const rows = texts.map((text) => ({ text }));
  const bytes = await written({ type: 'record', name: 'Texts', fields }, rows);
  assert.deepEqual((await readBack(bytes, record({ text: t.string }))).rows, rows);
});

test('longs of every length are exact, as bigints and as numbers', async () => {
  const long = avsc.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer(value: bigint) {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value);
      return buffer;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
  });
  const Row = record({ n: t.int64 });
  const fields = [{ name: 'n', type: 'long' }];
  const type = avsc.Type.forSchema({ type: 'record', name: 'Row', fields } as avsc.Schema, {
    registry: { long },
  });
  const rows = LONGS.map((n) => ({ n }));
  const theirs = await written(type, rows);
  assert.deepEqual((await readBack(theirs, Row)).rows, rows);
  assert.deepEqual(
    (await readBack(theirs, record({ n: t.float64 }))).rows,
    rows.map(({ n }) => ({ n: Number(n) })),
  );
  const decoder = Readable.from([encode(avro(), Row, rows)]).pipe(
    new avsc.streams.BlockDecoder({ parseHook: () => type } as never),
  );
  assert.deepEqual(
    (await decoder.toArray()).map((row: object) => ({ ...row })),
    rows,
  );
});

/** A number as Avro writes it. */
function varint(value: bigint): readonly number[] {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

/** A file of one block with longs of a logical type, of which avsc has only numbers. */
function longsFile(logicalType: string, longs: readonly bigint[]): Buffer {
  const text = (of: string): readonly number[] => [
    ...varint(BigInt(of.length)),
    ...Buffer.from(of),
  ];
  const fields = [{ name: 'at', type: { type: 'long', logicalType } }];
  const schema = JSON.stringify({ type: 'record', name: 'Row', fields });
  const meta = [...varint(1n), ...text('avro.schema'), ...text(schema), 0];
  const block = longs.flatMap(varint);
  const sync = new Array<number>(16).fill(7);
  const sizes = [...varint(BigInt(longs.length)), ...varint(BigInt(block.length))];
  return Buffer.from([...Buffer.from('Obj\x01'), ...meta, ...sync, ...sizes, ...block, ...sync]);
}

test('times in nanoseconds are those milliseconds, whole ones to the last bit', async () => {
  const ms = [0, 1, 1.5, -1, -1.25, 1_700_000_000_001, 1_700_000_000_002, -1_700_000_000_006];
  const longs = ms.map((time) => (BigInt(time * 100) * 1_000_000n) / 100n);
  const expected = ms.map((at) => ({ at }));
  const bytes = longsFile('timestamp-nanos', longs);
  assert.deepEqual((await readBack(bytes, record({ at: t.timestamp }))).rows, expected);
  assert.deepEqual((await readBack(bytes, null)).rows, expected);
});

const Written = record({
  int: t.int32,
  float: t.float64,
  flag: t.boolean,
  text: t.string,
  maybe: t.nullable(t.string),
  time: t.timestamp,
  date: t.nullable(t.date),
  any: t.dynamic<unknown>(),
});

for (const codec of ['null', 'deflate'] as const) {
  test(`avsc reads files from here, codec ${codec}`, async () => {
    const rows = Array.from({ length: COUNT }, (_, n) => ({
      int: (n % 2 === 0 ? 1 : -1) * n * 700_000,
      float: n / 3,
      flag: n % 3 === 0,
      text: n % 5 === 0 ? '' : `text ${n} é漢🎲`.repeat(n % 7),
      maybe: n % 4 === 0 ? null : 'x'.repeat(n % 100),
      time: 1_700_000_000_000 + n,
      date: n % 6 === 0 ? null : new Date(n * 1000),
      any: n % 7 === 0 ? null : { n },
    }));
    const read = await readByAvsc(encode(avro(null, { codec }), Written, rows));
    assert.deepEqual(
      read,
      rows.map((row) => ({
        ...row,
        date: row.date?.getTime() ?? null,
        any: row.any === null ? null : JSON.stringify(row.any),
      })),
    );
  });
}

const numbers = (n: unknown): unknown => ({
  type: 'record',
  name: 'Row',
  fields: [{ name: 'n', type: n }],
});

test('a field that the file does not have is its default, null, or an error', async () => {
  const bytes = await written(numbers('int'), [{ n: 1 }, { n: 2 }]);
  const Wanted = record({ n: t.int32, more: t.nullable(t.string), at: t.date, big: t.int64 });
  const defaults = { at: new Date(5), big: 7n };
  assert.deepEqual((await readBack(bytes, Wanted, { defaults })).rows, [
    { n: 1, more: null, ...defaults },
    { n: 2, more: null, ...defaults },
  ]);
  await assert.rejects(readBack(bytes, Wanted, { defaults: { big: 7n } }), {
    code: 'INPUT_MALFORMED',
    message: /it has no field 'at'; it has n$/,
  });
});

test('a field of a type that cannot fit is an error before the first row', async () => {
  const bytes = await written(numbers(['null', 'string']), [{ n: 'x' }]);
  await assert.rejects(readBack(bytes, record({ n: t.nullable(t.int32) })), {
    code: 'INPUT_MALFORMED',
    message: /field 'n' is string, which does not fit int32$/,
  });
});

test('a value that does not fit is one dead letter, with its block and number', async () => {
  const values = [1, null, 3, 5_000_000_000, 5];
  const bytes = await written(
    numbers(['null', 'long']),
    values.map((n) => ({ n })),
  );
  const letters = await inFolder((folder) => {
    const file = write(`${folder}/a.avro`, bytes);
    const format = avro(record({ n: t.int32 }));
    assert.throws(() => readAll(file, format), {
      code: 'INPUT_MALFORMED',
      message: /a\.avro, block at byte \d+: record 1: field 'n' wants int32, got null$/,
    });
    const result = readAll(file, format, { onMalformed: 'deadLetter' });
    assert.deepEqual(result.rows, [{ n: 1 }, { n: 3 }, { n: 5 }]);
    return result.letters;
  });
  assert.deepEqual(
    letters.map(({ reason, text }) => [reason, text]),
    [
      ["record 1: field 'n' wants int32, got null", '{"n":null}'],
      ["record 3: field 'n' wants int32, got 5000000000", '{"n":5000000000}'],
    ],
  );
});

test('a name that Avro has not, a codec and defaults that make no sense are errors', () => {
  assert.throws(() => encode(avro(), record({ 'a b': t.int32 }), [{ 'a b': 1 }]), {
    code: 'JOB_DEFINITION',
  });
  assert.throws(() => avro(null, { codec: 'gzip' as never }), { code: 'JOB_DEFINITION' });
  const Row = record({ n: t.int32 });
  assert.throws(() => avro(Row, { defaults: { n: 'x' as never } }), { code: 'JOB_DEFINITION' });
  assert.throws(() => avro(Row, { defaults: { m: 1 } as never }), { code: 'FIELD_UNKNOWN' });
});
