/**
 * The events of Nexmark, as the generator of its Flink edition makes them, but seeded, from a fixed time on, and by one
 * generator: in the order of their ids, of which each 50 are a person, three auctions and 46 bids.
 *
 * Kept on purpose: the first id is 2, so that person 1000 and auction 1000 do not exist; bidders are shifted by 1000
 * twice; the letters of `extra` lie between H and z, a backslash among them; the channel id of one URL is negative.
 */
import {
  AUCTION,
  AUCTIONS_PER_CYCLE,
  BID,
  type CorpusHeader,
  CYCLE,
  FIRST_EVENT_ID,
  PERSON,
  SEGMENT_EVENTS,
  type Segment,
  segmentAt,
  segmentBytes,
  TEXTS,
  type Texts,
} from './corpus-format.ts';
import { Draws } from './draws.ts';
import { priceTable } from './prices.ts';
import { TextHeap, textsOf } from './text-heap.ts';

/** 2015-07-15, midnight UTC. */
export const BASE_TIME_MS = 1436918400000;

const FIRST_PERSON = 1000;
const FIRST_AUCTION = 1000;
const FIRST_CATEGORY = 10;
const CATEGORIES = 5;
/** People and auctions that may be named before they exist. */
const LEAD = 10;
const ACTIVE_PEOPLE = 1000;
const OPEN_AUCTIONS = 100;
const HOT_GROUP = 100;
/** One choice in so many is not the hot one. */
const HOT_AUCTION_RATIO = 2;
const HOT_PERSON_RATIO = 4;
/** Auctions last up to twice the time of so many events. */
const AUCTION_EVENTS = Math.floor((OPEN_AUCTIONS * CYCLE) / AUCTIONS_PER_CYCLE);

const PERSON_BYTES = 200;
const AUCTION_BYTES = 500;
const BID_BYTES = 100;

const FIRST_NAMES = 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' ');
const LAST_NAMES = 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' ');
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CITIES =
  'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(',');

const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'];
const CACHED_CHANNELS = 10_000;

/** Draws that belong to no event. */
const DRAWS_OF_LETTERS = -1;
const DRAWS_OF_CHANNELS = -2;

/** Random text of which `extra` is cut. */
const LETTERS_BYTES = 1 << 20;

/** Makes the events of a corpus, a segment at a time, in any order. */
export class Generator {
  readonly channelNames: Texts;
  readonly channelUrls: Texts;
  readonly #header: CorpusHeader;
  readonly #draws = new Draws();
  readonly #prices = priceTable();
  readonly #letters: Uint8Array;
  readonly #heaps = Array.from({ length: TEXTS }, () => new TextHeap());

  constructor(header: CorpusHeader) {
    this.#header = header;
    this.#draws.begin(header.seed, DRAWS_OF_LETTERS);
    this.#letters = letters(this.#draws);
    this.#draws.begin(header.seed, DRAWS_OF_CHANNELS);
    const cached = Array.from({ length: CACHED_CHANNELS }, (_, i) => i);
    this.channelNames = textsOf([...HOT_CHANNELS, ...cached.map((i) => `channel-${i}`)]);
    this.channelUrls = textsOf([
      ...HOT_CHANNELS.map(() => drawnUrl(this.#draws)),
      ...cached.map((i) => cachedUrl(this.#draws, i)),
    ]);
  }

  /** The bytes of a segment. */
  segment(index: number): Uint8Array {
    const first = index * SEGMENT_EVENTS;
    const rows = Math.min(SEGMENT_EVENTS, this.#header.events - first);
    const columns = segmentAt(new ArrayBuffer(segmentBytes(0)), 0, 0);
    for (const heap of this.#heaps) heap.clear();
    for (let row = 0; row < rows; row++) this.#event(columns, row, first + row);
    return this.#sealed(columns, rows);
  }

  #event(columns: Segment, row: number, event: number): void {
    const id = event + FIRST_EVENT_ID;
    const offset = id % CYCLE;
    this.#draws.begin(this.#header.seed, id);
    columns.time[row] = this.#timeOf(event);
    if (offset === 0) this.#person(columns, row, id);
    else if (offset <= AUCTIONS_PER_CYCLE) this.#auction(columns, row, event, id);
    else this.#bid(columns, row, id);
    for (let text = 0; text < TEXTS; text++) {
      columns.offsets[text]![row + 1] = this.#heaps[text]!.end;
    }
  }

  /** Events are evenly spread over time; the one with number 0 is already one step behind the base time. */
  #timeOf(event: number): number {
    const { rate, baseTimeMs } = this.#header;
    return baseTimeMs + Math.floor(Math.trunc((event + 1) * (1e6 / rate)) / 1000);
  }

  #person(columns: Segment, row: number, id: number): void {
    const draws = this.#draws;
    const [name, email, card, city, state, extra] = this.#heaps as Six<TextHeap>;
    const starts = this.#heaps.map((heap) => heap.end);
    columns.kind[row] = PERSON;
    columns.id[row] = FIRST_PERSON + lastPerson(id);
    name.append(`${draws.pick(FIRST_NAMES)} ${draws.pick(LAST_NAMES)}`);
    email.appendDrawn(draws, 7);
    email.append('@');
    email.appendDrawn(draws, 5);
    email.append('.com');
    card.append(Array.from({ length: 4 }, () => fourDigits(draws)).join(' '));
    city.append(draws.pick(CITIES));
    state.append(draws.pick(STATES));
    const counted = this.#heaps.reduce((sum, heap, text) => sum + heap.end - starts[text]!, 8);
    this.#extra(extra, counted, PERSON_BYTES);
  }

  #auction(columns: Segment, row: number, event: number, id: number): void {
    const draws = this.#draws;
    const [name, description, , , , extra] = this.#heaps as Six<TextHeap>;
    const start = name.end + description.end;
    const isHot = draws.below(HOT_PERSON_RATIO) > 0;
    const seller = isHot ? hotPerson(id) : this.#somePerson(id);
    columns.kind[row] = AUCTION;
    columns.id[row] = FIRST_AUCTION + lastAuction(id);
    columns.party[row] = FIRST_PERSON + seller;
    columns.category[row] = FIRST_CATEGORY + draws.below(CATEGORIES);
    columns.price[row] = this.#price();
    const lastsMs = this.#timeOf(event + AUCTION_EVENTS) - columns.time[row]!;
    columns.expires[row] = columns.time[row]! + 1 + draws.below(Math.max(2 * lastsMs, 1));
    name.appendDrawn(draws, 20);
    description.appendDrawn(draws, 100);
    columns.reserve[row] = columns.price[row]! + this.#price();
    this.#extra(extra, 48 + name.end + description.end - start, AUCTION_BYTES);
  }

  #bid(columns: Segment, row: number, id: number): void {
    const draws = this.#draws;
    columns.kind[row] = BID;
    const isHotAuction = draws.below(HOT_AUCTION_RATIO) > 0;
    const auction = isHotAuction ? hotOf(lastAuction(id)) : this.#someAuction(id);
    columns.id[row] = FIRST_AUCTION + auction;
    const isHotBidder = draws.below(HOT_PERSON_RATIO) > 0;
    const bidder = isHotBidder ? hotPerson(id) + 1 : this.#somePerson(id);
    columns.party[row] = 2 * FIRST_PERSON + bidder;
    columns.price[row] = this.#price();
    const isHotChannel = draws.below(2) > 0;
    columns.channel[row] = isHotChannel
      ? draws.below(HOT_CHANNELS.length)
      : HOT_CHANNELS.length + draws.below(CACHED_CHANNELS);
    this.#extra(this.#heaps[5]!, 32, BID_BYTES);
  }

  /** One that is active, or about to come. */
  #somePerson(id: number): number {
    const people = lastPerson(id) + 1;
    const active = Math.min(people, ACTIVE_PEOPLE);
    return people - active + this.#draws.below(active + LEAD);
  }

  #someAuction(id: number): number {
    const last = lastAuction(id);
    const first = Math.max(last - OPEN_AUCTIONS, 0);
    return first + this.#draws.below(last - first + 1 + LEAD);
  }

  #price(): number {
    const draw = this.#draws.int();
    const low = this.#prices[draw >>> 16]!;
    const high = this.#prices[(draw >>> 16) + 1]!;
    return Math.round(low + ((high - low) * (draw & 0xffff)) / 65536);
  }

  /** Fills an event up to about its size. */
  #extra(heap: TextHeap, counted: number, target: number): void {
    const missing = target - counted;
    if (missing <= 0) return;
    const spread = Math.round(0.2 * missing);
    const length = missing - spread + this.#draws.below(2 * spread);
    heap.copy(this.#letters, this.#draws.below(LETTERS_BYTES - length), length);
  }

  #sealed(columns: Segment, rows: number): Uint8Array {
    const heapBytes = this.#heaps.reduce((sum, heap) => sum + heap.end, 0);
    const bytes = new Uint8Array(segmentBytes(heapBytes));
    bytes.set(new Uint8Array(columns.time.buffer));
    const sealed = segmentAt(bytes.buffer, 0, heapBytes);
    let at = 0;
    for (let text = 0; text < TEXTS; text++) {
      const heap = this.#heaps[text]!;
      const offsets = sealed.offsets[text]!;
      sealed.heap.set(heap.bytes.subarray(0, heap.end), at);
      for (let row = 0; row <= rows; row++) offsets[row]! += at;
      at += heap.end;
      offsets.fill(at, rows + 1, SEGMENT_EVENTS + 1);
    }
    const { isOther, kind } = sealed;
    for (let row = 0; row < rows; row++) {
      for (const of of [PERSON, AUCTION, BID]) {
        isOther[of * SEGMENT_EVENTS + row] = kind[row] === of ? 0 : 1;
      }
      isOther[3 * SEGMENT_EVENTS + row] = kind[row] === PERSON ? 1 : 0;
    }
    const of = (wanted: number): number =>
      kind.subarray(0, rows).reduce((sum, k) => sum + (k === wanted ? 1 : 0), 0);
    sealed.counts.set([rows, of(PERSON), of(AUCTION), of(BID), heapBytes]);
    return bytes;
  }
}

type Six<T> = [T, T, T, T, T, T];

/** Number of the newest person when the event with this id is made. */
function lastPerson(id: number): number {
  return Math.floor(id / CYCLE);
}

/** The same for auctions. */
function lastAuction(id: number): number {
  const cycle = Math.floor(id / CYCLE);
  const offset = id % CYCLE;
  if (offset === 0) return cycle * AUCTIONS_PER_CYCLE - 1;
  return cycle * AUCTIONS_PER_CYCLE + Math.min(offset, AUCTIONS_PER_CYCLE) - 1;
}

function hotOf(last: number): number {
  return Math.floor(last / HOT_GROUP) * HOT_GROUP;
}

function hotPerson(id: number): number {
  return hotOf(lastPerson(id));
}

function fourDigits(draws: Draws): string {
  return String(draws.below(10_000)).padStart(4, '0');
}

/** Six letters for each number drawn: above `a` by what is left of it, which is below `a` where the number is negative. */
function letters(draws: Draws): Uint8Array {
  const bytes = new Uint8Array(LETTERS_BYTES);
  for (let at = 0; at < LETTERS_BYTES; ) {
    let number = draws.int();
    for (let n = 0; n < 6 && at < LETTERS_BYTES; n++) {
      bytes[at++] = 97 + (number % 26);
      number = Math.trunc(number / 26);
    }
  }
  return bytes;
}

function drawnUrl(draws: Draws): string {
  const heap = new TextHeap();
  heap.append('https://www.nexmark.com/');
  for (let part = 0; part < 3; part++) {
    heap.appendDrawn(draws, 5, '_');
    heap.append('/');
  }
  heap.append('item.htm?query=1');
  return heap.toString();
}

function cachedUrl(draws: Draws, i: number): string {
  const url = drawnUrl(draws);
  return draws.below(10) > 0 ? `${url}&channel_id=${channelId(i)}` : url;
}

/** The bits of the number in reverse, without its sign; -2^31 has no counterpart and stays. */
function channelId(i: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed |= ((i >>> bit) & 1) << (31 - bit);
  return reversed === -2147483648 ? reversed : Math.abs(reversed);
}
