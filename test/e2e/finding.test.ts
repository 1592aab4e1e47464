/** Splits that come while a job runs, in real threads and processes: each is read once, though the process is killed in the middle. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inFolder } from '../connector/read-all.ts';
import { jobFile, startMillrace } from './command-line.ts';
import { finding } from './jobs/finding.ts';
import { numbersIn, waitUntil } from './number-files.ts';

const PART_ROWS = 300;
const WAITS_MAX = 6000;

/** Gives a part its name when it is complete. */
function arrive(folder: string, part: number): void {
  const rows = Array.from({ length: PART_ROWS }, (_, n) => `${part * PART_ROWS + n}\n`);
  const path = `${folder}/parts/${part}`;
  writeFileSync(`${path}.tmp`, rows.join(''));
  renameSync(`${path}.tmp`, path);
}

const until = (isSo: () => boolean, what: string): Promise<void> =>
  waitUntil(isSo, what, WAITS_MAX);

function checkParts(folder: string, parts: number): void {
  assert.deepEqual(
    numbersIn(folder).sort((a, b) => a - b),
    Array.from({ length: parts * PART_ROWS }, (_, n) => n),
  );
}

test('parts that come before, between and behind kills are each read once', async () => {
  await inFolder(async (folder) => {
    mkdirSync(`${folder}/parts`);
    let parts = 2;
    for (let part = 0; part < parts; part++) arrive(folder, part);
    for (const [threads, parallelism] of [
      [2, 3],
      [1, 2],
    ]) {
      // Whatever the process before has come to when it was killed: there is something to read.
      arrive(folder, parts++);
      const before = numbersIn(folder).length;
      const running = startMillrace(
        ...['run', jobFile('finding'), '--no-progress', '--threads', threads!],
        ...['--parallelism', parallelism!],
        ...['--checkpoint-dir', `${folder}/state`, '--checkpoint-every', '30ms'],
        ...['--param', `folder=${folder}`, '--param', 'rate=2000'],
      );
      await until(() => numbersIn(folder).length > before, 'rows are committed');
      arrive(folder, parts++);
      const few = before + PART_ROWS;
      await until(() => numbersIn(folder).length > few, 'and more of them');
      arrive(folder, parts++);
      running.process.kill('SIGKILL');
      await running.ended;
    }
    const checkpoints = { dir: `${folder}/state`, every: '30 ms' } as const;
    const params = { folder };
    const client = await finding.start({ threads: 2, parallelism: 2, checkpoints, params });
    await until(() => numbersIn(folder).length >= parts * PART_ROWS, 'what was left is there');
    arrive(folder, parts++);
    await until(() => numbersIn(folder).length >= parts * PART_ROWS, 'the next is there');
    await client.stop();
    checkParts(folder, parts);
    // All have been read: over a stop, and by another number of subtasks, none is read again.
    arrive(folder, parts++);
    const again = await finding.start({ threads: 0, parallelism: 1, checkpoints, params });
    await until(() => numbersIn(folder).length >= parts * PART_ROWS, 'the last is there');
    await sleep(100);
    await again.stop();
    checkParts(folder, parts);
  });
});

test('a savepoint remembers what was read, and a drained job ends', async () => {
  await inFolder(async (folder) => {
    mkdirSync(`${folder}/parts`);
    arrive(folder, 0);
    const params = { folder };
    const client = await finding.start({ threads: 1, params });
    await until(() => client.status().records >= PART_ROWS, 'the first part is read');
    arrive(folder, 1);
    await until(() => client.status().records >= 2 * PART_ROWS, 'the second part is read');
    await client.stop({ savepoint: `${folder}/savepoint` });
    arrive(folder, 2);
    const restoreFrom = `${folder}/savepoint`;
    const again = await finding.start({ threads: 2, parallelism: 3, params, restoreFrom });
    await until(() => again.status().records >= PART_ROWS, 'the third part is read');
    const result = await again.stop({ drain: true });
    assert.equal(result.state, 'finished');
    checkParts(folder, 3);
  });
});

test('while parts cannot be listed the job goes on, with a warning', async () => {
  await inFolder(async (folder) => {
    mkdirSync(`${folder}/parts`);
    arrive(folder, 0);
    const warnings: string[] = [];
    const nothing = (): void => {};
    const warn = (_: object, message: string): void => void warnings.push(message);
    const log = { debug: nothing, info: nothing, warn, error: nothing };
    const client = await finding.start({ threads: 1, params: { folder }, log });
    const isClosed = (): boolean => warnings.some((text) => text.includes('the folder is closed'));
    await until(() => client.status().records >= PART_ROWS, 'the first part is read');
    writeFileSync(`${folder}/closed`, '');
    arrive(folder, 1);
    await until(isClosed, 'it is told');
    rmSync(`${folder}/closed`);
    await until(() => client.status().records >= 2 * PART_ROWS, 'the second part is read');
    await client.stop({ drain: true });
    checkParts(folder, 2);
  });
});

test('an attempt that fails is followed by one that knows what was found', async () => {
  await inFolder(async (folder) => {
    mkdirSync(`${folder}/parts`);
    arrive(folder, 0);
    const client = await finding.start({
      threads: 2,
      parallelism: 2,
      params: { folder, failAt: 2 * PART_ROWS - 50 },
      checkpoints: { dir: `${folder}/state`, every: '10 ms' },
      restart: { strategy: 'fixedDelay', attempts: 1, delay: '1 ms' },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    await until(() => numbersIn(folder).length >= PART_ROWS, 'the first part is there');
    arrive(folder, 1);
    await until(() => existsSync(`${folder}/failed`), 'it has failed in the second part');
    arrive(folder, 2);
    await until(() => numbersIn(folder).length >= 3 * PART_ROWS, 'all parts are there');
    await client.stop();
    checkParts(folder, 3);
  });
});

test('a list that makes no sense fails the job while it runs', async () => {
  await inFolder(async (folder) => {
    mkdirSync(`${folder}/parts`);
    arrive(folder, 0);
    const client = await finding.start({ threads: 1, params: { folder } });
    await until(() => client.status().records >= PART_ROWS, 'the first part is read');
    writeFileSync(`${folder}/twice`, '');
    await assert.rejects(client.result(), { code: 'JOB_DEFINITION', message: /ids of their own/ });
  });
});
