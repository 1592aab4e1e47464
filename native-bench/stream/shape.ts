/** Records of the programs in this folder: by the engine and by the loops alike. */
import { record, t } from 'millrace';

export const Event = record({ key: t.int32, value: t.int32, time: t.timestamp });

const RECORDS_PER_MS = 1000;

type Columns = {
  readonly key: Int32Array | Float64Array;
  readonly value: Int32Array | Float64Array;
  readonly time: Int32Array | Float64Array;
};

/** Rows from `from` on, with mixed keys; `seed` makes another stream of the same times. */
export function fill(
  { key, value, time }: Columns,
  from: number,
  rowCount: number,
  keys: number,
  seed = 0,
): void {
  for (let i = 0; i < rowCount; i++) {
    const n = from + i;
    const mixed = Math.imul(n ^ (n >>> 15) ^ seed, 0x85ebca6b);
    key[i] = ((mixed ^ (mixed >>> 13)) >>> 0) % keys;
    value[i] = n & 1023;
    time[i] = Math.floor(n / RECORDS_PER_MS);
  }
}

const BATCH = 4096;

/** Calls `each` with the batches of so many records, as a loop without the engine reads them. */
export function eachBatch(
  records: number,
  keys: number,
  seeds: readonly number[],
  each: (streams: readonly Columns[], rowCount: number) => void,
): void {
  const streams = seeds.map(() => ({
    key: new Int32Array(BATCH),
    value: new Int32Array(BATCH),
    time: new Float64Array(BATCH),
  }));
  for (let from = 0; from < records; from += BATCH) {
    const rowCount = Math.min(BATCH, records - from);
    for (const [i, columns] of streams.entries()) fill(columns, from, rowCount, keys, seeds[i]);
    each(streams, rowCount);
  }
}
