/** Values of Avro as bytes, one behind the other. */

const BYTES_MIN = 64 * 1024;
const VARINT_BYTES_MAX = 10;
/** Below this length a loop over the units beats the call of a native encoder. */
const LOOP_UNITS_MAX = 48;

export class AvroOutput {
  #buffer: Buffer = Buffer.allocUnsafe(BYTES_MIN);
  #at = 0;

  clear(): void {
    this.#at = 0;
  }

  /** The bytes so far, in memory of their own. */
  take(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#at));
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#at + count, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value;
  }

  /** An int or a long: a whole number of up to 52 bits. */
  number(value: number): void {
    this.#reserve(VARINT_BYTES_MAX);
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    while (rest > 127) {
      this.#buffer[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#at++] = rest;
  }

  bigint(value: bigint): void {
    const number = Number(value);
    if (Math.abs(number) < 2 ** 51) {
      this.number(number);
      return;
    }
    this.#reserve(VARINT_BYTES_MAX);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest > 127n) {
      this.#buffer[this.#at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#buffer[this.#at++] = Number(rest);
  }

  /** Whole milliseconds; throws what `error` makes where it is none. */
  time(value: number, error: () => Error): void {
    const ms = Math.trunc(value);
    if (Math.abs(ms) < 2 ** 51) this.number(ms);
    else if (Math.abs(ms) < 2 ** 63) this.bigint(BigInt(ms));
    else throw error();
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** A string; a lone surrogate becomes U+FFFD. */
  text(value: string): void {
    const units = value.length;
    this.#reserve(VARINT_BYTES_MAX + units * 3);
    if (units <= LOOP_UNITS_MAX && this.#ascii(value)) return;
    this.number(Buffer.byteLength(value));
    this.#at += this.#buffer.write(value, this.#at, 'utf8');
  }

  /** False, with nothing written, for text that is not ASCII. */
  #ascii(value: string): boolean {
    const start = this.#at;
    this.number(value.length);
    let at = this.#at;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) {
        this.#at = start;
        return false;
      }
      this.#buffer[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  /** Bytes without a length in front. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }
}
