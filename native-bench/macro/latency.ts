/**
 * Records at a steady rate through one hash exchange, and the time from when each was due to its arrival at the sink.
 *
 * The source is open loop: record n is due at n / rate, whether or not the job keeps up, and bears that time. Latencies
 * are counted by the microsecond; the sink hands its counts over at the end.
 */
import {
  type Batch,
  BatchBuilder,
  job,
  type PollResult,
  record,
  type Sink,
  type Source,
  t,
} from 'millrace';

const Event = record({ key: t.int32, dueUs: t.float64 });
const KEYS = 10_000;
const BATCH_MAX = 4096;
/** The source looks for due records this often. */
const LOOK_MS = 0.1;
/** Latencies beyond are counted as this. */
export const LATENCY_US_MAX = 1_000_000;

/** Microseconds on a clock that all threads share. */
function nowUs(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

/** Records from a moment on, for so many seconds. */
function openLoop(perSecond: number, seconds: number): Source<{ key: number; dueUs: number }> {
  const count = perSecond * seconds;
  const gapUs = 1_000_000 / perSecond;
  return {
    name: 'open loop',
    descriptor: null,
    schema: Event,
    isBounded: true,
    assignment: 'spread',
    discoverSplits: async () => [{ id: 'all', weight: count, detail: null }],
    createReader: (_split, _position, { clock }) => {
      const builder = new BatchBuilder(Event, BATCH_MAX);
      const keys = builder.fixed(0).values;
      const dues = builder.float64(1);
      const startUs = nowUs();
      let sent = 0;
      return {
        get wakeAtMs() {
          return clock.now() + LOOK_MS;
        },
        poll(): PollResult {
          if (sent >= count) return 'end';
          const due = Math.min(count, Math.floor((nowUs() - startUs) / gapUs));
          const rows = Math.min(due - sent, BATCH_MAX);
          if (rows <= 0) return 'idle';
          builder.reset();
          for (let i = 0; i < rows; i++) {
            keys[i] = (sent + i) % KEYS;
            dues[i] = startUs + (sent + i) * gapUs;
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

/** Counts by the microsecond, but for the records of the first seconds, in which V8 compiles. */
function latencies(skipped: number, report: (counts: Float64Array) => void): Sink {
  return {
    name: 'latencies',
    descriptor: null,
    createWriter: () => {
      const counts = new Float64Array(LATENCY_US_MAX + 1);
      let firstDue = Number.NaN;
      return {
        isBusy: false,
        write(batch: Batch) {
          const now = nowUs();
          const dues = batch.columns[1]!.kind === 'float64' ? batch.columns[1]!.values : [];
          if (Number.isNaN(firstDue)) firstDue = dues[0] as number;
          for (let i = 0; i < batch.rowCount; i++) {
            const due = dues[i] as number;
            if (due - firstDue < skipped * 1_000_000) continue;
            counts[Math.min(LATENCY_US_MAX, Math.max(0, Math.round(now - due)))]!++;
          }
        },
        preCommit: () => [[...counts.entries()].filter(([, count]) => count > 0)],
        close() {},
      };
    },
    async commit(committables) {
      const total = new Float64Array(LATENCY_US_MAX + 1);
      for (const entries of committables as unknown as [number, number][][]) {
        for (const [us, count] of entries) total[us]! += count;
      }
      report(total);
    },
  };
}

/** Filled in the calling thread, when the job is complete. */
export const measured: { counts: Float64Array } = { counts: new Float64Array(0) };

export const latency = job(import.meta, 'latency', (flow) => {
  const seconds = flow.param('seconds', 10);
  flow
    .from(openLoop(flow.param('rate', 100_000), seconds), { parallelism: 1 })
    .partitionCustom((key, subtasks) => key % subtasks, 'key')
    .to(
      latencies(Math.min(3, seconds / 2), (counts) => {
        measured.counts = counts;
      }),
    );
});
