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
  SLOW_ROWS,
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
    const params = { history: writeHistory(folder), out: `${folder}/out` };
    const where = { dir: `${folder}/state` };
    // It stops long before the end of the stored rows, then within those that come.
    const stops: readonly [RunOptions, RunOptions['params'], number][] = [
      [{ threads: 2 }, { rate: 1000 }, 500],
      [{ threads: 1, parallelism: 3 }, { rate: 100_000, holdAt: COMING / 2 }, STORED],
    ];
    const read: number[] = [];
    for (const [place, pace, rows] of stops) {
      const held = { ...params, ...pace };
      const client = await visits.start({ ...place, params: held, checkpoints: where });
      while (client.status().records < rows) await sleep(5);
      await client.stop();
      read.push((await client.result()).operators[0]!.recordsOut);
    }
    const [first, second] = read as [number, number];
    assert.ok(first < STORED && first + second > STORED && first + second < STORED + COMING);
    const result = await visits.run({
      threads: 2,
      params,
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
    const params = { history: writeHistory(folder), out: `${folder}/out`, rate: 1000 };
    const where = { dir: `${folder}/state` };
    const client = await visits.start({ threads: 1, params, checkpoints: where });
    while (client.status().records < 500) await sleep(5);
    await client.stop();
    const shorter = { ...params, isAlone: true };
    await assert.rejects(visits.run({ threads: 1, params: shorter, checkpoints: where }), {
      code: 'STATE_INCOMPATIBLE',
      message:
        /'hybrid' \(uid clicks\) with connector hybrid of files, generate, and the step has connector files now/,
    });
  });
});

test('on threads a fast source stays within the drift of a slow one, and a batch', async () => {
  await inFolder(async (folder) => {
    // Subtasks deal the rows in turn: a batch of each is twice as long in event time.
    const batchMs = 2 * 4096;
    for (const isAligned of [true, false]) {
      const until = `${folder}/${isAligned}`;
      const params = { isAligned, holdAt: SLOW_ROWS / 2, until };
      const client = await together.start({ threads: 2, params });
      const rowsOf = (name: string): number =>
        client.status().operators.find((operator) => operator.name === name)!.recordsOut;
      while (rowsOf('slow') < SLOW_ROWS / 2) await sleep(5);
      // The slow one stands. Where the fast one need not wait for it, it comes to its end; else it comes to the drift, and stands too.
      const most = isAligned ? SLOW_ROWS / 2 + DRIFT_MS + batchMs : FAST_ROWS;
      const least = isAligned ? SLOW_ROWS / 2 : FAST_ROWS;
      while (rowsOf('fast') < least) await sleep(5);
      for (let before = -1; before < rowsOf('fast'); await sleep(100)) before = rowsOf('fast');
      assert.ok(rowsOf('fast') <= most, `${rowsOf('fast')}`);
      writeFileSync(until, '');
      const ends = new Map<string, number>();
      for await (const { source, rows } of client.outputs.ends) ends.set(source, rows);
      assert.deepEqual([ends.get('fast'), ends.get('slow')], [FAST_ROWS, SLOW_ROWS]);
      await client.result();
    }
  });
});
