/** Strings that outlive their batch. */

/** V8 makes slices of strings that are longer; shorter ones are copies anyway. */
export const SLICE_UNITS_MIN = 13;

/** The same text in memory of its own: a slice would keep the text of its whole batch alive. */
export function ownText(text: string): string {
  if (text.length < SLICE_UNITS_MIN) return text;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) return Buffer.from(text, 'utf16le').toString('utf16le');
  }
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Texts of a pool, at most, and how long they are: it keeps them when nobody else does. */
const POOL_TEXTS_MAX = 1024;
const POOL_UNITS_MAX = 64;
/** So many more unknown texts than known ones, and looking for them is not worth it. */
const UNKNOWN_MAX = 4096;

/**
 * Texts of one field that outlive their batch. Those that come again and again, as of cities, are one string each, which the
 * garbage collector moves once; a field whose texts hardly come twice is soon found out. Nexmark q3 measures it.
 */
export class TextPool {
  readonly #texts = new Map<string, string>();
  /** How many more texts than before may be unknown. */
  #credit = UNKNOWN_MAX;

  /** The same text in memory of its own, or in that of one before. */
  own(text: string): string {
    if (this.#credit === 0 || text.length > POOL_UNITS_MAX) return ownText(text);
    const known = this.#texts.get(text);
    if (known !== undefined) {
      if (this.#credit < UNKNOWN_MAX) this.#credit++;
      return known;
    }
    return this.#ownNew(text);
  }

  #ownNew(text: string): string {
    const own = ownText(text);
    if (--this.#credit === 0) this.#texts.clear();
    else if (this.#texts.size < POOL_TEXTS_MAX) this.#texts.set(own, own);
    return own;
  }
}
