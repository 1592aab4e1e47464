/** The scanners take a line only where the slow way gives the same row; what they give up on leaves nothing behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CsvScanner } from '../../src/connector/file/csv-scanner.ts';
import { valueFromJson, valueFromText } from '../../src/connector/file/field-text.ts';
import { JsonScanner } from '../../src/connector/file/json-scanner.ts';
import { PlainNumber } from '../../src/connector/file/plain-number.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';

const Row: Schema = record({
  i: t.int32,
  f: t.nullable(t.float64),
  s: t.string,
  note: t.nullable(t.string),
  on: t.boolean,
  at: t.timestamp,
  id: t.int64,
  day: t.nullable(t.date),
});

type Scan = (line: Uint8Array, builder: BatchBuilder) => boolean;

/** What the slow way makes of a line; null when it is malformed. */
function slowly(parse: (text: string) => Record<string, unknown>, line: Uint8Array): unknown {
  try {
    const builder = new BatchBuilder(Row, 1);
    builder.appendRow(parse(Buffer.from(line).toString('utf8')));
    return builder.seal().rowObjects()[0];
  } catch {
    return null;
  }
}

function fromJson(text: string): Record<string, unknown> {
  const value = JSON.parse(text) as Record<string, unknown>;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('none');
  return Object.fromEntries(Row.fields.map((f) => [f.name, valueFromJson(f, value[f.name])]));
}

/** Compares one line between two good ones; whether the scanner took it. */
function compare(scan: Scan, good: Uint8Array, line: Uint8Array, slow: unknown): boolean {
  const builder = new BatchBuilder(Row, 3);
  assert.ok(scan(good, builder), 'the good line is taken');
  const isTaken = scan(line, builder);
  assert.ok(scan(good, builder), 'and so it is behind any other');
  const rows = builder.seal().rowObjects();
  assert.deepStrictEqual(rows[0], rows.at(-1));
  assert.equal(rows.length, isTaken ? 3 : 2);
  if (isTaken) assert.deepStrictEqual(rows[1], slow, Buffer.from(line).toString());
  return isTaken;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const space = fc.constantFrom('', '', '', ' ', '\t', '  ', '\r');
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '1.50',
    '007',
    '1e3',
    '1E+2',
    '-',
    '.5',
    '5.',
    '123456789012345678',
    '0.1',
    '-1.5',
  ),
);
const text = fc
  .oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.constantFrom('plain', '', 'tab\t', 'quote"', 'back\\slash', 'ÿ', '漢字'),
  )
  .map((value) => JSON.stringify(value));
const anyJson = fc.oneof(
  number,
  text,
  fc.constantFrom(
    'true',
    'false',
    'null',
    'nul',
    '[]',
    '{}',
    '[1, {"a": [null]}]',
    '{"x":"y","z":{}}',
    '[1,]',
    '{,}',
  ),
);
const isoTime = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc
    .date({ min: new Date('1000-01-01'), max: new Date('3000-01-01'), noInvalidDate: true })
    .map((date) => `${date.toISOString().slice(0, 19)}Z`),
  fc.constantFrom(
    '2024-01-01',
    '2024-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T23:60:00Z',
    '2024-01-01T23:59:60Z',
    '2024-01-01T00:00:00.5Z',
    '2024-01-01T00:00:00.000+00:00',
    '2024-01-01T00:00:00.000',
    '0099-01-01T00:00:00Z',
    '20x4-01-01T00:00:00Z',
  ),
);
const jsonOf: Readonly<Record<string, fc.Arbitrary<string>>> = {
  i: fc.oneof({ weight: 6, arbitrary: fc.integer().map(String) }, anyJson),
  f: fc.oneof(
    { weight: 6, arbitrary: number },
    { weight: 1, arbitrary: fc.constant('null') },
    anyJson,
  ),
  s: fc.oneof({ weight: 6, arbitrary: text }, anyJson),
  note: fc.oneof(
    { weight: 6, arbitrary: text },
    { weight: 2, arbitrary: fc.constant('null') },
    anyJson,
  ),
  on: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('true', 'false') }, anyJson),
  at: fc.oneof(
    { weight: 6, arbitrary: fc.nat().map(String) },
    { weight: 3, arbitrary: isoTime.map((time) => JSON.stringify(time)) },
    anyJson,
  ),
  id: fc.oneof(
    { weight: 12, arbitrary: fc.maxSafeInteger().map((n) => String(Math.trunc(n / 8))) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String) },
    anyJson,
  ),
  day: fc.oneof(
    { weight: 12, arbitrary: fc.integer().map(String) },
    isoTime.map((time) => JSON.stringify(time)),
    fc.constant('null'),
    anyJson,
  ),
};
const member = fc
  .constantFrom(...Row.fields.map(({ name }) => name), 'other', 'i\\u0020')
  .chain((name) => fc.tuple(fc.constant(name), space, space, jsonOf[name] ?? anyJson, space))
  .map(([name, a, b, value, c]) => `${a}"${name}"${b}:${value}${c}`);
const allMembers = fc
  .tuple(...Row.fields.map(({ name }) => jsonOf[name]!))
  .map((values) => values.map((value, n) => `"${Row.fields[n]!.name}":${value}`));
const objectLine = fc
  .tuple(
    fc.oneof(allMembers, fc.array(member, { maxLength: 8 })),
    fc.array(member, { maxLength: 2 }),
    space,
  )
  .chain(([members, more, end]) =>
    fc
      .shuffledSubarray([...members, ...more], { minLength: members.length })
      .map((all) => `{${all.join(',')}}${end}`),
  );

const GOOD_JSON = bytesOf('{"i":1,"f":2.5,"s":"x","note":null,"on":true,"at":5,"id":-7,"day":-8}');

test('JSON: objects of all kinds', () => {
  const scanner = new JsonScanner(Row);
  const scan: Scan = (line, builder) => scanner.append(line, 0, line.length, builder);
  let taken = 0;
  let fine = 0;
  fc.assert(
    fc.property(objectLine, (line) => {
      const bytes = bytesOf(line);
      const slow = slowly(fromJson, bytes);
      if (slow !== null) fine++;
      if (compare(scan, GOOD_JSON, bytes, slow)) taken++;
    }),
    { numRuns: 5000 },
  );
  assert.ok(fine > 500 && taken > 60, `${taken} taken of ${fine} that are fine`);
});

test('JSON: damaged bytes', () => {
  const scanner = new JsonScanner(Row);
  const scan: Scan = (line, builder) => scanner.append(line, 0, line.length, builder);
  fc.assert(
    fc.property(objectLine, fc.nat(), fc.nat({ max: 255 }), (line, place, byte) => {
      const bytes = bytesOf(line);
      bytes[place % bytes.length] = byte;
      compare(scan, GOOD_JSON, bytes, slowly(fromJson, bytes));
    }),
    { numRuns: 5000 },
  );
});

test('JSON: a line within a larger buffer ends where it ends', () => {
  const scanner = new JsonScanner(Row);
  const line = '{"i":1,"f":2.5,"s":"x","note":"y","on":true,"at":5,"id":7,"day":null}';
  const bytes = bytesOf(`${line}\n${line}\n`);
  for (let end = 0; end <= bytes.length; end++) {
    const builder = new BatchBuilder(Row, 1);
    assert.equal(scanner.append(bytes, 0, end, builder), end === line.length, `${end}`);
  }
});

const NAMES = ['other', ...Row.fields.map(({ name }) => name)];
const PLACED = Row.fields.map((field) => ({ field, at: NAMES.indexOf(field.name) }));
const GOOD_CSV = ['x', '1', '2.5', 'text', '', 'true', '5', '7', ''];

test('CSV: records of all kinds', () => {
  const scanner = new CsvScanner(PLACED, NAMES.length, ',');
  const plain = fc.oneof(
    fc.integer().map(String),
    number,
    fc.string({ unit: 'grapheme', maxLength: 6 }).filter((value) => !/["\r\n]/.test(value)),
    fc.constantFrom('', 'true', '"quoted"', ' 5', '1e3', 'NaN', '0x10', '漢'),
  );
  const whole = fc.integer().map(String);
  const time = fc.oneof(whole, isoTime);
  const flag = fc.constantFrom('true', 'false');
  const cells = fc
    .tuple(plain, whole, number, plain, plain, flag, time, whole, fc.oneof(time, plain))
    .chain((values) => fc.tuple(fc.constant(values as string[]), fc.nat({ max: 20 }), plain))
    .map(([values, place, other]) => values.map((value, n) => (n === place ? other : value)));
  let taken = 0;
  fc.assert(
    fc.property(cells, (values) => {
      const line = values.join(',');
      const bytes = bytesOf(line);
      const builder = new BatchBuilder(Row, 3);
      const good = bytesOf(GOOD_CSV.join(','));
      assert.ok(scanner.append(good, 0, good.length, builder));
      const isTaken = scanner.append(bytes, 0, bytes.length, builder);
      assert.ok(scanner.append(good, 0, good.length, builder));
      const rows = builder.seal().rowObjects();
      assert.deepStrictEqual(rows[0], rows.at(-1));
      if (!isTaken) return;
      taken++;
      const texts = line.split(',');
      assert.equal(texts.length, NAMES.length);
      const slow = new BatchBuilder(Row, 1);
      slow.appendRow(
        Object.fromEntries(
          PLACED.map(({ field, at }) => [field.name, valueFromText(field, texts[at]!, false)]),
        ),
      );
      assert.deepStrictEqual(rows[1], slow.seal().rowObjects()[0], line);
    }),
    { numRuns: 5000 },
  );
  assert.ok(taken > 400, `${taken} taken`);
});

test('plain numbers are what Number makes of their text', () => {
  const reader = new PlainNumber();
  const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
  fc.assert(
    fc.property(fc.boolean(), digits(17), fc.option(digits(17)), (isNegative, whole, fraction) => {
      const text = `${isNegative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`;
      const bytes = bytesOf(text);
      const isRead = reader.read(bytes, 0, bytes.length);
      if (whole.length + (fraction?.length ?? 0) > 15) assert.equal(isRead, false);
      if (!isRead) return;
      assert.equal(reader.value, Number(text));
      assert.equal(reader.end, bytes.length);
    }),
    { numRuns: 10_000 },
  );
});
