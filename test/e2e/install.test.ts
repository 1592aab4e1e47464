/**
 * The package as others get it: packed, installed into an empty folder, and run there on every Node that is supported,
 * by the tools that people use, and checked by the compilers that they have.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TOOLS = [
  'tsx@4.23.15',
  'vitest@4.1.12',
  'esbuild@0.28.2',
  'typescript@5.9',
  'typescript-7@npm:typescript@7.0.2',
  '@types/node@20',
];

const folder = mkdtempSync(join(tmpdir(), 'millrace-install-'));
after(() => rmSync(folder, { recursive: true }));

/** What a program wrote on standard output, or there and on standard error. */
function run(program: string, ...args: readonly string[]): string {
  return ended(program, args).stdout;
}

function ended(program: string, args: readonly string[]): { stdout: string; stderr: string } {
  const result = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  assert.equal(result.status, 0, `${program} ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
}

const VITEST = `import { expect, test } from 'vitest';
import visits from './job.ts';

test('the job', async () => {
  const { visits: rows } = await visits.collect({ threads: 2 });
  expect(rows.length).toBe(2);
});
`;

before(() => {
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const tarball = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim();
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  run('npm', 'install', '--no-audit', '--no-fund', '--silent', `./${tarball}`, ...TOOLS);
  for (const name of ['job.ts', 'main.ts']) {
    copyFileSync(new URL(`install/${name}`, import.meta.url), join(folder, name));
  }
  writeFileSync(join(folder, 'job.test.ts'), VITEST);
});

const PRINTED = '/ 2, /a 1\n';
const FINISHED = /^visits: finished in .*, 3 records$/m;

test('the command line, on this Node', () => {
  const { stderr } = ended('npx', ['millrace', 'run', 'job.ts', '--threads', '2']);
  assert.match(stderr, FINISHED);
});

for (const version of ['24', '26']) {
  test(`a program in TypeScript on Node ${version}`, () => {
    assert.equal(run('npx', '-y', `node@${version}`, 'main.ts'), PRINTED);
  });

  test(`the command line on Node ${version}`, () => {
    const main = 'node_modules/millrace/dist/cli/main.js';
    const args = ['-y', `node@${version}`, main, 'run', 'job.ts', '--threads', '2'];
    assert.match(ended('npx', args).stderr, FINISHED);
  });
}

test('a program under tsx', () => {
  assert.equal(run('npx', 'tsx', 'main.ts'), PRINTED);
});

test('a test under vitest', () => {
  assert.match(run('npx', 'vitest', 'run'), /1 passed/);
});

test('a program bundled by esbuild, with packages left outside', () => {
  const options = ['--bundle', '--platform=node', '--format=esm', '--packages=external'];
  run('npx', 'esbuild', 'main.ts', ...options, '--outfile=out/main.mjs', '--log-level=error');
  assert.equal(run(process.execPath, 'out/main.mjs'), PRINTED);
});

for (const compiler of ['typescript', 'typescript-7']) {
  test(`the types, checked whole by ${compiler}`, () => {
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    const more = ['--allowImportingTsExtensions', '--skipLibCheck', 'false', '--types', 'node'];
    const tsc = `node_modules/${compiler}/bin/tsc`;
    assert.equal(run(process.execPath, tsc, ...options, ...more, 'main.ts', 'job.ts'), '');
  });
}
