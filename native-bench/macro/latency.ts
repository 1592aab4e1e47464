/**
 * Records at a steady rate, and the time from when something was due to its arrival at the sink: of each record through one
 * hash exchange, or of each result of windows by key.
 *
 * The source is open loop: record n is due at n / rate, whether or not the job keeps up, and bears that time; what a job that
 * stalls holds up counts in full. Latencies go into an HDR histogram of three digits, which the sink hands over at the end.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import {
  type Batch,
  BatchBuilder,
  job,
  monotonous,
  type PollResult,
  record,
  type Sink,
  type Source,
  sliding,
  t,
} from 'millrace';

const Event = record({ key: t.int32, dueUs: t.float64, time: t.timestamp });
const KEYS = 10_000;
const BATCH_MAX = 4096;
/** The source looks for due records this often. */
const LOOK_MS = 0.1;
/** Latencies beyond are counted as this: a minute. */
const LATENCY_US_MAX = 60_000_000;
/** What is compiled in the first half is left out. */
const WARM_UP_SHARE = 0.5;

const { timeOrigin } = performance;

/** Microseconds on a clock that all threads share. */
function nowUs(): number {
  return (timeOrigin + performance.now()) * 1000;
}

type Row = { key: number; dueUs: number; time: number };

/** Records from a moment on, for so many seconds; at rate 0 as many as the job takes, each due when it is made. */
function openLoop(perSecond: number, seconds: number): Source<Row> {
  const count = perSecond === 0 ? Infinity : perSecond * seconds;
  const gapUs = perSecond === 0 ? 0 : 1_000_000 / perSecond;
  return {
    name: 'open loop',
    descriptor: null,
    schema: Event,
    isBounded: true,
    assignment: 'spread',
    discoverSplits: async () => [{ id: 'all', weight: 1, detail: null }],
    createReader: (_split, _position, { clock }) => {
      const builder = new BatchBuilder(Event, BATCH_MAX);
      const keys = builder.fixed(0).values;
      const dues = builder.float64(1);
      const times = builder.float64(2);
      const startUs = nowUs();
      let sent = 0;
      return {
        get wakeAtMs() {
          return clock.now() + LOOK_MS;
        },
        poll(): PollResult {
          const elapsedUs = nowUs() - startUs;
          if (sent >= count || (gapUs === 0 && elapsedUs > seconds * 1e6)) return 'end';
          const due = Math.min(count, gapUs === 0 ? Infinity : Math.floor(elapsedUs / gapUs));
          const rows = Math.min(due - sent, BATCH_MAX);
          if (rows <= 0) return 'idle';
          builder.reset();
          for (let i = 0; i < rows; i++) {
            keys[i] = (sent + i) % KEYS;
            const dueUs = startUs + (gapUs === 0 ? elapsedUs : (sent + i) * gapUs);
            dues[i] = dueUs;
            times[i] = Math.floor(dueUs / 1000);
          }
          sent += rows;
          builder.advance(rows);
          return builder.seal();
        },
        position: () => null,
        progress: () => sent / count,
        close() {},
      };
    },
  };
}

type Due = {
  /** Of the values, in microseconds on the clock of `nowUs`. */
  readonly column: 'dueUs' | 'windowEnd';
  readonly warmUpSeconds: number;
};

/**
 * Behind the warm-up, which ends with something that is due. What comes before it is due is not counted: windows that the end of the
 * input has closed.
 */
export function arrivals({ column, warmUpSeconds }: Due): Sink {
  return {
    name: 'arrivals',
    descriptor: null,
    createWriter: () => {
      const histogram = newHistogram();
      let firstUs = Number.NaN;
      let isWarm = false;
      return {
        isBusy: false,
        write(batch: Batch) {
          const now = nowUs();
          const unit = column === 'dueUs' ? 1 : 1000;
          const values = valuesOf(batch, column);
          if (Number.isNaN(firstUs)) firstUs = values[0]! * unit;
          const dueUs = values[0]! * unit;
          if (!isWarm && dueUs <= now && dueUs - firstUs >= warmUpSeconds * 1e6) {
            histogram.reset();
            isWarm = true;
          }
          countArrivals(histogram, values, batch.rowCount, unit, now);
        },
        preCommit: (isEnd) => (isEnd ? [encodeIntoCompressedBase64(histogram)] : []),
        close() {},
      };
    },
    async commit(committables) {
      for (const text of committables as readonly string[]) {
        measured.add(decodeFromCompressedBase64(text));
      }
    },
  };
}

/**
 * Counts the latencies of `count` values that are due at `unit` microseconds each and have arrived at `nowUs`. Those of one value are
 * counted at once: one by one they would take longer than the job.
 */
export function countArrivals(
  histogram: Histogram,
  values: ArrayLike<number>,
  count: number,
  unit: number,
  nowUs: number,
): void {
  let latency = 1;
  let ofIt = 0;
  for (let i = 0; i < count; i++) {
    const dueUs = values[i]! * unit;
    if (nowUs < dueUs) continue;
    const next = Math.min(LATENCY_US_MAX, Math.max(1, Math.round(nowUs - dueUs)));
    if (next !== latency) {
      if (ofIt > 0) histogram.recordValueWithCount(latency, ofIt);
      latency = next;
      ofIt = 0;
    }
    ofIt++;
  }
  if (ofIt > 0) histogram.recordValueWithCount(latency, ofIt);
}

function valuesOf(batch: Batch, field: string): ArrayLike<number> {
  const column = batch.columns[batch.schema!.fields.findIndex(({ name }) => name === field)]!;
  if (column.kind === 'float64' || column.kind === 'timestamp')
    return column.values as Float64Array;
  throw new Error(`the batch has no numbers '${field}'`);
}

export function newHistogram(): Histogram {
  return build({ highestTrackableValue: LATENCY_US_MAX, numberOfSignificantValueDigits: 3 });
}

/** In microseconds; filled in the calling thread, when the job is complete. */
export const measured: Histogram = newHistogram();

export const latency = job(import.meta, 'latency', (flow) => {
  const seconds = flow.param('seconds', 10);
  flow
    .from(openLoop(flow.param('rate', 100_000), seconds), { parallelism: 1 })
    .partitionBy('key')
    .to(arrivals({ column: 'dueUs', warmUpSeconds: seconds * WARM_UP_SHARE }));
});

/** The time of a record is when it was due, so that a window is due when its end is. */
export const windowLatency = job(import.meta, 'window-latency', (flow) => {
  const seconds = flow.param('seconds', 10);
  flow
    .from(openLoop(flow.param('rate', 100_000), seconds), { parallelism: 1 })
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(sliding('10 s', '100 ms'))
    .aggregate(({ count }) => ({ count: count() }))
    .to(arrivals({ column: 'windowEnd', warmUpSeconds: seconds * WARM_UP_SHARE }));
});
