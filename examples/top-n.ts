/**
 * The top two pages of each hour: first a count for each page and hour, then of all counts of an hour the largest.
 *
 *   00:00  1. /prices (3)
 *   00:00  2. / (2)
 *   01:00  1. / (2)
 *   01:00  2. /help (1)
 */
import { collection, job, monotonous, record, t, tumbling } from 'millrace';

const Click = record({ page: t.string, time: t.timestamp });
const Top = record({ hour: t.timestamp, place: t.int32, page: t.string, clicks: t.int32 });

const hour = 3_600_000;
const clicks = ['/', '/prices', '/prices', '/help', '/', '/prices']
  .map((page, i) => ({ page, time: i * 1000 }))
  .concat(['/', '/help', '/'].map((page, i) => ({ page, time: hour + i * 1000 })));

const top = job(import.meta, 'top', (flow) => {
  const counts = flow
    .from(collection(clicks, Click))
    .eventTime('time', monotonous())
    .keyBy('page')
    .window(tumbling('1 h'))
    .aggregate(({ count }) => ({ clicks: count() }));
  // A result has the time of its window, so it lies in the same window again.
  const top = counts.windowAll(tumbling('1 h')).process({
    emits: Top,
    onWindow({ windowStart, emit }, pages) {
      const sorted = pages.toSorted((a, b) => b.clicks - a.clicks || a.page.localeCompare(b.page));
      for (const [i, { page, clicks }] of sorted.slice(0, 2).entries()) {
        emit({ hour: windowStart, place: i + 1, page, clicks });
      }
    },
  });
  return { top };
});

for (const { hour, place, page, clicks } of (await top.collect({ threads: 0 })).top) {
  const at = new Date(hour).toISOString().slice(11, 16);
  console.log(`${at}  ${place}. ${page} (${clicks})`);
}
