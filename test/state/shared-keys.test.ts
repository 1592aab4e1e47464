/** Keys that rows share by their dictionaries get the slots that they get row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Batch } from '../../src/data/batch.ts';
import { type Column, NULL, StringColumn, StringEntries } from '../../src/data/column.ts';
import { KeyReader } from '../../src/data/key.ts';
import { record, t } from '../../src/data/schema.ts';
import { StringBuilder } from '../../src/data/string-builder.ts';
import { KeySlots } from '../../src/state/key-slots.ts';

const Route = record({ origin: t.string, destination: t.string });
const Place = record({ origin: t.string });

function entriesOf(texts: readonly string[], isOwned = true): StringEntries {
  const builder = new StringBuilder(texts.length);
  for (const text of texts) builder.append(text);
  const { count, offsets, bytes, isWide } = builder.seal().entries;
  return new StringEntries(count, offsets, bytes, isWide, isOwned);
}

function batchOf(columns: readonly Column[], rowCount: number): Batch {
  return new Batch({ rowCount, schema: columns.length === 1 ? Place : Route, columns });
}

function readersOf(columns: number): readonly [KeyReader, KeyReader] {
  const schema = columns === 1 ? Place : Route;
  const fields = schema.fields.map(({ name }) => name);
  const reader = () => new KeyReader({ kind: 'fields', fields }, schema, null);
  return [reader(), reader()];
}

/** Slots of both ways, run by run; the tables are cleared where `clears` says so. */
function compare(
  batches: readonly (readonly StringColumn[])[],
  rowCounts: readonly number[],
  runs: number,
  clears: (batch: number) => boolean = () => false,
): number {
  const [shared, plain] = readersOf(batches[0]!.length);
  const [ours, theirs] = [new KeySlots(false), new KeySlots(false)];
  let sharedBatches = 0;
  batches.forEach((columns, b) => {
    const rows = rowCounts[b]!;
    const batch = batchOf(columns, rows);
    shared.readShared(batch);
    plain.read(batch);
    if (shared.shared !== null) sharedBatches++;
    const [slots, expected] = [new Int32Array(rows), new Int32Array(rows)];
    for (let from = 0; from < rows; from += runs) {
      const to = Math.min(rows, from + runs);
      ours.slotsOf(shared, from, to, slots);
      theirs.slotsOf(plain, from, to, expected);
    }
    assert.deepEqual(slots, expected);
    assert.equal(ours.count, theirs.count);
    for (let slot = 0; slot < ours.count; slot++)
      assert.equal(ours.hashOf(slot), theirs.hashOf(slot));
    if (!clears(b)) return;
    ours.clear();
    theirs.clear();
  });
  return sharedBatches;
}

const someTexts = fc.uniqueArray(fc.oneof(fc.string(), fc.constantFrom('ß', 'ł', '日本')), {
  minLength: 1,
  maxLength: 12,
});

test('one dictionary after the other, of one column and of two', () => {
  let sharedBatches = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(someTexts, someTexts), { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 60 }), fc.boolean()), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.constantFrom(1, 2),
      fc.constantFrom(1, 3, 100),
      fc.nat(),
      (dictionaries, parts, columns, runs, seed) => {
        const entries = dictionaries.map((pair) =>
          pair.slice(0, columns).map((texts) => entriesOf(texts)),
        );
        const batches = parts.map(([d, rows], b) =>
          entries[d % entries.length]!.map(
            (of, c) =>
              new StringColumn(
                of,
                Int32Array.from({ length: rows }, (_, i) => (i * (seed + c + b + 1)) % of.count),
              ),
          ),
        );
        const rowCounts = parts.map(([, rows]) => rows);
        sharedBatches += compare(batches, rowCounts, runs, (b) => parts[b]![2]);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(sharedBatches > 50, `${sharedBatches} batches had shared keys`);
});

test('too many different keys are read row by row, and so are those of batches after them', () => {
  const entries = [0, 1].map((c) => entriesOf(Array.from({ length: 120 }, (_, n) => `${c}.${n}`)));
  const rows = 10_000;
  const column = (c: number, codeOf: (i: number) => number) =>
    new StringColumn(
      entries[c]!,
      Int32Array.from({ length: rows }, (_, i) => codeOf(i)),
    );
  const few = [column(0, (i) => i % 120), column(1, () => 3)];
  const many = [column(0, (i) => i % 120), column(1, (i) => Math.floor(i / 120) % 120)];
  assert.equal(compare([few, many, few], [rows, rows, rows], 1000), 1);
});

test('rows without a key, selections of rows, and entries that may change, are not shared', () => {
  const entries = entriesOf(['a', 'b']);
  const codes = Int32Array.of(0, 1, 0, 1);
  const [reader] = readersOf(1);
  reader.readShared(batchOf([new StringColumn(entries, codes)], 4));
  assert.notEqual(reader.shared, null);
  reader.readShared(batchOf([new StringColumn(entries, codes, null, true)], 4));
  assert.equal(reader.shared, null);
  reader.readShared(batchOf([new StringColumn(entriesOf(['a', 'b'], false), codes)], 4));
  assert.equal(reader.shared, null);
  const absent = Uint8Array.of(0, 0, NULL, 0);
  assert.throws(() => reader.readShared(batchOf([new StringColumn(entries, codes, absent)], 4)), {
    code: 'KEY_INVALID',
  });
});
