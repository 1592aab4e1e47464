/** Sources one after the other, through a restart and with other numbers of subtasks; sources that keep together on threads. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import {
  COMING,
  clickOf,
  DRIFT_MS,
  FAST_ROWS,
  inOrder,
  STORED,
  together,
  visits,
} from './jobs/stages.ts';

function writeHistory(folder: string): string {
  const lines = Array.from({ length: STORED }, (_, n) => Object.values(clickOf(n)).join(','));
  const half = lines.length / 2;
  for (const [name, part] of [
    ['a', lines.slice(0, half)],
    ['b', lines.slice(half)],
  ] as const) {
    writeFileSync(`${folder}/${name}.csv`, `n,page,at\n${part.join('\n')}\n`);
  }
  return `${folder}/*.csv`;
}

/** The lines that all windows have to have, sorted. */
function expectedLines(): string[] {
  const windows = new Map<string, { clicks: number; total: number }>();
  for (let n = 0; n < STORED + COMING; n++) {
    const { page, at } = clickOf(n);
    const start = at - (at % 1000);
    const key = `${page},${start},${start + 1000}`;
    const { clicks, total } = windows.get(key) ?? { clicks: 0, total: 0 };
    windows.set(key, { clicks: clicks + 1, total: total + n });
  }
  return [...windows].map(([key, { clicks, total }]) => `${key},${clicks},${total}`).sort();
}

function linesIn(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').trimEnd().split('\n'))
    .filter((line) => /^\d/.test(line))
    .sort();
}

test('sources one after the other give all rows of each, in their order', async () => {
  assert.deepEqual((await inOrder.collect({ threads: 0 })).read, [1, 2, 3]);
  const { read } = await inOrder.collect({ threads: 2 });
  assert.deepEqual(read.toSorted(), [1, 2, 3]);
});

test('a hybrid source goes on within each of its sources, with another number of subtasks', async () => {
  await inFolder(async (folder) => {
    const params = { history: writeHistory(folder), out: `${folder}/out`, rate: 40_000 };
    const where = { dir: `${folder}/state` };
    // It stops within the stored rows, then within those that come.
    const stops: readonly [RunOptions, number][] = [
      [{ threads: 2 }, STORED / 3],
      [{ threads: 1, parallelism: 3 }, STORED],
    ];
    const read: number[] = [];
    for (const [place, rows] of stops) {
      const client = await visits.start({ ...place, params, checkpoints: where });
      while (client.status().records < rows) await sleep(5);
      await client.stop();
      read.push((await client.result()).operators[0]!.recordsOut);
    }
    const [first, second] = read as [number, number];
    assert.ok(first < STORED && first + second > STORED && first + second < STORED + COMING);
    const result = await visits.run({
      threads: 2,
      params: { ...params, rate: 0 },
      checkpoints: where,
    });
    assert.equal(first + second + result.operators[0]!.recordsOut, STORED + COMING);
    assert.deepEqual(linesIn(`${folder}/out`), expectedLines());
  });
});

test('the last of a hybrid source may have no end', async () => {
  await inFolder(async (folder) => {
    const params = { history: writeHistory(folder), out: `${folder}/out`, isEndless: true };
    const client = await visits.start({ threads: 2, params: { ...params, rate: 100_000 } });
    while (client.status().records < STORED + 1000) await sleep(5);
    assert.equal(client.status().state, 'running');
    await client.cancel();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
  });
});

test('a checkpoint of another hybrid source is refused', async () => {
  await inFolder(async (folder) => {
    const params = { history: writeHistory(folder), out: `${folder}/out`, rate: 20_000 };
    const where = { dir: `${folder}/state` };
    const client = await visits.start({ threads: 1, params, checkpoints: where });
    while (client.status().records < 1000) await sleep(5);
    await client.stop();
    const shorter = { ...params, isAlone: true };
    await assert.rejects(visits.run({ threads: 1, params: shorter, checkpoints: where }), {
      code: 'STATE_INCOMPATIBLE',
      message: /^split '0:.*a\.csv#0' of '.*' is of none of its stages/,
    });
  });
});

test('on threads a fast source stays within the drift of a slow one, and a batch', async () => {
  const leadOf = async (isAligned: boolean): Promise<number> => {
    const { ends } = await together.collect({ threads: 2, params: { isAligned } });
    const fast = ends.find(({ source }) => source === 'fast')!;
    assert.equal(fast.rows, FAST_ROWS);
    return fast.lead;
  };
  // Subtasks deal the rows in turn: a batch of each is twice as long in event time.
  const batchMs = 2 * 4096;
  const held = await leadOf(true);
  assert.ok(held > 0 && held <= DRIFT_MS + batchMs, `${held}`);
  assert.ok((await leadOf(false)) > FAST_ROWS / 4);
});
