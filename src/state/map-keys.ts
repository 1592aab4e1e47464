/**
 * Keys of maps by entry, in the form in which they are compared: numbers and dates, as times, in a typed array, others as they are.
 * Keys are equal as they are in a Map.
 */
import { EngineError } from '../base/errors.ts';
import { describe } from '../data/field-check.ts';
import { ownText } from '../data/own-text.ts';
import { FITS } from '../data/row-appender.ts';
import { grownInPlace } from './grown-arrays.ts';
import { grownSlots } from './slot-list.ts';
import { type TypeSpec, ValueType } from './value-type.ts';

/** Source of functions that look for keys. */
export type KeySource = {
  /** What a key, `key`, that fits is compared by; null where only `identityOf` tells. */
  readonly fits: string | null;
  readonly identity: string;
  /** Whether the key of `entry` in `cells` is `identity`. */
  readonly isSame: string;
  /** The key of `entry` in `cells`, as users get it. */
  readonly given: string;
};

/** More entries than these are not looked at one after the other. */
const NUMBERS_SCANNED = 16;
const OTHERS_SCANNED = 8;

export class MapKeys {
  readonly source: KeySource;
  /** The most entries of a map that are looked at one after the other. */
  readonly scanned: number;
  /** By entry. */
  cells: Int32Array | Float64Array | unknown[];
  readonly type: ValueType;
  readonly #state: string;
  readonly #areDates: boolean;
  readonly #areTexts: boolean;

  /** `state`: the name of the state, in messages. */
  constructor(type: TypeSpec, state: string) {
    const { kind } = type;
    this.type = new ValueType(type, '#key', state);
    this.#state = state;
    this.#areDates = kind === 'date';
    this.#areTexts = kind === 'string';
    this.cells = noCells(type);
    this.scanned = Array.isArray(this.cells) ? OTHERS_SCANNED : NUMBERS_SCANNED;
    this.source = keySource(type);
  }

  reserve(entryCount: number): void {
    const { cells } = this;
    if (entryCount <= cells.length) return;
    const capacity = grownSlots(entryCount);
    if (!Array.isArray(cells)) this.cells = grownInPlace(cells, capacity);
    else while (cells.length < capacity) cells.push(undefined);
  }

  /** What a key is compared by. FIELD_TYPE for one of another type, KEY_INVALID for one that no type makes comparable. */
  identityOf(key: unknown): unknown {
    this.type.check(key);
    if (this.#areDates && key !== null) return (key as Date).getTime();
    if ((typeof key !== 'object' || key === null) && typeof key !== 'function') return key;
    throw new EngineError(
      'KEY_INVALID',
      `state '${this.#state}': a key of a map cannot be ${describe(key)}; it must be a number, bigint, string or boolean, ` +
        'or a Date where its type is t.date',
    );
  }

  /** The same in memory of its own. */
  own(identity: unknown): unknown {
    return this.#areTexts && identity !== null ? ownText(identity as string) : identity;
  }

  /** A key as users get it: a Date of its own. */
  given(entry: number): unknown {
    const identity = this.cells[entry];
    return this.#areDates && identity !== null ? new Date(identity as number) : identity;
  }

  set(entry: number, identity: unknown): void {
    this.cells[entry] = identity;
  }

  /** Holds on to nothing. */
  clear(entry: number): void {
    if (Array.isArray(this.cells)) this.cells[entry] = undefined;
  }
}

function noCells(type: TypeSpec): Int32Array | Float64Array | unknown[] {
  if (type.kind === 'record' || type.nullable) return [];
  switch (type.kind) {
    case 'int32':
      return new Int32Array(0);
    case 'float64':
    case 'timestamp':
    case 'date':
      return new Float64Array(0);
    default:
      return [];
  }
}

/** Kinds whose values are equal only where `===` says so. */
const PLAIN: readonly string[] = ['int32', 'string', 'boolean', 'int64'];

function keySource(type: TypeSpec): KeySource {
  const isPlain = PLAIN.includes(type.kind) && type.kind !== 'record' && !type.nullable;
  const same = 'cells[entry] === identity';
  const isSame = isPlain
    ? same
    : `${same} || (identity !== identity && cells[entry] !== cells[entry])`;
  const isDate = type.kind === 'date';
  const isNullable = type.kind === 'record' || type.nullable;
  const date = isNullable
    ? '(cells[entry] === null ? null : new Date(cells[entry]))'
    : 'new Date(cells[entry])';
  return {
    fits: isNullable || type.kind === 'dynamic' ? null : FITS[type.kind]('key'),
    identity: isDate ? 'key.getTime()' : 'key',
    isSame,
    given: isDate ? date : 'cells[entry]',
  };
}
