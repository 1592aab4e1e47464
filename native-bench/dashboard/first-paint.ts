/** How long a person waits for the dashboard of a job that runs: from asking for the page until the job is on the screen. */
import { blackhole, generate, job, monotonous, record, t, tumbling } from 'millrace';
import { startBrowser } from './chromium.ts';

const LOADS = Number(process.argv[2]);
const Tick = record({ key: t.int32, at: t.timestamp });

export const ticks = job(import.meta, 'ticks', (flow) => {
  flow
    .from(
      generate({
        schema: Tick,
        count: 2_000_000_000,
        row: (n) => ({ key: n % 1000, at: n }),
      }),
      { rate: 100_000 },
    )
    .eventTime('at', monotonous())
    .keyBy('key')
    .window(tumbling('1 s'))
    .aggregate(({ count }) => ({ count: count() }))
    .to(blackhole());
});

/** The page marks the moment at which it has the job; the frame after that shows it. */
const WAIT = `addEventListener('DOMContentLoaded', () => {
  window.shown = new Promise((resolve) => {
    new PerformanceObserver((list) => {
      if (list.getEntriesByName('job-shown').length === 0) return;
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    }).observe({ type: 'mark', buffered: true });
  });
});`;

const client = await ticks.start({ threads: 2, port: 0 });
const browser = await startBrowser();
const times: number[] = [];
for (let load = 0; load < LOADS; load++) {
  // A profile of its own, so that nothing is in its cache.
  const context = await browser.newContext();
  await context.addInitScript(WAIT);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${client.port}/`);
  times.push(await page.evaluate<number>('window.shown'));
  await context.close();
}
await browser.close();
await client.cancel();
times.sort((a, b) => a - b);
console.log(JSON.stringify({ ms: times[times.length >> 1] }));
