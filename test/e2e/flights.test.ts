/** The main job over all three million flights, against a plain computation in one pass. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import flights from '../../examples/flights.ts';
import { inFolder } from '../connector/read-all.ts';

const FLIGHTS = 'node_modules/vega-datasets/data/flights-3m.parquet';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

class Figures {
  flights = 0;
  sum = 0;
  worst = -Infinity;
  best = Infinity;
  late = 0;

  add(delay: number): void {
    this.flights++;
    this.sum += delay;
    this.worst = Math.max(this.worst, delay);
    this.best = Math.min(this.best, delay);
    if (delay > 15) this.late++;
  }

  toString(): string {
    const { flights, sum, worst, best, late } = this;
    return [flights, sum / flights, worst, best, late / flights].join(',');
  }
}

function figuresAt(of: Map<string, Figures>, key: string): Figures {
  let figures = of.get(key);
  if (figures === undefined) {
    figures = new Figures();
    of.set(key, figures);
  }
  return figures;
}

async function plainComputation(): Promise<{ hourly: string[]; routes: string[] }> {
  const hourly = new Map<string, Figures>();
  const routes = new Map<string, Figures>();
  const file = await asyncBufferFromFile(FLIGHTS);
  const step = 500_000;
  for (let rowStart = 0; rowStart < 3_000_000; rowStart += step) {
    const rowEnd = rowStart + step;
    for (const row of await parquetReadObjects({ file, compressors, rowStart, rowEnd })) {
      const time = (row.date as Date).getTime();
      const delay = Number(row.delay);
      const hour = Math.floor(time / HOUR_MS) * HOUR_MS;
      figuresAt(hourly, `${row.origin},${hour},${hour + HOUR_MS}`).add(delay);
      const lastStart = Math.floor(time / DAY_MS) * DAY_MS;
      for (let start = lastStart; start > time - WEEK_MS; start -= DAY_MS) {
        const key = `${row.origin},${row.destination},${start},${start + WEEK_MS}`;
        figuresAt(routes, key).add(delay);
      }
    }
  }
  const lines = (of: Map<string, Figures>) => [...of].map(([key, figures]) => `${key},${figures}`);
  const isBad = ({ flights, sum }: Figures) => flights >= 20 && sum / flights > 20;
  const bad = [...routes].filter(([, figures]) => isBad(figures));
  return { hourly: lines(hourly).sort(), routes: lines(new Map(bad)).sort() };
}

/** Lines of all part files, without their headers. */
function linesIn(folder: string, header: string): string[] {
  const lines: string[] = [];
  for (const name of readdirSync(folder)) {
    const [first, ...rest] = readFileSync(`${folder}/${name}`, 'utf8').trimEnd().split('\n');
    assert.equal(first, header);
    for (const line of rest) lines.push(line);
  }
  return lines.sort();
}

test('every hour and every route of the flights job is that of a plain computation', async () => {
  await inFolder(async (out) => {
    await flights.run({ threads: 2, params: { input: FLIGHTS, out } });
    const figures = 'windowStart,windowEnd,flights,mean,worst,best,late';
    const hourly = linesIn(`${out}/hourly`, `origin,${figures}`);
    const routes = linesIn(`${out}/routes`, `origin,destination,${figures}`);
    const expected = await plainComputation();
    assert.equal(hourly.length, 424_259);
    // A comparison of whole arrays would print them.
    assert.equal(hourly.join('\n') === expected.hourly.join('\n'), true);
    assert.ok(routes.length > 0);
    assert.equal(routes.join('\n') === expected.routes.join('\n'), true);
  });
});
