/**
 * Builds a string column, one entry a row, or codes into one dictionary as long as every row comes from it.
 * Starts narrow (latin1) and widens all entries when a string needs two bytes a unit.
 *
 * Strings are put one behind the other and written all at once, when the first entry of another kind follows or the batch is
 * complete. That works as long as they are ASCII; others are written unit by unit. Benchmark: figure codec.
 */
import { assert } from '../base/assert.ts';
import { BatchWeight } from './batch-weight.ts';
import { copyBytes, isSlowToSet, viewOf, WORDS_BYTES_MAX } from './byte-runs.ts';
import { StringColumn, StringEntries } from './column.ts';
import { ownedEntries } from './copy.ts';
import { gatherFixed } from './gather.ts';

const BYTES_MIN = 256;
/** Bytes of a character in UTF-8, at most. */
const CHARACTER_BYTES_MAX = 4;
/** Batches for which nothing is put together when texts were no ASCII. */
const DIRECT_BATCHES = 32;
/** Bytes after which a column adds to the weight of its batch what it has grown. */
const WEIGHED_BYTES = 64 * 1024;

export class StringBuilder {
  readonly kind = 'string';
  absent: Uint8Array | null = null;
  #offsets: Int32Array;
  #bytes = new Uint8Array(BYTES_MIN);
  #view = viewOf(this.#bytes);
  #buffer = bufferOf(this.#bytes);
  /** Texts that have their entries and are not written yet, and the first of these entries. */
  #text = '';
  #textFrom = 0;
  /** Batches for which texts are written at once, unit by unit. */
  #directBatches = 0;
  /** What was copied from last, until the batch is complete. */
  #copied: Uint8Array | null = null;
  #copiedView = this.#view;
  /** Longer runs of it are copied by a native call. */
  #wordsMax = 0;
  /** Bytes that may be written without another look at memory and weight. */
  #room = BYTES_MIN;
  readonly #weight: BatchWeight;
  /** What this column has added to the weight. */
  #weighed = 0;
  #isWide = false;
  #count = 0;
  /** The dictionary that rows come with, and null while entries are collected one by one; */
  #source: StringEntries | null = null;
  /** the same in memory that is not written again before the batch is read. */
  #dictionary: StringEntries | null = null;
  #codes: Int32Array | null = null;

  /** `weight` is that of the batch, of which this is one column. */
  constructor(capacity: number, weight: BatchWeight = new BatchWeight()) {
    this.#offsets = new Int32Array(capacity + 1);
    this.#weight = weight;
  }

  /** Of the entries so far; none for codes. */
  get byteLength(): number {
    return this.#dictionary === null ? this.#offsets[this.#count]! : 0;
  }

  /** Whether rows of this column can follow what is there: not a second dictionary, nor a mixture. */
  accepts(column: StringColumn): boolean {
    if (this.#count === 0) return true;
    return this.#source === (isDictionary(column) ? column.entries : null);
  }

  /** Appends the string; false when the value is none. */
  appendValue(value: unknown): boolean {
    if (typeof value !== 'string') return false;
    this.append(value);
    return true;
  }

  append(value: string): void {
    const end = this.#offsets[this.#count]! + value.length;
    // What the texts weigh is known when they are written.
    if (end + CHARACTER_BYTES_MAX > this.#room) this.#writeText();
    if (this.#directBatches > 0 || this.#isWide) {
      this.#appendDirect(value);
      return;
    }
    this.#entriesOnly();
    this.#reserve(end + CHARACTER_BYTES_MAX);
    if (this.#text === '') this.#textFrom = this.#count;
    this.#text += value;
    this.#offsets[++this.#count] = end;
  }

  /**
   * Writes the texts that wait. ASCII has as many bytes in UTF-8 as units; anything else has more, and more are written: then
   * each text is written by itself.
   */
  #writeText(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    const from = this.#textFrom;
    const start = this.#offsets[from]!;
    const bytesMax = text.length + CHARACTER_BYTES_MAX;
    if (this.#buffer.write(text, start, bytesMax) === text.length) return;
    this.#directBatches = DIRECT_BATCHES;
    const places = this.#offsets.slice(from, this.#count + 1);
    this.#count = from;
    for (let i = 1; i < places.length; i++) {
      this.#appendDirect(text.substring(places[i - 1]! - start, places[i]! - start));
    }
  }

  #appendDirect(value: string): void {
    this.#settle();
    const units = value.length;
    const start = this.#offsets[this.#count]!;
    this.#reserve(start + units * 2);
    let end = this.#isWide ? -1 : this.#writeNarrow(value, start);
    if (end < 0) {
      this.#widen();
      const wideStart = this.#offsets[this.#count]!;
      this.#reserve(wideStart + units * 2);
      const bytes = this.#bytes;
      for (let i = 0, at = wideStart; i < units; i++, at += 2) {
        const unit = value.charCodeAt(i);
        bytes[at] = unit & 0xff;
        bytes[at + 1] = unit >>> 8;
      }
      end = wideStart + units * 2;
    }
    this.#offsets[++this.#count] = end;
  }

  /** Writes latin1 bytes; -1 when a unit does not fit one byte. */
  #writeNarrow(value: string, start: number): number {
    const units = value.length;
    const bytes = this.#bytes;
    for (let i = 0; i < units; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0xff) return -1;
      bytes[start + i] = unit;
    }
    return start + units;
  }

  appendEmpty(): void {
    if (this.#dictionary !== null) {
      this.#codes![this.#count++] = 0;
      return;
    }
    const end = this.#offsets[this.#count]!;
    this.#offsets[++this.#count] = end;
  }

  /**
   * Room for an entry of up to so many latin1 bytes: write them to `target` from the returned place on, then `closeEntry`.
   * -1 while entries are wide.
   */
  openEntry(bytesMax: number): number {
    this.#settle();
    if (this.#isWide) return -1;
    const start = this.#offsets[this.#count]!;
    this.#reserve(start + bytesMax);
    return start;
  }

  /** Where an open entry is written. */
  get target(): Uint8Array {
    return this.#bytes;
  }

  /** The same memory, for copies of several bytes at a time. */
  get targetView(): DataView {
    return this.#view;
  }

  /** The open entry ends before this place. */
  closeEntry(end: number): void {
    this.#offsets[++this.#count] = end;
  }

  /** Appends bytes[start] to bytes[end - 1], one byte a unit. */
  appendLatin1(source: Uint8Array, start: number, end: number): void {
    this.#settle();
    if (this.#isWide) {
      this.append(
        Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString(
          'latin1',
          start,
          end,
        ),
      );
      return;
    }
    const at = this.#offsets[this.#count]!;
    const length = end - start;
    this.#reserve(at + length);
    this.#copy(source, start, end, at);
    this.#offsets[++this.#count] = at + length;
  }

  /** The same of a view, where texts come from many places. */
  appendView(source: DataView, start: number, length: number): void {
    this.#settle();
    if (this.#isWide) {
      const { buffer, byteOffset } = source;
      this.appendLatin1(new Uint8Array(buffer, byteOffset + start, length), 0, length);
      return;
    }
    const at = this.#offsets[this.#count]!;
    this.#reserve(at + length);
    copyBytes(source, start, this.#view, at, length);
    this.#offsets[++this.#count] = at + length;
  }

  /** Copies bytes[start] to bytes[end - 1] to a place that is reserved. */
  #copy(source: Uint8Array, start: number, end: number, at: number): void {
    const length = end - start;
    if (this.#copied !== source) {
      this.#copied = source;
      this.#copiedView = viewOf(source);
      this.#wordsMax = isSlowToSet(source) ? Number.POSITIVE_INFINITY : WORDS_BYTES_MAX;
    }
    if (length > this.#wordsMax) this.#bytes.set(source.subarray(start, end), at);
    else copyBytes(this.#copiedView, start, this.#view, at, length);
  }

  /** Appends UTF-8 bytes; plain ASCII is copied as it is. */
  appendUtf8(source: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (source[i]! > 0x7f) {
        const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
        this.append(bytes.toString('utf8', start, end));
        return;
      }
    }
    this.appendLatin1(source, start, end);
  }

  /** Appends one entry of other entries. */
  appendEntry(entries: StringEntries, entry: number): void {
    const start = entries.offsets[entry]!;
    const end = entries.offsets[entry + 1]!;
    if (!entries.isWide) this.appendLatin1(entries.bytes, start, end);
    else this.append(entries.get(entry));
  }

  appendSelected(column: StringColumn, selection: Int32Array, from: number, to: number): void {
    const { entries, codes } = column;
    if (codes === null) {
      this.#appendEntries(entries, selection, from, to);
      return;
    }
    if (column.isSelection) {
      const places = new Int32Array(to - from);
      gatherFixed(places, 0, codes, selection, from, to);
      this.#appendEntries(entries, places, 0, places.length);
      return;
    }
    assert(this.accepts(column), 'one dictionary a batch');
    if (this.#source !== entries) {
      this.#source = entries;
      this.#dictionary = ownedEntries(entries, 0, entries.count);
    }
    this.#codes ??= new Int32Array(this.#offsets.length - 1);
    const target = this.#codes;
    const shift = this.#count - from;
    for (let i = from; i < to; i++) target[i + shift] = codes[selection[i]!]!;
    this.#count += to - from;
  }

  #appendEntries(entries: StringEntries, places: Int32Array, from: number, to: number): void {
    this.#settle();
    if (this.#isWide || entries.isWide) {
      for (let i = from; i < to; i++) this.appendEntry(entries, places[i]!);
    } else {
      this.#appendRuns(entries, places, from, to);
    }
  }

  /** Appends narrow entries; those that lie side by side are copied at once. */
  #appendRuns(entries: StringEntries, selection: Int32Array, from: number, to: number): void {
    const { offsets, bytes } = entries;
    const ownOffsets = this.#offsets;
    let count = this.#count;
    for (let i = from; i < to; ) {
      const first = selection[i]!;
      const start = offsets[first]!;
      const at = ownOffsets[count]!;
      let next = first;
      do {
        next++;
        ownOffsets[++count] = at + offsets[next]! - start;
        i++;
      } while (i < to && selection[i] === next);
      const end = offsets[next]!;
      this.#reserve(at + end - start);
      this.#copy(bytes, start, end, at);
    }
    this.#count = count;
  }

  /** Forgets what was appended behind the first `count` rows. */
  truncate(count: number): void {
    if (count >= this.#count) return;
    this.#writeText();
    this.#count = count;
    this.#weigh(Math.min(this.#weighed, this.byteLength));
  }

  seal(): StringColumn {
    this.#writeText();
    if (this.#dictionary !== null) {
      return new StringColumn(this.#dictionary, this.#codes, this.absent);
    }
    const entries = new StringEntries(this.#count, this.#offsets, this.#bytes, this.#isWide);
    return new StringColumn(entries, null, this.absent);
  }

  /** Forgets all rows; the weight of the batch is the caller's. */
  reset(): void {
    this.#count = 0;
    this.#weighed = 0;
    this.#room = Math.min(this.#bytes.length, WEIGHED_BYTES);
    this.#isWide = false;
    this.#text = '';
    if (this.#directBatches > 0) this.#directBatches--;
    this.#source = null;
    this.#dictionary = null;
    this.#copied = null;
    this.#copiedView = this.#view;
  }

  /** Before an entry that is written at once. */
  #settle(): void {
    this.#entriesOnly();
    this.#writeText();
  }

  #entriesOnly(): void {
    assert(this.#dictionary === null, 'entries cannot follow codes in one batch');
  }

  #reserve(bytes: number): void {
    if (bytes > this.#room) this.#makeRoom(bytes);
  }

  #makeRoom(bytes: number): void {
    if (bytes > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(bytes, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = viewOf(grown);
      this.#buffer = bufferOf(grown);
    }
    this.#weigh(bytes);
  }

  #weigh(bytes: number): void {
    this.#weight.bytes += bytes - this.#weighed;
    this.#weighed = bytes;
    this.#room = Math.min(this.#bytes.length, bytes + WEIGHED_BYTES);
  }

  #widen(): void {
    if (this.#isWide) return;
    const length = this.#offsets[this.#count]!;
    const wide = new Uint8Array(Math.max(length * 2, BYTES_MIN));
    for (let i = 0; i < length; i++) wide[i * 2] = this.#bytes[i]!;
    for (let i = 0; i <= this.#count; i++) this.#offsets[i] = this.#offsets[i]! * 2;
    this.#bytes = wide;
    this.#view = viewOf(wide);
    this.#buffer = bufferOf(wide);
    this.#isWide = true;
    this.#weigh(length * 2);
  }
}

function isDictionary({ codes, isSelection }: StringColumn): boolean {
  return codes !== null && !isSelection;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
