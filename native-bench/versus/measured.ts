/**
 * A source and a sink that measure the job between them: from the mean of the moments at which the subtasks of the source
 * pass the end of their warm-up, to the end of the last sink. The peer's programs measure the same.
 *
 *   thread          reader passes the warm-up → marks of this thread     writer ends → its rows, and the marks
 *   calling thread  commit: all marks and all ends → `measured`
 */
import {
  type Batch,
  generate,
  type PlainData,
  type Sink,
  type Source,
  type SplitReader,
} from 'millrace';
import { amountOf, Event, hashOf, keyOf, timeEnds, timeOf } from './shape.ts';

export type Measurement = {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly results: number;
  /** Of all rows in whatever order; 0 where they are only counted. */
  readonly checksum: number;
};

/** Filled in the calling thread, when the job is complete. */
export let measured: Measurement | null = null;

/** A moment of the whole process. */
type Mark = { readonly ms: number; readonly cpuMs: number };

/** What a sink writer hands over. */
type End = {
  /** By the split, which a thread has whose sinks all hand it over. */
  readonly starts: Readonly<Record<string, Mark>>;
  readonly end: Mark;
  readonly rows: number;
  readonly checksum: number;
};

/** Of the readers in this thread. */
const starts: Record<string, Mark> = {};

function mark(): Mark {
  const { user, system } = process.cpuUsage();
  return { ms: performance.timeOrigin + performance.now(), cpuMs: (user + system) / 1000 };
}

export type Load = {
  /** Of several sources of a job, each has its own. */
  readonly name: string;
  readonly records: number;
  /** The clock starts behind so many of them. */
  readonly warmup: number;
  readonly keys: number;
  readonly perMs: number;
};

/** The records of shape.ts. */
export function events({ name, records, warmup, keys, perMs }: Load): Source<{
  key: number;
  value: number;
  time: number;
}> {
  const source = generate({
    schema: Event,
    count: records,
    fill({ key, value, time }, from, rowCount) {
      for (let n = 0; n < rowCount; n++) {
        const i = from + n;
        key[n] = keyOf(i, keys);
        value[n] = amountOf(i);
      }
      for (let n = 0; n < rowCount; ) {
        const end = Math.min(rowCount, timeEnds(from + n, perMs) - from);
        time.fill(timeOf(from + n, perMs), n, end);
        n = end;
      }
    },
  });
  return {
    ...source,
    createReader(split, position, context) {
      const reader = source.createReader(split, position, context);
      return new MarkingReader(reader, `${name}, ${split.id}`, warmup / records);
    },
  };
}

class MarkingReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #reader: SplitReader;
  readonly #split: string;
  readonly #warmup: number;
  #isTimed = false;

  /** `warmup` is a share of the split. */
  constructor(reader: SplitReader, split: string, warmup: number) {
    this.#reader = reader;
    this.#split = split;
    this.#warmup = warmup;
  }

  poll() {
    if (!this.#isTimed && this.progress() >= this.#warmup) {
      this.#isTimed = true;
      starts[this.#split] = mark();
    }
    return this.#reader.poll();
  }

  position(): PlainData {
    return this.#reader.position();
  }

  progress(): number {
    return this.#reader.progress();
  }

  close(): void {
    this.#reader.close();
  }
}

/** Takes everything and keeps nothing but the number of rows, and the sum of their hashes where they are verified. */
export function counting(isVerified: boolean): Sink {
  return {
    name: 'counting',
    descriptor: null,
    createWriter: () => {
      let rows = 0;
      let checksum = 0;
      return {
        isBusy: false,
        write(batch: Batch) {
          rows += batch.rowCount;
          if (isVerified) checksum = (checksum + checksumOf(batch)) >>> 0;
        },
        preCommit(isEnd): readonly PlainData[] {
          return isEnd ? [{ starts, end: mark(), rows, checksum }] : [];
        },
        close() {},
      };
    },
    async commit(committables) {
      const ends = committables as unknown as readonly End[];
      if (ends.length > 0) measured = measurementOf(ends);
    },
  };
}

function checksumOf(batch: Batch): number {
  let checksum = 0;
  for (const row of batch.rowObjects()) {
    checksum = (checksum + hashOf(row as Readonly<Record<string, number>>)) >>> 0;
  }
  return checksum;
}

function measurementOf(ends: readonly End[]): Measurement {
  const marks = Object.values(Object.assign({}, ...ends.map((end) => end.starts)) as End['starts']);
  const mean = (field: keyof Mark): number =>
    marks.reduce((sum, start) => sum + start[field], 0) / marks.length;
  const last = (field: keyof Mark): number => Math.max(...ends.map(({ end }) => end[field]));
  return {
    seconds: (last('ms') - mean('ms')) / 1000,
    cpuSeconds: (last('cpuMs') - mean('cpuMs')) / 1000,
    results: ends.reduce((sum, { rows }) => sum + rows, 0),
    checksum: ends.reduce((sum, end) => (sum + end.checksum) >>> 0, 0),
  };
}
