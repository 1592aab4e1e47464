/** `millrace snapshot export`: rows of a state to a reader that stops, a disk that is full, and files that were there before. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { MAIN, millrace, startMillrace } from './command-line.ts';
import { watched } from './jobs/watched.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-export-'));
after(() => rm(folder, { recursive: true }));

const SAVEPOINT = join(folder, 'savepoint');
const EXPORT = ['snapshot', 'export', SAVEPOINT, '--uid', 'totals', '--state'];

before(async () => {
  const client = await watched.start({ threads: 0 });
  while (client.status().records < 97) await new Promise(setImmediate);
  await client.savepoint(SAVEPOINT);
  await client.cancel();
});

test('a reader that has seen enough ends it, as head does', async () => {
  const { process, ended } = startMillrace(...EXPORT, 'total');
  process.stdout!.destroy();
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [EXIT.done, '']);
});

test('a disk that is full is told in a line', {
  skip: !existsSync('/dev/full'),
}, async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [MAIN, ...EXPORT, 'total'], {
    stdio: ['ignore', full, 'pipe'],
  });
  let stderr = '';
  child.stderr!.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, EXIT.failed);
  assert.match(stderr, /^error OUTPUT_FAILED: cannot write to standard output: ENOSPC.*\n$/);
});

test('a file that cannot be written to its end is told in a line, and the one before stays', {
  skip: process.platform === 'win32',
}, async () => {
  const out = join(folder, 'limited.jsonl');
  writeFileSync(out, 'before');
  // No file may have a byte; without the trap the process is ended.
  const limited = `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`;
  const command = [process.execPath, MAIN, ...EXPORT, 'total', '--out', out];
  const child = spawn('sh', ['-c', limited, ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, EXIT.failed);
  assert.match(stderr, /^error OUTPUT_FAILED: cannot write '.*limited\.jsonl': EFBIG.*\n$/);
  assert.equal(readFileSync(out, 'utf8'), 'before');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('a folder that is not there is told in a line', async () => {
  const { code, stderr } = await millrace(
    ...[...EXPORT, 'total', '--out', join(folder, 'none', 'total.jsonl')],
  );
  assert.equal(code, EXIT.failed);
  assert.match(stderr, /^error OUTPUT_FAILED: cannot write '.*total\.jsonl': ENOENT.*\n$/);
});

test('a file stays as it was where the state turns out to be damaged', async () => {
  const out = join(folder, 'before.jsonl');
  writeFileSync(out, 'before');
  const damaged = join(folder, 'damaged');
  cpSync(SAVEPOINT, damaged, { recursive: true });
  const file = join(damaged, readdirSync(damaged).find((name) => name.startsWith('state'))!);
  const bytes = readFileSync(file);
  for (let at = bytes.length >> 1; at < bytes.length; at++) bytes[at]! ^= 1;
  writeFileSync(file, bytes);
  const { code, stderr } = await millrace(...EXPORT.with(2, damaged), 'total', '--out', out);
  assert.equal(code, EXIT.failed);
  assert.match(stderr, /^error CHECKPOINT_DAMAGED/);
  assert.equal(readFileSync(out, 'utf8'), 'before');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
  );
  assert.equal((await millrace(...EXPORT, 'total', '--out', out)).code, EXIT.done);
  assert.match(readFileSync(out, 'utf8'), /^\{.*\}\n$/s);
});

test('a file stays as it was where there is no such state, and where its name says no format', async () => {
  const out = join(folder, 'kept.jsonl');
  writeFileSync(out, 'kept');
  const mistyped = await millrace(...EXPORT, 'totle', '--out', out);
  assert.equal(mistyped.code, EXIT.failed);
  assert.match(mistyped.stderr, /^error CHECKPOINT_NOT_FOUND: .* no state 'totle'/);
  assert.equal(readFileSync(out, 'utf8'), 'kept');

  const table = join(folder, 'total.csv');
  writeFileSync(table, 'kept');
  const other = await millrace(...EXPORT, 'total', '--out', table);
  assert.equal(other.code, EXIT.usage);
  assert.match(other.stderr, /^error CONFIG_INVALID: --out: .*total\.csv.*\.jsonl or \.parquet\n$/);
  assert.equal(readFileSync(table, 'utf8'), 'kept');
});
