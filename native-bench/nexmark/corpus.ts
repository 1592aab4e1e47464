/**
 * Makes corpora, as files of bytes (corpus-format.ts) and as JSON lines, and loads them into shared memory.
 *
 *   corpus.ts [--events n] [--folder folder]      writes both, unless they are there
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { positive } from '../options.ts';
import {
  AUCTION,
  BID,
  type Corpus,
  type CorpusHeader,
  corpusHead,
  finishHead,
  openCorpus,
  type Passes,
  PERSON,
  SEGMENT_EVENTS,
} from './corpus-format.ts';
import { BASE_TIME_MS, Generator } from './generator.ts';
import { textAt } from './text-heap.ts';

/** Where corpora are kept. */
export const CORPUS_FOLDER = join(tmpdir(), 'millrace-nexmark');

export const DEFAULT_SEED = 1;
/** Events per second of event time. */
export const DEFAULT_RATE = 100_000;

const READ_BYTES = 1 << 30;

export type CorpusOptions = {
  readonly events: number;
  readonly seed?: number;
  readonly rate?: number;
  readonly folder?: string;
};

/** The path of the corpus, which is made when it is not there. */
export function corpusFile(options: CorpusOptions): string {
  return makeFile(options, 'bin', writeCorpus);
}

/** The same as JSON lines: an event a line, with the fields of its kind. */
export function jsonLinesFile(options: CorpusOptions): string {
  return makeFile(options, 'jsonl', (fd) => writeJsonLines(fd, loadCorpus(corpusFile(options))));
}

function makeFile(
  options: CorpusOptions,
  extension: string,
  write: (fd: number, header: CorpusHeader) => void,
): string {
  const { events, seed = DEFAULT_SEED, rate = DEFAULT_RATE, folder = CORPUS_FOLDER } = options;
  const path = join(folder, `nexmark-${seed}-${events}-${rate}.${extension}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const segments = Math.ceil(events / SEGMENT_EVENTS);
  // Another process may be making it too.
  const unfinished = `${path}.${process.pid}`;
  const fd = openSync(unfinished, 'w');
  write(fd, { seed, events, segments, rate, baseTimeMs: BASE_TIME_MS });
  closeSync(fd);
  renameSync(unfinished, path);
  return path;
}

function writeCorpus(fd: number, header: CorpusHeader): void {
  const generator = new Generator(header);
  const head = corpusHead(header, generator.channelNames, generator.channelUrls);
  const directory = new Float64Array(header.segments + 1);
  let at = writeSync(fd, head);
  for (let index = 0; index < header.segments; index++) {
    directory[index] = at;
    at += writeSync(fd, generator.segment(index));
  }
  directory[header.segments] = at;
  writeSync(fd, directory);
  finishHead(head, at, at + directory.byteLength);
  writeSync(fd, head, 0, head.length, 0);
}

/** Reads a corpus into shared memory. */
export function loadCorpus(path: string, read?: Passes): Corpus {
  const fd = openSync(path, 'r');
  const { size } = fstatSync(fd);
  const buffer = new SharedArrayBuffer(size);
  for (let at = 0; at < size; ) {
    at += readSync(fd, new Uint8Array(buffer, at, Math.min(READ_BYTES, size - at)));
  }
  closeSync(fd);
  return openCorpus(buffer, read);
}

function writeJsonLines(fd: number, corpus: Corpus): void {
  for (let index = 0; index < corpus.segments; index++) {
    const lines: string[] = [];
    for (const event of eventsOf(corpus, index)) lines.push(`${JSON.stringify(event)}\n`);
    writeSync(fd, lines.join(''));
  }
}

export type Person = {
  readonly kind: typeof PERSON;
  readonly time: number;
  readonly person: number;
  readonly name: string;
  readonly email: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  readonly extra: string;
};

export type Auction = {
  readonly kind: typeof AUCTION;
  readonly time: number;
  readonly auction: number;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly extra: string;
};

export type Bid = {
  readonly kind: typeof BID;
  readonly time: number;
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly extra: string;
};

export type NexmarkEvent = Person | Auction | Bid;

/** The events of a segment, or of all, as objects, in the order of their ids. */
export function* eventsOf(corpus: Corpus, segment: number | null = null): Iterable<NexmarkEvent> {
  const from = segment ?? 0;
  const to = segment === null ? corpus.segments : segment + 1;
  for (let index = from; index < to; index++) {
    const columns = corpus.segment(index);
    const { counts, time, id, party, price, heap } = columns;
    const text = (t: number, row: number): string =>
      textAt({ offsets: columns.offsets[t]!, bytes: heap }, row);
    for (let row = 0; row < counts[0]!; row++) {
      const common = { time: time[row]!, extra: text(5, row) };
      if (columns.kind[row] === BID) {
        yield {
          kind: BID,
          auction: id[row]!,
          bidder: party[row]!,
          price: price[row]!,
          channel: textAt(corpus.channelNames, columns.channel[row]!),
          url: textAt(corpus.channelUrls, columns.channel[row]!),
          ...common,
        };
      } else if (columns.kind[row] === AUCTION) {
        yield {
          kind: AUCTION,
          auction: id[row]!,
          itemName: text(0, row),
          description: text(1, row),
          initialBid: price[row]!,
          reserve: columns.reserve[row]!,
          expires: columns.expires[row]!,
          seller: party[row]!,
          category: columns.category[row]!,
          ...common,
        };
      } else {
        yield {
          kind: PERSON,
          person: id[row]!,
          name: text(0, row),
          email: text(1, row),
          creditCard: text(2, row),
          city: text(3, row),
          state: text(4, row),
          ...common,
        };
      }
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  new Command('corpus.ts')
    .description('writes a corpus of Nexmark events, as a binary file and as JSON lines')
    .option('--folder <folder>', 'where to', CORPUS_FOLDER)
    .option('--events <count>', 'how many', positive, 1_000_000)
    .option('--seed <number>', 'of what is drawn', positive, DEFAULT_SEED)
    .option('--rate <count>', 'events a second of event time', positive, DEFAULT_RATE)
    .action((options: CorpusOptions) => {
      console.log(corpusFile(options));
      console.log(jsonLinesFile(options));
    })
    .parse();
}
