/** Hashes and key groups as Flink has them: worked case 11, and slow versions of Java's rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import {
  defaultMaxParallelism,
  keyGroupOf,
  keyGroupRange,
  subtaskOf,
} from '../../src/data/key-group.ts';
import { hashKeys, hashKeyValue, murmur } from '../../src/data/key-hash.ts';
import { type FieldType, record, t } from '../../src/data/schema.ts';

test('key groups of ints and strings are those of Flink', () => {
  const expected: [unknown, number][] = [
    [0, 94],
    [1, 86],
    [2, 127],
    [3, 113],
    [42, 29],
    [-1, 80],
    [1000, 7],
    ['a', 81],
    ['key1', 41],
    ['key2', 27],
    ['hello', 35],
    ['', 94],
  ];
  for (const [key, group] of expected) {
    assert.equal(keyGroupOf(hashKeyValue(key), 128), group, `key ${JSON.stringify(key)}`);
  }
});

test('ranges of key groups', () => {
  const ranges = (maxParallelism: number, parallelism: number): string =>
    Array.from({ length: parallelism }, (_, subtask) => {
      const { first, last } = keyGroupRange(subtask, parallelism, maxParallelism);
      return `${first}-${last}`;
    }).join(', ');
  assert.equal(ranges(128, 3), '0-42, 43-85, 86-127');
  assert.equal(ranges(10, 4), '0-2, 3-4, 5-7, 8-9');
  assert.equal(ranges(128, 5), '0-25, 26-51, 52-76, 77-102, 103-127');
  assert.equal(ranges(7, 3), '0-2, 3-4, 5-6');
});

test('every group has exactly one subtask, the one whose range it is in', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }), (a, b) => {
      const [parallelism, maxParallelism] = [Math.min(a, b), Math.max(a, b)];
      let next = 0;
      for (let subtask = 0; subtask < parallelism; subtask++) {
        const { first, last } = keyGroupRange(subtask, parallelism, maxParallelism);
        assert.equal(first, next);
        for (let group = first; group <= last; group++) {
          assert.equal(subtaskOf(group, parallelism, maxParallelism), subtask);
        }
        next = last + 1;
      }
      assert.equal(next, maxParallelism);
    }),
  );
});

test('the default number of key groups', () => {
  const cases = [
    [1, 128],
    [85, 128],
    [86, 256],
    [171, 256],
    [1000, 2048],
    [21_845, 32_768],
    [32_768, 32_768],
  ];
  for (const [parallelism, groups] of cases)
    assert.equal(defaultMaxParallelism(parallelism!), groups);
});

/** Java's hashCode by its definition, with bigints. */
function javaHashCode(value: unknown): number {
  const int = (big: bigint): number => Number(BigInt.asIntN(32, big));
  const long = (big: bigint): number => int(big ^ (BigInt.asUintN(64, big) >> 32n));
  if (typeof value === 'number' && (value | 0) === value) return value;
  if (typeof value === 'number') {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return long(view.getBigInt64(0));
  }
  if (typeof value === 'boolean') return value ? 1231 : 1237;
  if (value instanceof Date) return long(BigInt(value.getTime()));
  if (typeof value === 'bigint') return long(value);
  let hash = 0n;
  for (let i = 0; i < (value as string).length; i++)
    hash = hash * 31n + BigInt((value as string).charCodeAt(i));
  return int(hash);
}

/** MurmurHash3's 32-bit steps with bigints. */
function slowMurmur(code: number): number {
  const u = (big: bigint): bigint => BigInt.asUintN(32, big);
  const rotl = (x: bigint, k: bigint): bigint => u((x << k) | (x >> (32n - k)));
  let h = u(BigInt(code) * 0xcc9e2d51n);
  h = u(rotl(h, 15n) * 0x1b873593n);
  h = u(rotl(h, 13n) * 5n + 0xe6546b64n) ^ 4n;
  h = u((h ^ (h >> 16n)) * 0x85ebca6bn);
  h = u((h ^ (h >> 13n)) * 0xc2b2ae35n);
  const signed = Number(BigInt.asIntN(32, h ^ (h >> 16n)));
  if (signed >= 0) return signed;
  return signed === -(2 ** 31) ? 0 : -signed;
}

test('murmur is that of Flink, for any int', () => {
  fc.assert(fc.property(fc.integer(), (code) => assert.equal(murmur(code), slowMurmur(code))));
});

const KINDS: readonly [string, FieldType<never>, fc.Arbitrary<unknown>][] = [
  ['int32', t.int32, fc.integer()],
  ['float64', t.float64, fc.double({ noNaN: true }).filter((x) => (x | 0) !== x)],
  ['int64', t.int64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ['boolean', t.boolean, fc.boolean()],
  ['string', t.string, fc.oneof(fc.string(), fc.string({ unit: 'binary' }))],
  ['date', t.date, fc.date({ noInvalidDate: true })],
] as unknown as [string, FieldType<never>, fc.Arbitrary<unknown>][];

for (const [name, type, values] of KINDS) {
  test(`a ${name} hashes alike as a column, as a value, and in Java`, () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 20 }), (keys) => {
        const builder = new BatchBuilder(record({ k: type }), keys.length);
        for (const k of keys) builder.appendRow({ k });
        const hashes = new Int32Array(keys.length);
        hashKeys(builder.seal().columns, keys.length, hashes, ['k']);
        keys.forEach((key, i) => {
          assert.equal(hashes[i], slowMurmur(javaHashCode(key)), String(key));
          assert.equal(hashKeyValue(key), hashes[i]);
        });
      }),
    );
  });
}

test('keys of several fields hash as a tuple', () => {
  const builder = new BatchBuilder(record({ a: t.int32, b: t.string }), 2);
  builder.appendRow({ a: 7, b: 'x' });
  const hashes = new Int32Array(1);
  hashKeys(builder.seal().columns, 1, hashes, ['a', 'b']);
  assert.equal(hashes[0], murmur(7 * 31 + 'x'.charCodeAt(0)));
  assert.equal(hashKeyValue([7, 'x']), hashes[0]);
});

test('0 and -0 are one key', () => {
  const builder = new BatchBuilder(record({ k: t.float64 }), 2);
  builder.appendRow({ k: 0 });
  builder.appendRow({ k: -0 });
  const hashes = new Int32Array(2);
  hashKeys(builder.seal().columns, 2, hashes, ['k']);
  assert.equal(hashes[0], hashes[1]);
  assert.equal(hashKeyValue(-0), hashKeyValue(0));
});

test('undefined, null, NaN and objects are no keys', () => {
  const parts =
    "; for several values name their fields, as keyBy('a', 'b') does, or make one text of them";
  const cases: [unknown, string, string][] = [
    [undefined, 'undefined', ''],
    [null, 'null', ''],
    [Number.NaN, 'NaN', ''],
    [{}, '[object Object]', parts],
    [new Date(Number.NaN), 'an invalid Date', ''],
    [[1, [2]], '[object Array]', parts],
  ];
  for (const [key, what, hint] of cases) {
    assert.throws(() => hashKeyValue(key, ['user']), {
      code: 'KEY_INVALID',
      message: `key 'user' cannot be ${what}; it must be a number, bigint, string, boolean or Date${hint}`,
    });
  }
});
