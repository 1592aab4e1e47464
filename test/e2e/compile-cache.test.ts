/** Node's compile cache, where this Node has one: the command and the threads of a program use it, unless the user says not to. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { millrace } from './command-line.ts';

const HAS_CACHE = 'enableCompileCache' in nodeModule;
const JOB = 'native-bench/macro/small-job.mjs';
const VARIABLES = [
  'NODE_COMPILE_CACHE',
  'NODE_DISABLE_COMPILE_CACHE',
  'NODE_V8_COVERAGE',
  'TMPDIR',
] as const;
const atFirst = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));

/** While `TMPDIR` is another. */
const TEMPORARY = tmpdir();

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(TEMPORARY, 'millrace-compile-cache-'));
  setAll({ TMPDIR: folder });
});
after(() => setAll(atFirst));

/** For programs that are started from now on; those that are left out are not set. */
function setAll(variables: Record<string, string | undefined>): void {
  for (const name of VARIABLES) {
    const value = variables[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** What a run leaves in the folder for temporary files. */
async function leftBehind(): Promise<readonly string[]> {
  const { code, stderr } = await millrace('run', JOB, '--threads', 2);
  assert.equal(code, 0, stderr);
  return emptied();
}

/** The same of a program that runs the job itself. */
async function leftByProgram(): Promise<readonly string[]> {
  await promisify(execFile)(process.execPath, [JOB]);
  return emptied();
}

function emptied(): readonly string[] {
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

test('what the threads of a program have loaded is kept', async () => {
  const left = await leftByProgram();
  assert.equal(
    left.some((path) => path.startsWith('node-compile-cache')),
    HAS_CACHE,
    left.join(', '),
  );
});

test('the threads of a program keep nothing where coverage is measured, or no cache is wanted', async () => {
  const coverage = mkdtempSync(join(TEMPORARY, 'millrace-coverage-'));
  setAll({ TMPDIR: folder, NODE_V8_COVERAGE: coverage });
  assert.deepEqual(await leftByProgram(), []);
  rmSync(coverage, { recursive: true });
  mkdirSync(folder);
  setAll({ TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' });
  assert.deepEqual(await leftByProgram(), []);
});

test('nothing is kept where the user wants no cache', async () => {
  setAll({ TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' });
  assert.deepEqual(await leftBehind(), []);
});
