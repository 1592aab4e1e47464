/** A watched folder in real threads and processes: each row of each file once, though the process is killed in the middle. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { inFolder } from '../connector/read-all.ts';
import { jobFile, startMillrace } from './command-line.ts';
import { copying } from './jobs/folder-watching.ts';
import { numbersIn, waitUntil } from './number-files.ts';

/** More than a reader gives at a time (BATCH_ROWS). */
const FILE_ROWS = 5000;
const WAITS_MAX = 3000;

/** Gives a file its name when it is complete. */
function arrive(folder: string, file: number): void {
  const rows = Array.from({ length: FILE_ROWS }, (_, n) => `${file * FILE_ROWS + n}\n`);
  const path = `${folder}/in/${file}.csv`;
  writeFileSync(`${path}.tmp`, `n\n${rows.join('')}`);
  renameSync(`${path}.tmp`, path);
}

const until = (isSo: () => boolean, what: string): Promise<void> =>
  waitUntil(isSo, what, WAITS_MAX);

test('files that come before, between and behind a crash are copied once', async () => {
  await inFolder(async (folder) => {
    mkdirSync(`${folder}/in`);
    for (let file = 0; file < 6; file++) arrive(folder, file);
    const running = startMillrace(
      ...['run', jobFile('folder-watching'), '--no-progress', '--threads', 2, '--parallelism', 3],
      ...['--checkpoint-dir', `${folder}/state`, '--checkpoint-every', '30ms'],
      ...['--param', `folder=${folder}`, '--param', 'isHeld=true'],
    );
    await until(() => numbersIn(folder).length > 0, 'rows are committed');
    running.process.kill('SIGKILL');
    await running.ended;
    const before = numbersIn(folder).length;
    assert.ok(before < 6 * FILE_ROWS, 'it was killed in the middle of files');
    arrive(folder, 6);
    const client = await copying.start({
      threads: 1,
      parallelism: 2,
      checkpoints: { dir: `${folder}/state`, every: '30 ms' },
      params: { folder },
    });
    await until(() => numbersIn(folder).length >= 7 * FILE_ROWS, 'all of seven files are there');
    arrive(folder, 7);
    await until(() => numbersIn(folder).length >= 8 * FILE_ROWS, 'the eighth is there');
    await client.cancel();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
    assert.deepEqual(
      numbersIn(folder).sort((a, b) => a - b),
      Array.from({ length: 8 * FILE_ROWS }, (_, n) => n),
    );
  });
});
