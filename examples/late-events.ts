/**
 * Late events: a window fires when the watermark has passed its end, again for what comes within the lateness that is
 * allowed, and what is later still goes to a side output. A harness moves the watermark by hand to show it.
 *
 *   watermark 60000: 1 click
 *   late, within 30 s: 2 clicks
 *   too late: the click at 50000
 */
import { type Stream, sideOutput, tumbling } from 'millrace';
import { harness } from 'millrace/testing';

type Click = { readonly page: string; readonly time: number };

const tooLate = sideOutput<Click>('too late');

/** What a job would do with its clicks; a function of a stream can be tested without the job. */
function clicksByMinute(clicks: Stream<Click>) {
  return clicks
    .keyBy('page')
    .window(tumbling('1 min'))
    .allowedLateness('30 s')
    .lateTo(tooLate)
    .aggregate(({ count }) => ({ clicks: count() }));
}

const h = await harness(clicksByMinute);
const click = (time: number) => h.push({ page: '/', time }, time);

click(10_000);
h.watermark(60_000);
for (const { clicks } of h.takeRecords()) console.log(`watermark 60000: ${clicks} click`);

click(20_000);
for (const { clicks } of h.takeRecords()) console.log(`late, within 30 s: ${clicks} clicks`);

h.watermark(90_000);
click(50_000);
for (const element of h.take(tooLate)) {
  if ('record' in element) console.log(`too late: the click at ${element.record.time}`);
}
