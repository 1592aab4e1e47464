/**
 * Buckets: folders below that of the sink, by a field, a function or a time of the rows.
 *
 *   files('orders', csv(), { bucket: 'country' })                       orders/country=DE/part-…csv
 *   files('orders', csv(), { bucket: (row: Order) => row.shop })        orders/north/part-…csv
 *   files('orders', csv(), { bucket: byTime('yyyy-MM-dd') })            orders/2026-03-29/part-…csv
 */
import { EngineError } from '../../../base/errors.ts';
import { aPlainFunction, someText, wrong } from '../../../base/options.ts';
import type { Batch } from '../../../data/batch.ts';
import { describe } from '../../../data/field-check.ts';
import { fieldReader, RowFunctionLoop } from '../../../data/row-function.ts';
import { fieldIndex, type Schema } from '../../../data/schema.ts';
import { fieldBucket, pathBucket } from './bucket-name.ts';
import { isTimeBucket, type TimeBucket, TimeFormat } from './time-bucket.ts';

/** A field, whose values name the buckets `field=value`; a function that names them; or `byTime`. */
export type BucketBy<Row> = string | ((row: Row) => string) | TimeBucket;

/** Refuses what names no bucket. */
export function aBucket(what: string, value: unknown): void {
  if (typeof value === 'string') someText(what, value);
  else if (typeof value === 'function') aPlainFunction(what, value);
  else if (!isTimeBucket(value)) {
    throw wrong(what, 'is the name of a field, a function of a row, or made by byTime(...)', value);
  }
}

/** Names of buckets that are remembered by the value that they come from. */
const NAMES_MAX = 4096;

/** The buckets of one batch, numbered in the order in which they come. */
export class BucketList {
  readonly names: string[] = [];
  readonly #ids = new Map<string, number>();

  idOf(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.#ids.set(name, id);
    }
    return id;
  }

  clear(): void {
    this.names.length = 0;
    this.#ids.clear();
  }
}

export interface BucketAssigner {
  /** ids[row] = number of the row's bucket in the list, for all rows of the batch. */
  assign(batch: Batch, nowMs: number, list: BucketList, ids: Int32Array): void;
}

/** For rows of this schema; an EngineError when they have no such field. */
export function bucketAssigner(by: BucketBy<never>, schema: Schema | null): BucketAssigner {
  if (typeof by === 'string') {
    if (schema !== null) fieldIndex(schema, by, 'files: bucket');
    const read = fieldReader(by, (row) => {
      throw new EngineError(
        'FIELD_TYPE',
        `files: a bucket by '${by}' needs rows with fields, got ${describe(row)}`,
      );
    });
    return new ValueAssigner(schema, read, (value) => fieldBucket(by, value));
  }
  if (typeof by === 'function') {
    return new ValueAssigner(schema, by as (row: unknown) => unknown, pathBucket);
  }
  return new TimeAssigner(by);
}

/** By a value of each row. */
class ValueAssigner implements BucketAssigner {
  readonly #nameOf: (value: unknown) => string;
  readonly #names = new Map<unknown, string>();
  readonly #loop: RowFunctionLoop<unknown, number>;
  #list = new BucketList();

  constructor(
    schema: Schema | null,
    read: (row: unknown) => unknown,
    nameOf: (value: unknown) => string,
  ) {
    this.#nameOf = nameOf;
    this.#loop = new RowFunctionLoop(schema, read, (value) => this.#list.idOf(this.#name(value)));
  }

  assign(batch: Batch, _nowMs: number, list: BucketList, ids: Int32Array): void {
    this.#list = list;
    this.#loop.run(batch, ids);
  }

  #name(value: unknown): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = this.#nameOf(value);
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(value, name);
    return name;
  }
}

class TimeAssigner implements BucketAssigner {
  readonly #isEventTime: boolean;
  readonly #format: TimeFormat;
  /** By the span of time. */
  readonly #names = new Map<number, string>();

  constructor({ pattern, zone, time }: TimeBucket) {
    this.#isEventTime = time === 'event';
    this.#format = new TimeFormat(pattern, zone);
  }

  assign({ rowCount, timestamps }: Batch, nowMs: number, list: BucketList, ids: Int32Array): void {
    const { spanMs } = this.#format;
    if (!this.#isEventTime) {
      ids.fill(list.idOf(this.#name(Math.floor(nowMs / spanMs))), 0, rowCount);
      return;
    }
    let last = Number.NaN;
    let id = 0;
    for (let row = 0; row < rowCount; row++) {
      const span = Math.floor(timestamps === null ? Number.NaN : timestamps[row]! / spanMs);
      if (span !== last) {
        id = list.idOf(this.#name(span));
        last = span;
      }
      ids[row] = id;
    }
  }

  #name(span: number): string {
    const known = this.#names.get(span);
    if (known !== undefined) return known;
    const name = pathBucket(this.#format.text(this.#start(span)));
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(span, name);
    return name;
  }

  #start(span: number): number {
    const time = span * this.#format.spanMs;
    if (!Number.isNaN(new Date(time).getTime())) return time;
    throw new EngineError(
      'TIMESTAMP_INVALID',
      'files: a bucket by event time needs rows that have one: set eventTime before, ' +
        "or use byTime(pattern, { time: 'processing' })",
    );
  }
}
