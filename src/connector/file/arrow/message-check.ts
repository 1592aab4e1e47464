/**
 * Whether the lists in the head of an Arrow message can be true: that of a damaged one may tell of billions of entries, which
 * a decoder would make one by one. The head is a flatbuffer:
 *
 *   table    int32 back to its vtable | fields          vtable   uint16 its bytes, uint16 of the table | uint16 place of each field
 *   list     uint32 entries | entries, or where they are            an offset counts from where it stands
 *
 *   Message        1 kind of the header   2 header
 *   Schema         1 fields   2 metadata                Field    5 children   6 metadata
 *   DictionaryBatch   1 data                            RecordBatch   1 nodes   2 buffers   4 counts of buffers
 */
const SCHEMA = 1;
const DICTIONARY = 2;
const RECORDS = 3;

const OFFSET_BYTES = 4;
const STRUCT_BYTES = 16;
const LONG_BYTES = 8;

/** An Error where a list has more entries than its message has room for. */
export function checkMessage(head: Uint8Array): void {
  const flat = new FlatBuffer(head);
  const message = flat.follow(0);
  const kindAt = flat.field(message, 1);
  const kind = kindAt === null ? 0 : head[kindAt];
  const header = flat.table(message, 2);
  if (header === null) return;
  if (kind === SCHEMA) {
    flat.list(header, 2, OFFSET_BYTES);
    checkFields(flat, header, 1);
  } else if (kind === RECORDS) checkBatch(flat, header);
  else if (kind === DICTIONARY) {
    const data = flat.table(header, 1);
    if (data !== null) checkBatch(flat, data);
  }
}

function checkFields(flat: FlatBuffer, table: number, field: number): void {
  for (const at of flat.list(table, field, OFFSET_BYTES)) {
    const child = flat.follow(at);
    flat.list(child, 6, OFFSET_BYTES);
    checkFields(flat, child, 5);
  }
}

function checkBatch(flat: FlatBuffer, batch: number): void {
  flat.list(batch, 1, STRUCT_BYTES);
  flat.list(batch, 2, STRUCT_BYTES);
  flat.list(batch, 4, LONG_BYTES);
}

class FlatBuffer {
  readonly #view: DataView;
  /** Entries that all lists together may have: each has a place of its own. */
  #left: number;

  constructor({ buffer, byteOffset, length }: Uint8Array) {
    this.#view = new DataView(buffer, byteOffset, length);
    this.#left = length / OFFSET_BYTES;
  }

  /** Where an offset leads. */
  follow(at: number): number {
    return at + this.#view.getUint32(at, true);
  }

  /** Where the value of a field is; null when the table has none. */
  field(table: number, number: number): number | null {
    const vtable = table - this.#view.getInt32(table, true);
    const at = 4 + 2 * number;
    if (at >= this.#view.getUint16(vtable, true)) return null;
    const place = this.#view.getUint16(vtable + at, true);
    return place === 0 ? null : table + place;
  }

  table(table: number, number: number): number | null {
    const at = this.field(table, number);
    return at === null ? null : this.follow(at);
  }

  /** Where the entries of a list are; none when the table has no such list. */
  list(table: number, number: number, entryBytes: number): readonly number[] {
    const at = this.table(table, number);
    if (at === null) return [];
    const count = this.#view.getUint32(at, true);
    this.#left -= count;
    if (this.#left < 0 || at + 4 + count * entryBytes > this.#view.byteLength) {
      throw new Error(`a list of ${count} entries does not fit in it`);
    }
    return Array.from({ length: count }, (_, n) => at + 4 + n * entryBytes);
  }
}
