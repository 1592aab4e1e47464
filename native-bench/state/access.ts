/**
 * Access to keyed state: a count and a sum of each key, one row after the other, by the tables of the engine or by a Map.
 *
 *   access.ts <int | string> <table | map> <keys> <rows>      { ms, records, checksum }
 *
 * Rows come as columns, as they do from a channel. Text keys of the Map are made from the bytes of the column, as a program
 * that uses one has to.
 */
import { performance } from 'node:perf_hooks';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import type { StringColumn } from '../../src/data/column.ts';
import { KeyReader } from '../../src/data/key.ts';
import { record, t } from '../../src/data/schema.ts';
import { KeySlots } from '../../src/state/key-slots.ts';

const [kind, way, keyText, rowText] = process.argv.slice(2);
const KEYS = Number(keyText);
const ROWS = Number(rowText);
const BATCH = 4096;
const schema =
  kind === 'int'
    ? record({ key: t.int32, value: t.float64 })
    : record({ key: t.string, value: t.float64 });
const builder = new BatchBuilder(schema, BATCH);
let serial = 0;

function nextBatch(): Batch {
  builder.reset();
  const values = builder.float64(1);
  for (let i = 0; i < BATCH; i++, serial++) {
    const key = (Math.imul(serial, 0x9e3779b1) >>> 0) % KEYS;
    if (kind === 'int') builder.fixed(0).values[i] = key;
    else builder.strings(0).append(`customer-${key}`);
    values[i] = serial & 1023;
  }
  builder.advance(BATCH);
  return builder.seal();
}

type Take = (batch: Batch, values: Float64Array) => void;

function byTable(): { take: Take; checksum: () => number } {
  const keys = new KeyReader({ kind: 'fields', fields: ['key'] }, schema, null);
  const table = new KeySlots(keys.isInt);
  const slots = new Int32Array(BATCH);
  let cells = new Float64Array(1024);
  return {
    take(batch, values) {
      keys.read(batch);
      table.slotsOf(keys, 0, BATCH, slots);
      if (table.count * 2 > cells.length) {
        const grown = new Float64Array(table.count * 4);
        grown.set(cells);
        cells = grown;
      }
      for (let i = 0; i < BATCH; i++) {
        const at = slots[i]! * 2;
        cells[at]! += 1;
        cells[at + 1]! += values[i]!;
      }
    },
    checksum: () => cells.reduce((sum, cell, at) => sum + cell * ((at & 1) + 1), 0),
  };
}

function byMap(): { take: Take; checksum: () => number } {
  const totals = new Map<number | string, { count: number; sum: number }>();
  const add = (key: number | string, value: number): void => {
    const total = totals.get(key);
    if (total === undefined) totals.set(key, { count: 1, sum: value });
    else {
      total.count++;
      total.sum += value;
    }
  };
  return {
    take(batch, values) {
      if (kind === 'int') {
        const keys = (batch.columns[0] as { values: Int32Array }).values;
        for (let i = 0; i < BATCH; i++) add(keys[i]!, values[i]!);
        return;
      }
      const { bytes, offsets } = (batch.columns[0] as StringColumn).entries;
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 0; i < BATCH; i++) {
        add(view.toString('latin1', offsets[i]!, offsets[i + 1]!), values[i]!);
      }
    },
    checksum: () => [...totals.values()].reduce((sum, one) => sum + one.count + 2 * one.sum, 0),
  };
}

const { take, checksum } = way === 'table' ? byTable() : byMap();
let ms = 0;
for (let rows = 0; rows < KEYS * 2 + ROWS; rows += BATCH) {
  const batch = nextBatch();
  const values = builder.float64(1);
  const start = performance.now();
  take(batch, values);
  // The keys are there by then.
  if (rows >= KEYS * 2) ms += performance.now() - start;
}
console.log(JSON.stringify({ ms, records: ROWS, checksum: checksum() }));
