/** Examples print what their header comment shows. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HOOKS = new URL('../../src/base/typescript-register.mjs', import.meta.url).href;

for (const name of ['http-server']) {
  test(`examples/${name}.ts`, () => {
    const file = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
    const header = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(file, 'utf8'))![1]!;
    const shown = [...header.matchAll(/^ \* {3}(.*)$/gm)].map(([, line]) => `${line}\n`).join('');
    const run = spawnSync(process.execPath, ['--import', HOOKS, file], { encoding: 'utf8' });
    assert.equal(run.stderr, '');
    assert.equal(run.stdout, shown);
  });
}
