/** The records of cep.ts, and its patterns: by the engine and by the loop alike. */
import { pattern } from 'millrace/cep';

export const WITHIN_MS = 100;
const RECORDS_PER_MS = 1000;

/** Rows from `from` on: keys mixed, values even over 0 to 1023. */
export function fill(
  { key, value, time }: Record<'key' | 'value' | 'time', Int32Array | Float64Array>,
  from: number,
  rowCount: number,
  keys: number,
): void {
  for (let i = 0; i < rowCount; i++) {
    const n = from + i;
    const mixed = Math.imul(n ^ (n >>> 15), 0x85ebca6b);
    key[i] = (mixed >>> 0) % keys;
    value[i] = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 22;
    time[i] = Math.floor(n / RECORDS_PER_MS);
  }
}

export const isFirst = (value: number): boolean => value >= 1000;
export const isSecond = (value: number): boolean => value < 300;
export const isThird = (value: number): boolean => value >= 300 && value < 600;

export type Event = { key: number; value: number; time: number };

export const PATTERNS = {
  strict: pattern<Event>()
    .begin('first', ({ value }) => isFirst(value))
    .next('second', ({ value }) => isSecond(value))
    .next('third', ({ value }) => isThird(value))
    .within(WITHIN_MS),
  relaxed: pattern<Event>()
    .begin('first', ({ value }) => isFirst(value))
    .followedBy('second', ({ value }) => isSecond(value))
    .followedBy('third', ({ value }) => isThird(value))
    .within(WITHIN_MS),
};

/** What a match adds to the checksum. */
export function checksumOf(key: number, first: number, second: number, third: number): number {
  return key + first * 3 + second * 5 + third * 7;
}
