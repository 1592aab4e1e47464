/**
 * Decimal numbers from bytes, without making a string: `-?digits` or `-?digits.digits`, of at most 15 digits. Such a
 * number is a whole number below 2^53 divided by a power of ten below 10^23, both exact, so that the one division rounds
 * as the conversion from text does (Clinger, 1990).
 */
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const DIGITS_MAX = 15;

const POWERS = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);

export class PlainNumber {
  value = 0;
  /** Place behind the number. */
  end = 0;
  /** Whether the digits before the point begin with a zero that is not alone. */
  hasLeadingZero = false;

  /**
   * Reads the number that begins at `start`; false when what is there is none, has too many digits, or is minus zero.
   * What stands at `end` is the caller's to judge: an exponent, perhaps.
   */
  read(bytes: Uint8Array, start: number, limit: number): boolean {
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    let at = first;
    let whole = 0;
    while (at < limit) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      whole = whole * 10 + digit;
      at++;
    }
    let digits = at - first;
    if (digits === 0 || digits > DIGITS_MAX) return false;
    this.hasLeadingZero = digits > 1 && bytes[first] === ZERO;
    if (at < limit && bytes[at] === POINT) {
      const fraction = ++at;
      while (at < limit) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) break;
        whole = whole * 10 + digit;
        at++;
      }
      const places = at - fraction;
      digits += places;
      if (places === 0 || digits > DIGITS_MAX) return false;
      whole /= POWERS[places]!;
    }
    if (isNegative && whole === 0) return false;
    this.value = isNegative ? -whole : whole;
    this.end = at;
    return true;
  }
}
