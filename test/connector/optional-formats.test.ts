/** Formats by libraries of others: their files are read here, and files from here by them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import {
  Schema as ArrowSchema,
  Dictionary,
  Field,
  Float32,
  Int32,
  LargeUtf8,
  makeData,
  RecordBatch,
  Struct,
  Table,
  Timestamp,
  TimeUnit,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
  Uint64,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import protobufjs from 'protobufjs';
import { arrow } from '../../src/connector/file/arrow/arrow.ts';
import { protobuf } from '../../src/connector/file/protobuf/protobuf.ts';
import { record, t } from '../../src/data/schema.ts';
import { encode, inFolder, readAll, write } from './read-all.ts';

const COUNT = 5000;
const numbers = Array.from({ length: COUNT }, (_, n) => n);

test('arrow: tables of apache-arrow, as files and as streams, with dictionaries and other types', async () => {
  const table = new Table({
    int: vectorFromArray(Int32Array.from(numbers)),
    short: vectorFromArray(Int16Array.from(numbers)),
    big: vectorFromArray(BigInt64Array.from(numbers, BigInt)),
    float: vectorFromArray(
      numbers.map((n) => n / 4),
      new Float32(),
    ),
    word: vectorFromArray(numbers.map((n) => (n % 5 === 0 ? null : `word ${n % 9} é`))),
    flag: vectorFromArray(numbers.map((n) => n % 3 === 0)),
    micros: vectorFromArray(numbers, new Timestamp(TimeUnit.MICROSECOND)),
  });
  const Row = record({
    word: t.nullable(t.string),
    int: t.int32,
    short: t.int32,
    big: t.int64,
    float: t.float64,
    flag: t.boolean,
    micros: t.timestamp,
  });
  const times = Array.from(table.getChild('micros')!, Number);
  for (const layout of ['file', 'stream'] as const) {
    await inFolder((folder) => {
      const file = write(`${folder}/a.arrow`, tableToIPC(table, layout));
      for (const reopens of [false, true]) {
        const { rows } = readAll(file, arrow(Row), { reopens });
        assert.deepEqual(
          rows,
          numbers.map((n) => ({
            word: n % 5 === 0 ? null : `word ${n % 9} é`,
            int: n,
            short: n,
            big: BigInt(n),
            float: n / 4,
            flag: n % 3 === 0,
            micros: times[n],
          })),
        );
      }
    });
  }
});

test('arrow: apache-arrow reads files and streams from here', () => {
  const Row = record({ n: t.int32, text: t.nullable(t.string), at: t.date, flag: t.boolean });
  const rows = numbers.map((n) => ({
    n,
    text: n % 4 === 0 ? null : `text ${n} 漢`,
    at: new Date(n * 1000),
    flag: n % 3 === 0,
  }));
  for (const layout of ['file', 'stream'] as const) {
    const table = tableFromIPC(encode(arrow(null, { layout }), Row, rows, 700));
    assert.deepEqual(
      table.toArray().map((row) => ({ ...row.toJSON(), at: Number(row.at) })),
      rows.map((row) => ({ ...row, at: row.at.getTime() })),
    );
  }
});

test('arrow: times in nanoseconds are whole milliseconds where they are', async () => {
  const ms = [0n, 1n, -1n, 1_700_000_000_001n, 1_700_000_000_002n, 1_700_000_000_006n];
  const type = new Timestamp(TimeUnit.NANOSECOND);
  const nanos = BigInt64Array.from(ms, (time) => time * 1_000_000n);
  const data = makeData({ type, data: nanos, length: ms.length });
  await inFolder((folder) => {
    const file = write(
      `${folder}/a.arrow`,
      tableToIPC(new Table({ at: new Vector([data]) }), 'file'),
    );
    const { rows } = readAll(file, arrow(record({ at: t.timestamp })));
    assert.deepEqual(
      rows,
      ms.map((time) => ({ at: Number(time) })),
    );
  });
});

const Any = record({ any: t.dynamic<unknown>() });

/** A table with a column of texts, which has a mark or none. */
function textTable(values: readonly string[], mark: string | null): Table {
  const marks = new Map(mark === null ? [] : [['ARROW:extension:name', mark]]);
  const field = new Field('any', new Utf8(), true, marks);
  const texts = vectorFromArray(values, new Utf8());
  const { length } = values;
  const data = makeData({ type: new Struct([field]), length, children: [texts.data[0]!] });
  const schema = new ArrowSchema([field]);
  return new Table(schema, [new RecordBatch(schema, data)]);
}

test('arrow: values of any shape are JSON that is marked, here and in files of others', async () => {
  const rows = [1, 'a', '1', '{', [1, null, { b: 'é' }], { a: 1 }, true, null].map((any) => ({
    any,
  }));
  for (const layout of ['file', 'stream'] as const) {
    const { schema } = tableFromIPC(encode(arrow(null, { layout }), Any, rows));
    assert.equal(schema.fields[0]!.metadata.get('ARROW:extension:name'), 'arrow.json');
    await inFolder((folder) => {
      const read = (table: Table) =>
        readAll(write(`${folder}/a.arrow`, tableToIPC(table, layout)), arrow(Any)).rows;
      const texts = ['{"a":[1]}', '12', '"x"'];
      assert.deepEqual(
        read(textTable(texts, 'arrow.json')),
        [{ a: [1] }, 12, 'x'].map((any) => ({ any })),
      );
      for (const mark of [null, 'other']) {
        assert.deepEqual(
          read(textTable(texts, mark)),
          texts.map((any) => ({ any })),
        );
      }
    });
  }
});

/**
 * A file of Polars, deflated: its schema has no length in front, texts are views, and the dictionary lies behind the record
 * batch: n 1, 2, 3; text 'short', null, 'longer than twelve bytes'; word 'x', 'y', 'x'.
 */
const POLARS =
  'eNrtVTtLA0EQ/u6hnhokRosoFldaRm0CaRKCiCAkBEE7H3iYIiQQT5N01mLpD7CwsLDwJ+RHWFpbWYmIhRK/2dvo5TDGYOvA7OzOa+cb5vZypV' +
  'JhawmwATx1Op1ZyN7gOoFJOFxtVKgXu0W+J98g8H+g/oLynFwm75KTZCOZwDw9kphjhhjimFUZJeaZMS5ljCw2m6vDfSqTyhyvLGe4pT+wU9zY' +
  'yec2V9cKpfV8bmMZml4ZH8Q6KuOLzgeMUmPjTtfaqNUPRNvmeUHndFRtQZ435Wermnyv6Yvukbo0pdvFYUpcgj5xTKvomIoVDFmxq5zjCoPsq2' +
  'SaOo4RYJV8WSO4L+irxQwzKqcgl/5ZGtcVeVH7AVO831adg+6dgS8aQ3/S8JDVsht3qmVKy3bEv+eC0DkWUlmaEdGFw63v08DsYx9E7/gbjZCP' +
  'yrW6/0O/KrXqYb94sXl11y/vVV2/4VVOPHe/5XtHw9Rg/KF+madrhOYJ4Xkye+Yp+m3IfHX7vjlgvsJk/lCPG8FlfoO1GTm3hsSLEN5tyvQnXp' +
  'nHBKu21dshuYu6+LiWWaP37ks9cLeR7+L/Tfvtm3ZGkVN/iQ9cGLPA';

test('arrow: a file of Polars, with views, and a dictionary behind its record batch', async () => {
  const Row = record({ n: t.int32, text: t.nullable(t.string), word: t.string });
  const Shapes = record({ word: t.dynamic<string>() });
  await inFolder((folder) => {
    const file = write(`${folder}/a.arrow`, inflateSync(Buffer.from(POLARS, 'base64')));
    assert.deepEqual(readAll(file, arrow(Row)).rows, [
      { n: 1, text: 'short', word: 'x' },
      { n: 2, text: null, word: 'y' },
      { n: 3, text: 'longer than twelve bytes', word: 'x' },
    ]);
    const { rows } = readAll(file, arrow(Shapes));
    assert.deepEqual(
      rows.map(({ word }) => word),
      ['x', 'y', 'x'],
    );
  });
});

test('arrow: an entry of a dictionary may be null', async () => {
  const words = new Vector([
    makeData({
      type: new Dictionary(new LargeUtf8(), new Int32()),
      data: Int32Array.from([0, 1, 1, 0]),
      dictionary: vectorFromArray(['x', null], new LargeUtf8()),
    }),
  ]);
  const bytes = tableToIPC(new Table({ word: words }), 'file');
  await inFolder((folder) => {
    const file = write(`${folder}/a.arrow`, bytes);
    const { rows } = readAll(file, arrow(record({ word: t.nullable(t.string) })));
    assert.deepEqual(
      rows.map(({ word }) => word),
      ['x', null, null, 'x'],
    );
    const strict = readAll(file, arrow(record({ word: t.string })), { onMalformed: 'skip' });
    assert.deepEqual([strict.rows.length, strict.skipped], [2, 2]);
  });
});

test('arrow: a file without its footer is not whole', async () => {
  const bytes = tableToIPC(tableFromArrays({ n: Int32Array.of(1, 2) }), 'file');
  await inFolder((folder) => {
    const file = write(`${folder}/a.arrow`, bytes.subarray(0, bytes.length - 6));
    assert.throws(() => readAll(file, arrow(record({ n: t.int32 }))), {
      code: 'INPUT_MALFORMED',
      message: /a\.arrow': its footer cannot be read: it does not end as an Arrow file does$/,
    });
  });
});

test('arrow: a text that is marked as JSON and is none is malformed, with its row', async () => {
  await inFolder((folder) => {
    const bytes = tableToIPC(textTable(['1', '{'], 'arrow.json'), 'file');
    const file = write(`${folder}/a.arrow`, bytes);
    assert.throws(() => readAll(file, arrow(Any)), {
      code: 'INPUT_MALFORMED',
      message: /a\.arrow, message at byte \d+: row 1: a text is no JSON: /,
    });
    const { rows, letters } = readAll(file, arrow(Any), { onMalformed: 'deadLetter' });
    assert.deepEqual([rows, letters.length], [[], 1]);
  });
});

test('arrow: an integer without a sign that int64 cannot hold is an error, not a negative one', async () => {
  await inFolder((folder) => {
    const read = (values: readonly bigint[]) => {
      const table = new Table({ n: vectorFromArray(values, new Uint64()) });
      const file = write(`${folder}/a.arrow`, tableToIPC(table, 'file'));
      return readAll(file, arrow(record({ n: t.int64 }))).rows;
    };
    assert.deepEqual(read([1n, 2n ** 63n - 1n]), [{ n: 1n }, { n: 2n ** 63n - 1n }]);
    assert.throws(() => read([1n, 2n ** 63n]), {
      code: 'INPUT_MALFORMED',
      message: /row 1: 9223372036854775808 does not fit int64/,
    });
  });
});

test('arrow: a column that is missing or does not fit is an error before the first row', async () => {
  await inFolder((folder) => {
    const file = write(`${folder}/a.arrow`, tableToIPC(tableFromArrays({ n: ['x'] }), 'file'));
    assert.throws(() => arrow(record({ n: t.int32 })).split(file), {
      code: 'INPUT_MALFORMED',
      message: /column 'n' is Dictionary<Int32, Utf8>, which does not fit int32$/,
    });
    assert.throws(() => arrow(record({ m: t.int32 })).split(file), {
      code: 'INPUT_MALFORMED',
      message: /it has no column 'm'; it has n$/,
    });
  });
});

const PROTO = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
enum Kind { NONE = 0; CARD = 1; }
message Item { string name = 1; uint64 count = 2; }
message Order {
  int32 id = 1;
  uint64 total = 2;
  optional string note = 3;
  Kind kind = 4;
  google.protobuf.Timestamp at = 5;
  repeated Item items = 6;
}`;
const Order = record({
  id: t.int32,
  total: t.int64,
  note: t.nullable(t.string),
  kind: t.string,
  at: t.date,
  items: t.dynamic<unknown>(),
});
const orders = numbers.slice(0, 500).map((n) => ({
  id: n - 100,
  total: BigInt(n) * 10n ** 16n,
  note: n % 3 === 0 ? null : `note ${n}`,
  kind: n % 2 === 0 ? 'NONE' : 'CARD',
  at: new Date(n * 1234),
  items: n % 4 === 0 ? [] : [{ name: `é${n}`, count: n }],
}));

test('protobuf: messages in both directions, as protobufjs has them, by text and by root', async () => {
  const root = protobufjs.parse(PROTO, { keepCase: true }).root;
  root.addJSON(protobufjs.common.get('google/protobuf/timestamp.proto')!.nested!);
  const type = root.lookupType('shop.Order');
  for (const source of [{ proto: PROTO }, { root }]) {
    const format = protobuf(Order, { ...source, message: 'shop.Order' });
    const bytes = encode(format, Order, orders);
    const reader = protobufjs.Reader.create(bytes);
    for (const { id, note, at } of orders) {
      const message = type.toObject(type.decodeDelimited(reader), { longs: Number });
      assert.equal(message.id ?? 0, id);
      assert.equal(message.note ?? null, note);
      const { seconds = 0, nanos = 0 } = message.at as { seconds?: number; nanos?: number };
      assert.equal(seconds * 1000 + nanos / 1e6, at.getTime());
    }
    assert.equal(reader.pos, bytes.length);
    await inFolder((folder) => {
      const { rows } = readAll(write(`${folder}/a.binpb`, bytes), format);
      assert.deepEqual(
        rows,
        orders.map((order) => ({ ...order, items: order.items.length === 0 ? [] : order.items })),
      );
    });
  }
});

test('protobuf: a message that cannot be decoded is one dead letter with its byte', async () => {
  const format = protobuf(Order, { proto: PROTO, message: 'shop.Order' });
  const [first, second] = [
    encode(format, Order, orders.slice(1, 2)),
    encode(format, Order, orders.slice(2, 3)),
  ];
  const bytes = Buffer.concat([first, Buffer.from([3, 0x0b, 0xff, 0xff]), second]);
  await inFolder((folder) => {
    const file = write(`${folder}/a.binpb`, bytes);
    assert.throws(() => readAll(file, format), {
      code: 'INPUT_MALFORMED',
      message: new RegExp(`a\\.binpb, message at byte ${first.length}: `),
    });
    const { rows, letters } = readAll(file, format, { onMalformed: 'deadLetter' });
    assert.deepEqual(rows, orders.slice(1, 3));
    assert.deepEqual(
      letters.map(({ byte }) => byte),
      [first.length],
    );
  });
});

test('a file of messages that has become shorter is told', async () => {
  const Row = record({ n: t.int32 });
  const messages = protobuf(Row, {
    proto: 'syntax = "proto3"; message Row { int32 n = 1; }',
    message: 'Row',
  });
  for (const format of [arrow(Row, { layout: 'stream' }), messages]) {
    await inFolder((folder) => {
      const rows = [{ n: 1 }, { n: 2 }];
      const one = encode(format, Row, rows.slice(0, 1), 1);
      const all = encode(format, Row, rows, 1);
      const file = write(`${folder}/a`, all);
      const ranges = format.split(file);
      // The stream of one batch ends with a mark.
      write(file.path, all.subarray(0, format === messages ? one.length : one.length - 8));
      assert.throws(() => readAll(file, format, { ranges }), {
        code: 'INPUT_MALFORMED',
        message: /it has nothing behind byte \d+ of \d+: the file has changed$/,
      });
    });
  }
});

test('protobuf: what does not fit the message is an error', () => {
  const options = { proto: PROTO, message: 'shop.Order' };
  assert.throws(() => protobuf(record({ nope: t.int32 }), options), { code: 'FIELD_UNKNOWN' });
  assert.throws(() => protobuf(record({ note: t.int32 }), options), { code: 'JOB_DEFINITION' });
  assert.throws(() => protobuf(null, { ...options, message: 'shop.None' }), {
    code: 'JOB_DEFINITION',
  });
  assert.throws(() => protobuf(null, { message: 'shop.Order' }), { code: 'JOB_DEFINITION' });
  assert.throws(() => protobuf(null, { proto: 'message {', message: 'x' }), {
    code: 'JOB_DEFINITION',
  });
  const format = protobuf(Order, options);
  assert.throws(() => encode(format, Order, [{ ...orders[0]!, total: -1n }]), {
    code: 'FIELD_TYPE',
  });
  assert.throws(() => encode(format, Order, [{ ...orders[0]!, kind: 'CASH' }]), {
    code: 'FIELD_TYPE',
  });
});
