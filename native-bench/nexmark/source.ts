/**
 * The events of a corpus in shared memory, as columns in place: nothing is copied, made or decoded but ids and times of later passes,
 * where somebody reads them.
 *
 * Subtask g of p reads segments g, g + p, g + 2p, ..., so that all walk through event time side by side: the watermark
 * of all is that of the slowest, nothing is late, and windows close while the job runs. Within a subtask events come in the
 * order of their ids.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import {
  Batch,
  type Column,
  EngineError,
  FixedColumn,
  type PlainData,
  type PollResult,
  type Source,
  type SplitReader,
  type SplitReaderContext,
  StringColumn,
  StringEntries,
} from 'millrace';
import { type Corpus, openCorpus, SEGMENT_EVENTS, type Texts } from './corpus-format.ts';
import { Event } from './events.ts';
import { providedStopwatch } from './stopwatch.ts';

const KEY = 'nexmark corpus';

/** Gives the corpus to the jobs that this thread starts from now on, in all of their threads. */
export function provideCorpus(corpus: Corpus): void {
  const { bytes, read } = corpus;
  setEnvironmentData(KEY, { bytes, read } as never);
}

/** All events of the corpus that was provided, in the order of their ids. */
export function corpusEvents(): Source<Event> {
  return {
    name: 'corpus',
    descriptor: null,
    schema: Event,
    isBounded: true,
    assignment: 'spread',
    async discoverSplits(parallelism) {
      const { events } = providedCorpus();
      return Array.from({ length: parallelism }, (_, index) => ({
        id: `${index}/${parallelism}`,
        weight: events / parallelism,
        detail: { index, of: parallelism },
      }));
    },
    createReader: ({ detail }, position, { clock }) => {
      const share = detail as Share;
      const next = (position as number | null) ?? share.index;
      return new CorpusReader(providedCorpus(), share, next, clock);
    },
  };
}

function providedCorpus(): Corpus {
  const provided = getEnvironmentData(KEY) as Pick<Corpus, 'bytes' | 'read'> | undefined;
  if (provided === undefined) {
    throw new EngineError('INPUT_NOT_FOUND', 'no corpus was provided: call provideCorpus before');
  }
  return openCorpus(provided.bytes, provided.read);
}

/** Every `of`-th segment from number `index` on. */
type Share = { readonly index: number; readonly of: number };

/** How soon a reader looks again whether the others are there. */
const LOOK_AGAIN_MS = 1;

class CorpusReader implements SplitReader {
  readonly #corpus: Corpus;
  /** Also the number of readers. */
  readonly #step: number;
  readonly #clock: SplitReaderContext['clock'];
  readonly #channels: StringEntries;
  readonly #urls: StringEntries;
  readonly #stopwatch = providedStopwatch();
  /** The segment that comes next. */
  #next: number;

  constructor(corpus: Corpus, { of }: Share, next: number, clock: SplitReaderContext['clock']) {
    this.#corpus = corpus;
    this.#step = of;
    this.#channels = entriesOf(corpus.channelNames, corpus.channelNames.offsets.length - 1);
    this.#urls = entriesOf(corpus.channelUrls, corpus.channelUrls.offsets.length - 1);
    this.#next = next;
    this.#clock = clock;
    this.#stopwatch?.enter();
  }

  get wakeAtMs(): number {
    return this.#clock.now() + LOOK_AGAIN_MS;
  }

  /** Where it is measured, reading begins when all readers are there. */
  poll(): PollResult {
    if (this.#stopwatch?.hasEntered(this.#step) === false) return 'idle';
    if (this.#next >= this.#corpus.segments) return 'end';
    this.#stopwatch?.beforeSegment();
    const batch = this.#batch(this.#next);
    this.#next += this.#step;
    return batch;
  }

  #batch(index: number): Batch {
    const segment = this.#corpus.segment(index);
    const { heap, channel } = segment;
    const texts = segment.offsets.map(
      (offsets) => new StringColumn(entriesOf({ offsets, bytes: heap }, SEGMENT_EVENTS)),
    );
    const [text0, text1, creditCard, city, state, extra] = texts as [Column, ...Column[]];
    const ids = new FixedColumn('int32', () => segment.id);
    const parties = new FixedColumn('int32', () => segment.party);
    const prices = new FixedColumn('int32', segment.price);
    const columns = {
      kind: new FixedColumn('int32', segment.kind),
      time: new FixedColumn('timestamp', segment.time),
      person: ids,
      name: text0,
      email: text1,
      creditCard,
      city,
      state,
      auction: ids,
      itemName: text0,
      description: text1,
      initialBid: prices,
      reserve: new FixedColumn('int32', segment.reserve),
      expires: new FixedColumn('timestamp', () => segment.expires),
      seller: parties,
      category: new FixedColumn('int32', segment.category),
      bidder: parties,
      price: prices,
      channel: new StringColumn(this.#channels, channel),
      url: new StringColumn(this.#urls, channel),
      extra,
    } as Record<keyof Event, Column>;
    return new Batch({
      rowCount: segment.counts[0]!,
      schema: Event,
      columns: Object.values(columns),
      isTransient: this.#corpus.read.goesOn,
    });
  }

  position(): PlainData {
    return this.#next;
  }

  progress(): number {
    return Math.min(1, this.#next / this.#corpus.segments);
  }

  close(): void {}
}

/** Texts that are never written again, whoever keeps them. */
function entriesOf({ offsets, bytes }: Texts, count: number): StringEntries {
  return new StringEntries(count, offsets, bytes, false, true);
}
