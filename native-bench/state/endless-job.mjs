/**
 * A count and a sum for each of many keys, without an end. In JavaScript, as jobs are when they are shipped: how long Node 20
 * takes to make that of TypeScript is not what `recovery` measures.
 *
 *   --param keys=1000000      of each source
 *   --param marker=<file>     gets a line by each source with its first record: milliseconds since the process started
 *
 * Behind the first pass over all keys every hundredth key changes.
 */
import { appendFileSync } from 'node:fs';
import { generate, job, monotonous, record, t, tumbling } from 'millrace';

const CHANGED_EACH = 100;
const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });

/** Of the source in this thread: the longest since it was asked last. */
const gap = { sinceMs: Number.NaN, longestMs: 0 };
/** In the calling thread: of all sources, since it was taken. */
let longestMs = 0;

/** The longest time between two batches of a source that was told since it was asked last, in milliseconds. */
export function takeLongestGap() {
  const taken = longestMs;
  longestMs = 0;
  return taken;
}

/** Throws its rows away, and tells the longest gap of its thread with each checkpoint. */
const telling = {
  name: 'telling',
  descriptor: null,
  createWriter: () => ({
    isBusy: false,
    write() {},
    preCommit() {
      const ofThread = gap.longestMs;
      gap.longestMs = 0;
      return [ofThread];
    },
    close() {},
  }),
  async commit(committables) {
    longestMs = Math.max(longestMs, ...committables);
  },
};

export const endless = job(import.meta, 'endless', (flow) => {
  const keys = flow.param('keys', 1_000_000);
  const marker = flow.param('marker', '');
  let isFirst = marker !== '';
  let made = 0;
  flow
    .from(
      generate({
        schema: Event,
        count: 1e15,
        fill({ key, value, time }, from, rowCount) {
          if (isFirst) appendFileSync(marker, `${process.uptime() * 1000}\n`);
          isFirst = false;
          const now = performance.now();
          if (now - gap.sinceMs > gap.longestMs) gap.longestMs = now - gap.sinceMs;
          gap.sinceMs = now;
          for (let i = 0; i < rowCount; i++, made++) {
            key[i] = made < keys * 2 ? made % keys : (made * CHANGED_EACH) % keys;
            value[i] = (from + i) & 1023;
            time[i] = 0;
          }
        },
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling('1 d'))
    .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }))
    .uid('totals')
    .to(telling);
});
