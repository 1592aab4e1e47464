/**
 * The corpus: all events of a benchmark as one file, or the same bytes in memory. Little endian; every array begins at a
 * multiple of 8 bytes; text has one byte a character. Ids and prices fit into an int32, times are ms since 1970 UTC.
 *
 *   header     128 bytes
 *      0  8 bytes  NXMKCOR1          32  f64  base time                      56  f64  where the channels begin
 *      8  u32      version, 1        40  u32  channels C                     64  f64  where the directory begins
 *     12  u32      seed              44  u32  bytes of channel names         72  f64  bytes of the file
 *     16  u32      events N          48  u32  bytes of channel URLs
 *     20  u32      events of a full segment, S = 4096
 *     24  u32      segments, ceil(N / S)
 *     28  u32      events per second of event time
 *   channels   i32 nameOffsets[C + 1], i32 urlOffsets[C + 1], u8 names[], u8 urls[]; each padded to 8 bytes
 *   segments   one behind the other
 *   directory  f64 segmentAt[segments + 1]: where each begins; the last is where they end
 *
 * A segment has columns of S rows, also the last one, so that they are at the same place in all:
 *
 *      0        u32     events n, persons, auctions, bids, bytes of the text heap; zeros up to 64
 *     64        f64[S]  time
 *     64 +  8S  f64[S]  expires of an auction
 *     64 + 16S  i32[S]  kind: 0 person, 1 auction, 2 bid
 *     64 + 20S  i32[S]  id: of the person, of the auction, of the auction that the bid is for
 *     64 + 24S  i32[S]  party: seller, bidder
 *     64 + 28S  i32[S]  price: initial bid, price of the bid
 *     64 + 32S  i32[S]  reserve of an auction
 *     64 + 36S  i32[S]  category of an auction
 *     64 + 40S  i32[S]  channel of a bid
 *     64 + 44S  u8[S]   0 for a person, else 1; the same for auctions; for bids
 *     64 + 47S  u8[S]   1 for a person, else 0
 *     64 + 48S  i32[6][S + 2]  offsets of six texts: text t of row r is heap[offsets[t][r]] to heap[offsets[t][r + 1]]
 *     64 + 72S + 48     the heap: the rows of text 0, those of text 1, ...; padded to 8 bytes
 *
 * What an event does not have is 0 or empty. The texts: name of a person or item; e-mail or description; credit card;
 * city; state; extra.
 */
import { EngineError } from 'millrace';

export const MAGIC = 'NXMKCOR1';
export const VERSION = 1;
export const HEADER_BYTES = 128;
export const SEGMENT_EVENTS = 4096;
export const TEXTS = 6;

export const PERSON = 0;
export const AUCTION = 1;
export const BID = 2;

/** The first event that a generator makes has this id. */
export const FIRST_EVENT_ID = 2;

/** Of each 50 events one is a person, and three are auctions. */
export const CYCLE = 50;
export const AUCTIONS_PER_CYCLE = 3;

const S = SEGMENT_EVENTS;

/** Where the columns of a segment are. */
const AT = {
  time: 64,
  expires: 64 + 8 * S,
  kind: 64 + 16 * S,
  id: 64 + 20 * S,
  party: 64 + 24 * S,
  price: 64 + 28 * S,
  reserve: 64 + 32 * S,
  category: 64 + 36 * S,
  channel: 64 + 40 * S,
  isOther: 64 + 44 * S,
  offsets: 64 + 48 * S,
  heap: 64 + 72 * S + 48,
} as const;

/** Entry i of a list of texts is bytes[offsets[i]] to bytes[offsets[i + 1]]. */
export type Texts = { readonly offsets: Int32Array; readonly bytes: Uint8Array };

export type CorpusHeader = {
  readonly seed: number;
  readonly events: number;
  readonly segments: number;
  /** Events per second of event time. */
  readonly rate: number;
  readonly baseTimeMs: number;
};

/** The columns of a segment, in place. */
export type Segment = {
  /** Events, persons, auctions, bids, bytes of the heap. */
  readonly counts: Uint32Array;
  readonly time: Float64Array;
  readonly expires: Float64Array;
  readonly kind: Int32Array;
  readonly id: Int32Array;
  readonly party: Int32Array;
  readonly price: Int32Array;
  readonly reserve: Int32Array;
  readonly category: Int32Array;
  readonly channel: Int32Array;
  /** Four arrays in one: not a person, not an auction, not a bid, a person. */
  readonly isOther: Uint8Array;
  /** Of each text, S + 2 numbers. */
  readonly offsets: readonly Int32Array[];
  readonly heap: Uint8Array;
};

/** How often a corpus is read, where a query takes no seconds for one time. */
export type Passes = {
  readonly passes: number;
  /**
   * Whether ids and times of a pass go on where those of the one before ended: then they lie in memory that is used again for
   * the next segment. Or each pass has the same events, which is enough for queries of single events.
   */
  readonly goesOn: boolean;
};

const ONCE: Passes = { passes: 1, goesOn: false };

/** As it is read; `events` and `segments` are those of all passes. */
export type Corpus = CorpusHeader & {
  readonly bytes: ArrayBufferLike;
  readonly read: Passes;
  readonly channelNames: Texts;
  readonly channelUrls: Texts;
  segment(index: number): Segment;
  /** Events in the segments in front of one. */
  eventsBefore(index: number): number;
};

/** Bytes of a segment whose texts take so many. */
export function segmentBytes(heapBytes: number): number {
  return AT.heap + align8(heapBytes);
}

export function align8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** The columns of the segment that begins at a byte, with a heap of so many bytes. */
export function segmentAt(buffer: ArrayBufferLike, at: number, heapBytes: number): Segment {
  const floats = (column: number) => new Float64Array(buffer, at + column, S);
  const ints = (column: number) => new Int32Array(buffer, at + column, S);
  return {
    counts: new Uint32Array(buffer, at, 5),
    time: floats(AT.time),
    expires: floats(AT.expires),
    kind: ints(AT.kind),
    id: ints(AT.id),
    party: ints(AT.party),
    price: ints(AT.price),
    reserve: ints(AT.reserve),
    category: ints(AT.category),
    channel: ints(AT.channel),
    isOther: new Uint8Array(buffer, at + AT.isOther, 4 * S),
    offsets: Array.from(
      { length: TEXTS },
      (_, text) => new Int32Array(buffer, at + AT.offsets + text * 4 * (S + 2), S + 2),
    ),
    heap: new Uint8Array(buffer, at + AT.heap, heapBytes),
  };
}

/** The bytes of the header, and of the channels behind it, of a corpus whose segments begin at the places given. */
export function corpusHead(
  { seed, events, segments, rate, baseTimeMs }: CorpusHeader,
  names: Texts,
  urls: Texts,
): Uint8Array {
  const parts = [names.offsets, urls.offsets, names.bytes, urls.bytes];
  const bytes = parts.reduce((sum, part) => sum + align8(part.byteLength), HEADER_BYTES);
  const head = new Uint8Array(bytes);
  const view = new DataView(head.buffer);
  head.set(Buffer.from(MAGIC, 'latin1'));
  const words = [VERSION, seed, events, S, segments, rate];
  words.forEach((word, i) => {
    view.setUint32(8 + 4 * i, word, true);
  });
  view.setFloat64(32, baseTimeMs, true);
  view.setUint32(40, names.offsets.length - 1, true);
  view.setUint32(44, names.bytes.length, true);
  view.setUint32(48, urls.bytes.length, true);
  view.setFloat64(56, HEADER_BYTES, true);
  let at = HEADER_BYTES;
  for (const part of parts) {
    head.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += align8(part.byteLength);
  }
  return head;
}

/** Sets what is known when all segments have been written. */
export function finishHead(head: Uint8Array, directoryAt: number, fileBytes: number): void {
  const view = new DataView(head.buffer);
  view.setFloat64(64, directoryAt, true);
  view.setFloat64(72, fileBytes, true);
}

/** A corpus in memory, read in place so many times. EngineError INPUT_MALFORMED for other bytes. */
export function openCorpus(buffer: ArrayBufferLike, read: Passes = ONCE): Corpus {
  const view = new DataView(buffer, 0, Math.min(buffer.byteLength, HEADER_BYTES));
  const isCorpus =
    view.byteLength === HEADER_BYTES &&
    Buffer.from(buffer, 0, 8).toString('latin1') === MAGIC &&
    view.getUint32(8, true) === VERSION &&
    view.getUint32(20, true) === S &&
    view.getFloat64(72, true) === buffer.byteLength;
  if (!isCorpus) {
    throw new EngineError('INPUT_MALFORMED', 'this is no whole Nexmark corpus: make it anew');
  }
  const events = view.getUint32(16, true);
  const segments = view.getUint32(24, true);
  const directory = new Float64Array(buffer, view.getFloat64(64, true), segments + 1);
  const [channelNames, channelUrls] = channelsOf(buffer, view);
  const rate = view.getUint32(28, true);
  const { passes, goesOn } = read;
  if (goesOn && events % CYCLE !== 0) {
    throw new EngineError('CONFIG_INVALID', `ids go on behind a multiple of ${CYCLE} events`);
  }
  const moves = goesOn ? new Moves(events, Math.floor((events * 1000) / rate)) : null;
  const found: Segment[] = [];
  const segmentOf = (index: number): Segment => {
    const at = directory[index]!;
    found[index] ??= segmentAt(buffer, at, new Uint32Array(buffer, at, 5)[4]!);
    return found[index];
  };
  return {
    bytes: buffer,
    read,
    seed: view.getUint32(12, true),
    events: events * passes,
    segments: segments * passes,
    rate,
    baseTimeMs: view.getFloat64(32, true),
    channelNames,
    channelUrls,
    segment(index) {
      const segment = segmentOf(index % segments);
      if (moves === null) return segment;
      return new MovedSegment(segment, Math.floor(index / segments), moves);
    },
    eventsBefore: (index) => Math.floor(index / segments) * events + (index % segments) * S,
  };
}

/** How ids and times go on from pass to pass, and memory for those of a segment. */
class Moves {
  readonly persons: number;
  readonly auctions: number;
  readonly ms: number;
  readonly id = new Int32Array(S);
  readonly party = new Int32Array(S);
  readonly time = new Float64Array(S);
  readonly expires = new Float64Array(S);

  /** Of a pass with so many events, which last so long. */
  constructor(events: number, ms: number) {
    this.persons = events / CYCLE;
    this.auctions = this.persons * AUCTIONS_PER_CYCLE;
    this.ms = ms;
  }
}

/** A segment with the ids and times of a pass: those that somebody reads. */
class MovedSegment implements Segment {
  readonly counts: Uint32Array;
  readonly kind: Int32Array;
  readonly price: Int32Array;
  readonly reserve: Int32Array;
  readonly category: Int32Array;
  readonly channel: Int32Array;
  readonly isOther: Uint8Array;
  readonly offsets: readonly Int32Array[];
  readonly heap: Uint8Array;
  readonly #of: Segment;
  readonly #pass: number;
  readonly #moves: Moves;
  #id: Int32Array | null = null;
  #party: Int32Array | null = null;
  #time: Float64Array | null = null;
  #expires: Float64Array | null = null;

  constructor(of: Segment, pass: number, moves: Moves) {
    this.counts = of.counts;
    this.kind = of.kind;
    this.price = of.price;
    this.reserve = of.reserve;
    this.category = of.category;
    this.channel = of.channel;
    this.isOther = of.isOther;
    this.offsets = of.offsets;
    this.heap = of.heap;
    this.#of = of;
    this.#pass = pass;
    this.#moves = moves;
  }

  get id(): Int32Array {
    const { id, persons, auctions } = this.#moves;
    this.#id ??= movedIds(id, this.#of, this.#pass * persons, this.#pass * auctions);
    return this.#id;
  }

  get party(): Int32Array {
    const { party, persons } = this.#moves;
    this.#party ??= movedInts(party, this.#of.party, this.#pass * persons);
    return this.#party;
  }

  get time(): Float64Array {
    const { time, ms } = this.#moves;
    this.#time ??= movedFloats(time, this.#of.time, this.#pass * ms);
    return this.#time;
  }

  get expires(): Float64Array {
    const { expires, ms } = this.#moves;
    this.#expires ??= movedFloats(expires, this.#of.expires, this.#pass * ms);
    return this.#expires;
  }
}

/** All rows of a segment, by four, as the engine's own loops are; the peer's compiler does the like by itself. */
function movedIds(
  to: Int32Array,
  { id, kind }: Segment,
  persons: number,
  auctions: number,
): Int32Array {
  for (let i = 0; i < S; i += 4) {
    const a = id[i]! + (kind[i] === PERSON ? persons : auctions);
    const b = id[i + 1]! + (kind[i + 1] === PERSON ? persons : auctions);
    const c = id[i + 2]! + (kind[i + 2] === PERSON ? persons : auctions);
    const d = id[i + 3]! + (kind[i + 3] === PERSON ? persons : auctions);
    to[i] = a;
    to[i + 1] = b;
    to[i + 2] = c;
    to[i + 3] = d;
  }
  return to;
}

function movedInts(to: Int32Array, from: Int32Array, by: number): Int32Array {
  for (let i = 0; i < S; i += 4) {
    const a = from[i]! + by;
    const b = from[i + 1]! + by;
    const c = from[i + 2]! + by;
    const d = from[i + 3]! + by;
    to[i] = a;
    to[i + 1] = b;
    to[i + 2] = c;
    to[i + 3] = d;
  }
  return to;
}

/** As movedInts: a loop for both would be slow for both. */
function movedFloats(to: Float64Array, from: Float64Array, by: number): Float64Array {
  for (let i = 0; i < S; i += 4) {
    const a = from[i]! + by;
    const b = from[i + 1]! + by;
    const c = from[i + 2]! + by;
    const d = from[i + 3]! + by;
    to[i] = a;
    to[i + 1] = b;
    to[i + 2] = c;
    to[i + 3] = d;
  }
  return to;
}

function channelsOf(buffer: ArrayBufferLike, header: DataView): [Texts, Texts] {
  const offsetCount = header.getUint32(40, true) + 1;
  const nameBytes = header.getUint32(44, true);
  const urlBytes = header.getUint32(48, true);
  const namesAt = header.getFloat64(56, true);
  const urlsAt = namesAt + align8(4 * offsetCount);
  const bytesAt = urlsAt + align8(4 * offsetCount);
  return [
    {
      offsets: new Int32Array(buffer, namesAt, offsetCount),
      bytes: new Uint8Array(buffer, bytesAt, nameBytes),
    },
    {
      offsets: new Int32Array(buffer, urlsAt, offsetCount),
      bytes: new Uint8Array(buffer, bytesAt + align8(nameBytes), urlBytes),
    },
  ];
}
