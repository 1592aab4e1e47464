/**
 * Reads CSV records from bytes straight into columns: no text is split, and for plain values no string is made.
 *
 * It takes records without quotes whose values are plain decimal numbers, text, true and false, or nothing. At anything
 * else it gives up on the line, which is then read as text; so there is one place that decides what is wrong and how it
 * is told. Benchmark: figure csv-lines.
 */
import type { BatchBuilder } from '../../data/batch-builder.ts';
import type { Field } from '../../data/schema.ts';
import { PlainNumber } from './plain-number.ts';

const QUOTE = 0x22;
const ASCII_END = 0x80;

export class CsvScanner {
  /** Column of the builder and its field by the place of the value; null for values that nobody wants. */
  readonly #targets: readonly ({ readonly column: number; readonly field: Field } | null)[];
  /** Byte between values; -1 when it is none. */
  readonly #delimiter: number;
  readonly #number = new PlainNumber();

  constructor(
    fields: readonly { readonly field: Field; readonly at: number }[],
    valueCount: number,
    delimiter: string,
  ) {
    const targets = new Array<{ column: number; field: Field } | null>(valueCount).fill(null);
    let isRepeated = false;
    fields.forEach(({ field, at }, column) => {
      if (targets[at] !== null) isRepeated = true;
      targets[at] = { column, field };
    });
    this.#targets = targets;
    const unit = delimiter.charCodeAt(0);
    this.#delimiter = unit < ASCII_END && !isRepeated ? unit : -1;
  }

  /** Appends the record in bytes start to end - 1; false, with nothing appended, when it is not that simple. */
  append(bytes: Uint8Array, start: number, end: number, builder: BatchBuilder): boolean {
    const row = builder.rowCount;
    if (this.#delimiter >= 0 && start < end && this.#record(bytes, start, end, builder, row)) {
      builder.advance(1);
      return true;
    }
    builder.abandonRow(row);
    return false;
  }

  #record(
    bytes: Uint8Array,
    start: number,
    end: number,
    builder: BatchBuilder,
    row: number,
  ): boolean {
    const targets = this.#targets;
    const delimiter = this.#delimiter;
    let from = start;
    for (let n = 0; n < targets.length; n++) {
      let to = from;
      let bits = 0;
      for (; to < end; to++) {
        const byte = bytes[to]!;
        if (byte === delimiter) break;
        if (byte === QUOTE) return false;
        bits |= byte;
      }
      const isLast = n === targets.length - 1;
      if (isLast !== (to === end)) return false;
      const target = targets[n]!;
      if (
        target !== null &&
        !this.#value(target, bytes, from, to, bits < ASCII_END, builder, row)
      ) {
        return false;
      }
      from = to + 1;
    }
    return true;
  }

  #value(
    { column, field }: { readonly column: number; readonly field: Field },
    bytes: Uint8Array,
    from: number,
    to: number,
    isAscii: boolean,
    builder: BatchBuilder,
    row: number,
  ): boolean {
    const { kind } = field;
    if (kind === 'string') {
      if (from === to && field.nullable) builder.setNull(column, row);
      const strings = builder.strings(column);
      if (isAscii) strings.appendLatin1(bytes, from, to);
      else strings.appendUtf8(bytes, from, to);
      return true;
    }
    if (from === to) {
      if (!field.nullable || kind === 'dynamic') return false;
      builder.setNull(column, row);
      return true;
    }
    if (kind !== 'int32' && kind !== 'float64' && kind !== 'timestamp') return false;
    const number = this.#number;
    if (!number.read(bytes, from, to) || number.end !== to) return false;
    if (kind === 'int32' && (number.value | 0) !== number.value) return false;
    builder.fixed(column).values[row] = number.value;
    return true;
  }
}
