/**
 * The package as others get it: packed, installed into an empty folder, and run there on every Node that is supported,
 * by the tools that people use, and checked by the compilers that they have.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
/** For bundles that run where no package is installed. */
const elsewhere = mkdtempSync(join(tmpdir(), 'millrace-bundle-'));
after(() => {
  rmSync(folder, { recursive: true });
  rmSync(elsewhere, { recursive: true });
});

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
  for (const name of ['job.ts', 'main.ts', 'self-run.ts']) {
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

function bundle(...args: readonly string[]): void {
  run('npx', 'esbuild', '--bundle', '--platform=node', '--log-level=error', ...args);
}

test('a program bundled by esbuild, with packages left outside', () => {
  bundle('main.ts', '--format=esm', '--packages=external', '--outfile=out/main.mjs');
  assert.equal(run(process.execPath, 'out/main.mjs'), PRINTED);
});

test('a program bundled with the engine, in one file and in several', () => {
  bundle('main.ts', '--format=esm', `--outfile=${elsewhere}/main.mjs`);
  assert.equal(run(process.execPath, join(elsewhere, 'main.mjs')), PRINTED);
  const split = ['--format=esm', '--splitting', '--out-extension:.js=.mjs'];
  bundle('main.ts', 'job.ts', ...split, `--outdir=${elsewhere}/split`);
  assert.equal(run(process.execPath, join(elsewhere, 'split/main.mjs')), PRINTED);
});

for (const minify of [[], ['--minify'], ['--minify', '--sourcemap']]) {
  const how = minify.join(' ') || 'as it is';
  test(`a job that runs itself, bundled with the engine: ${how}`, () => {
    const file = join(elsewhere, 'self-run.mjs');
    bundle('self-run.ts', '--format=esm', ...minify, `--outfile=${file}`);
    const out = mkdtempSync(join(elsewhere, 'out-'));
    const [result, error, place] = run(process.execPath, file, out).split('\n');
    assert.equal(result, '714 50 4996');
    assert.match(error!, /^UserFunctionError USER_FUNCTION operator 'map' \(.*\): a bad row$/);
    assert.match(
      place!,
      minify.length === 2 ? /^ {4}at .*self-run\.ts:\d+:\d+$/ : /self-run\.mjs:\d+:\d+$/,
    );
    assert.equal(readdirSync(join(out, 'all')).length, 2);
    // The command line brings an engine of its own.
    const { stderr } = ended('npx', ['millrace', 'run', file, '-t', '2', '-p', `out=${out}/cli`]);
    assert.match(stderr, /^wide: finished in .*, 10,000 records$/m);
  });
}

test('a program bundled to CommonJS: with the engine it runs, without it says why not', () => {
  writeFileSync(
    join(folder, 'common.ts'),
    "import visits from './job.ts';\n" +
      'visits.collect({ threads: 2 }).then((rows) => console.log(rows.visits.length));\n',
  );
  bundle('common.ts', '--format=cjs', `--outfile=${elsewhere}/common.cjs`);
  assert.equal(run(process.execPath, join(elsewhere, 'common.cjs')), '2\n');
  bundle('common.ts', '--format=cjs', '--packages=external', '--outfile=out/common.cjs');
  const { stderr } = spawnSync(process.execPath, ['out/common.cjs'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.match(stderr, /EngineError: job 'visits': import\.meta\.url is empty, .*--format=esm/);
});

for (const compiler of ['typescript', 'typescript-7']) {
  test(`the types, checked whole by ${compiler}`, () => {
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    const more = ['--allowImportingTsExtensions', '--skipLibCheck', 'false', '--types', 'node'];
    const tsc = `node_modules/${compiler}/bin/tsc`;
    assert.equal(run(process.execPath, tsc, ...options, ...more, 'main.ts', 'job.ts'), '');
  });
}
