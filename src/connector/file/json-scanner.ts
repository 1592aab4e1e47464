/**
 * Reads JSON objects of a schema from bytes straight into columns: no object and, for plain text, no string is made.
 *
 * Lines in the form of the schema are read by a generated scan (json-scan-codegen.ts), others here. It takes what most
 * lines are made of, and nothing that is not JSON: plain decimal numbers, times of ISO 8601 in UTC, strings without escapes,
 * and beside the fields of the schema any values that are made of these. At anything else it gives up on the line, which
 * is then read by JSON.parse; so there is one place that decides what is wrong and how it is told. Benchmark: figure
 * json-lines.
 */
import type { BatchBuilder } from '../../data/batch-builder.ts';
import type { Field, Schema } from '../../data/schema.ts';
import { generateLineScan } from './json-scan-codegen.ts';
import { PlainNumber } from './plain-number.ts';
import type { LineScan, MakeLineScan } from './scan-codegen.ts';
import { timeLength, timeOfBytes } from './time-text.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;
const ASCII_END = 0x80;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const [T, F, N] = [0x74, 0x66, 0x6e];
const DEPTH_MAX = 32;
/** Lines of another form after which the generated scan is not tried any more. */
const MISFITS_MAX = 100;

type Target = Field & { readonly column: number; readonly nameBytes: Uint8Array };

export class JsonScanner {
  readonly #targets: readonly Target[];
  /** Row in which each field was seen last, so that missing and repeated ones are noticed. */
  readonly #seen: Float64Array;
  readonly #number = new PlainNumber();
  readonly #makeScan: MakeLineScan | null;
  #scan: LineScan | null = null;
  #scanOf: BatchBuilder | null = null;
  /** Lines in a row that had another form than the generated scan wants. */
  #misfits = 0;
  #line = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  constructor(schema: Schema) {
    this.#targets = schema.fields.map((field, column) => ({
      ...field,
      column,
      nameBytes: new TextEncoder().encode(field.name),
    }));
    this.#makeScan = generateLineScan(schema);
    this.#seen = new Float64Array(this.#targets.length).fill(-1);
  }

  /** Appends the object in bytes start to end - 1 as a row; false, with nothing appended, when it is not that simple. */
  append(bytes: Uint8Array, start: number, end: number, builder: BatchBuilder): boolean {
    const row = builder.rowCount;
    if (this.#scanOf !== builder) this.#bind(builder);
    if (this.#scan !== null && this.#misfits < MISFITS_MAX) {
      if (this.#scan(bytes, start, end, row)) {
        this.#misfits = 0;
        builder.advance(1);
        return true;
      }
      this.#misfits++;
      builder.abandonRow(row);
    }
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#line++;
    if (this.#object(builder, row)) {
      builder.advance(1);
      return true;
    }
    builder.abandonRow(row);
    return false;
  }

  #bind(builder: BatchBuilder): void {
    this.#scan = this.#makeScan?.(builder) ?? null;
    this.#scanOf = builder;
  }

  #object(builder: BatchBuilder, row: number): boolean {
    if (!this.#takes(OPEN)) return false;
    const fieldCount = this.#targets.length;
    let known = 0;
    let expected = 0;
    for (;;) {
      if (!this.#takes(QUOTE)) return false;
      const target = this.#field(expected);
      if (target === null) {
        if (!this.#skipMember()) return false;
      } else {
        if (this.#seen[target.column] === this.#line) return false;
        this.#seen[target.column] = this.#line;
        if (!this.#takes(COLON) || !this.#value(target, builder, row)) return false;
        known++;
        expected = target.column + 1 === fieldCount ? 0 : target.column + 1;
      }
      this.#skipSpace();
      const next = this.#bytes[this.#at++];
      if (next === CLOSE) break;
      if (next !== COMMA) return false;
    }
    this.#skipSpace();
    if (this.#at !== this.#end) return false;
    return known === fieldCount || this.#fillMissing(builder, row);
  }

  /** Null for the fields that the object has not; false when one may not be null. */
  #fillMissing(builder: BatchBuilder, row: number): boolean {
    for (const { column, kind, nullable } of this.#targets) {
      if (this.#seen[column] === this.#line) continue;
      if (!nullable) return false;
      builder.setNull(column, row);
      if (kind === 'string') builder.strings(column).appendEmpty();
    }
    return true;
  }

  /** Moves behind a name that is a field's; looks first for the one that followed in the line before. */
  #field(expected: number): Target | null {
    const fieldCount = this.#targets.length;
    for (let n = 0, c = expected; n < fieldCount; n++, c = c + 1 === fieldCount ? 0 : c + 1) {
      const target = this.#targets[c]!;
      if (!this.#isName(target.nameBytes)) continue;
      this.#at += target.nameBytes.length + 1;
      return target;
    }
    return null;
  }

  /** Moves behind the rest of another name, and its value. */
  #skipMember(): boolean {
    return this.#skipText() && this.#takes(COLON) && this.#skipValue(0);
  }

  #skipValue(depth: number): boolean {
    this.#skipSpace();
    const first = this.#bytes[this.#at];
    switch (first) {
      case QUOTE:
        this.#at++;
        return this.#skipText();
      case OPEN:
        return depth < DEPTH_MAX && this.#skipParts(CLOSE, depth);
      case OPEN_LIST:
        return depth < DEPTH_MAX && this.#skipParts(CLOSE_LIST, depth);
      case T:
        return this.#word('true');
      case F:
        return this.#word('false');
      case N:
        return this.#word('null');
      default: {
        const number = this.#number;
        if (!number.read(this.#bytes, this.#at, this.#end) || number.hasLeadingZero) return false;
        this.#at = number.end;
        return true;
      }
    }
  }

  /** Moves behind an object or a list, which ends with `close`. */
  #skipParts(close: number, depth: number): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#bytes[this.#at] === close) {
      this.#at++;
      return true;
    }
    for (;;) {
      if (close === CLOSE && !(this.#takes(QUOTE) && this.#skipText() && this.#takes(COLON))) {
        return false;
      }
      if (!this.#skipValue(depth + 1)) return false;
      this.#skipSpace();
      const next = this.#bytes[this.#at++];
      if (next === close) return true;
      if (next !== COMMA) return false;
    }
  }

  /** Moves behind a text and its closing quote; false when it has escapes. */
  #skipText(): boolean {
    for (let at = this.#at; at < this.#end; at++) {
      const byte = this.#bytes[at]!;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (byte < SPACE || byte === BACKSLASH) return false;
    }
    return false;
  }

  #isName(name: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
    return bytes[at + name.length] === QUOTE;
  }

  #value(target: Target, builder: BatchBuilder, row: number): boolean {
    this.#skipSpace();
    const first = this.#bytes[this.#at];
    if (first === N) return this.#null(target, builder, row);
    switch (target.kind) {
      case 'string':
        return first === QUOTE && this.#string(target.column, builder);
      case 'boolean':
        return this.#boolean(first, target.column, builder, row);
      case 'int32':
      case 'float64':
      case 'int64':
        return this.#plainNumber(target, builder, row);
      case 'timestamp':
      case 'date':
        if (first === QUOTE) return this.#time(target.column, builder, row);
        return this.#plainNumber(target, builder, row);
      default:
        return false;
    }
  }

  #null({ nullable, column, kind }: Target, builder: BatchBuilder, row: number): boolean {
    if (!nullable || !this.#word('null')) return false;
    builder.setNull(column, row);
    if (kind === 'string') builder.strings(column).appendEmpty();
    return true;
  }

  #boolean(first: number | undefined, column: number, builder: BatchBuilder, row: number): boolean {
    const isTrue = first === T;
    if (!(isTrue ? this.#word('true') : first === F && this.#word('false'))) return false;
    builder.fixed(column).values[row] = isTrue ? 1 : 0;
    return true;
  }

  #plainNumber({ kind, column }: Target, builder: BatchBuilder, row: number): boolean {
    const number = this.#number;
    if (!number.read(this.#bytes, this.#at, this.#end) || number.hasLeadingZero) return false;
    const { value } = number;
    if (kind === 'int32' && (value | 0) !== value) return false;
    if ((kind === 'int64' || kind === 'date') && !Number.isInteger(value)) return false;
    builder.fixed(column).values[row] = kind === 'int64' ? BigInt(value) : value;
    // An exponent would stand here, and is no comma or brace.
    this.#at = number.end;
    return true;
  }

  #time(column: number, builder: BatchBuilder, row: number): boolean {
    const start = this.#at + 1;
    const time = timeOfBytes(this.#bytes, start);
    const end = start + timeLength(this.#bytes, start);
    if (Number.isNaN(time) || this.#bytes[end] !== QUOTE) return false;
    builder.fixed(column).values[row] = time;
    this.#at = end + 1;
    return true;
  }

  #string(column: number, builder: BatchBuilder): boolean {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let at = start;
    let isAscii = true;
    for (;;) {
      if (at >= this.#end) return false;
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte < SPACE || byte === BACKSLASH) return false;
      if (byte >= ASCII_END) isAscii = false;
      at++;
    }
    const strings = builder.strings(column);
    if (isAscii) strings.appendLatin1(bytes, start, at);
    else strings.appendUtf8(bytes, start, at);
    this.#at = at + 1;
    return true;
  }

  #word(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) return false;
    }
    this.#at += word.length;
    return true;
  }

  #takes(byte: number): boolean {
    this.#skipSpace();
    return this.#bytes[this.#at++] === byte;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== SPACE && byte !== TAB && byte !== RETURN) return;
      this.#at++;
    }
  }
}
