/**
 * Values of records and state as JSON that people look at: what JSON does not have becomes a text, and what is too much is left
 * out and says so. Nothing is called that belongs to the value, but the getters of its fields.
 *
 *   10n → '10'    NaN → 'NaN'    Date → ISO 8601    bytes → base64    Map → [[key, value], ...]    Set → [...]
 */
import { messageOf } from './errors.ts';
import { SHOWN_VALUE_BYTES, SHOWN_VALUE_DEPTH } from './limits.ts';

export type ShownValue =
  | null
  | boolean
  | number
  | string
  | readonly ShownValue[]
  | { readonly [field: string]: ShownValue };

const LEFT_OUT = '…';

/** The value, as far as there is room for it: about `bytes` of JSON. A getter that throws is told instead. */
export function shownValue(value: unknown, bytes: number = SHOWN_VALUE_BYTES): ShownValue {
  try {
    return new Shower(bytes).show(value, 0);
  } catch (error) {
    return `cannot be shown: ${messageOf(error)}`;
  }
}

class Shower {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  show(value: unknown, depth: number): ShownValue {
    this.#left -= 8;
    if (this.#left <= 0) return LEFT_OUT;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      case 'undefined':
        return null;
      default:
        return this.#text(String(value));
    }
  }

  #text(text: string): string {
    const room = Math.max(0, this.#left);
    this.#left -= text.length;
    return text.length <= room ? text : text.slice(0, room) + LEFT_OUT;
  }

  #object(value: object, depth: number): ShownValue {
    if (depth >= SHOWN_VALUE_DEPTH) return LEFT_OUT;
    if (value instanceof Date) {
      return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    }
    if (ArrayBuffer.isView(value)) return this.#bytes(value);
    if (Array.isArray(value) || value instanceof Set) return this.#items(value, depth);
    if (value instanceof Map) return this.#items(value.entries(), depth);
    return this.#fields(value, depth);
  }

  #bytes({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
    const shown = Math.min(byteLength, Math.max(0, this.#left));
    return this.#text(Buffer.from(buffer, byteOffset, shown).toString('base64'));
  }

  #items(items: Iterable<unknown>, depth: number): ShownValue[] {
    const shown: ShownValue[] = [];
    for (const item of items) {
      shown.push(this.show(item, depth + 1));
      if (this.#left <= 0) break;
    }
    return shown;
  }

  #fields(value: object, depth: number): ShownValue {
    const shown: [string, ShownValue][] = [];
    for (const [name, field] of Object.entries(value)) {
      this.#left -= name.length;
      shown.push([name, this.show(field, depth + 1)]);
      if (this.#left <= 0) break;
    }
    // A field may be called __proto__.
    return Object.fromEntries(shown);
  }
}
