/** Node's compile cache, where this Node has one: the command uses it, unless the user says not to. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { millrace } from './command-line.ts';

const HAS_CACHE = 'enableCompileCache' in nodeModule;
const JOB = 'native-bench/macro/small-job.mjs';
const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE, TMPDIR } = process.env;

/** While `TMPDIR` is another. */
const TEMPORARY = tmpdir();

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(TEMPORARY, 'millrace-compile-cache-'));
  setAll({ TMPDIR: folder });
});
after(() => setAll({ NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE, TMPDIR }));

/** For programs that are started from now on; those that are left out are not set. */
function setAll(variables: Record<string, string | undefined>): void {
  for (const name of ['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE', 'TMPDIR']) {
    const value = variables[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** What a run leaves in the folder for temporary files. */
async function leftBehind(): Promise<readonly string[]> {
  const { code, stderr } = await millrace('run', JOB, '--threads', 2);
  assert.equal(code, 0, stderr);
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return left;
}

test('what the command has loaded is kept for the next process', async () => {
  const left = await leftBehind();
  assert.equal(
    left.some((path) => path.startsWith('node-compile-cache')),
    HAS_CACHE,
    left.join(', '),
  );
});

test('nothing is kept where the user wants no cache', async () => {
  setAll({ TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' });
  assert.deepEqual(await leftBehind(), []);
});
