/**
 * The package as others get it: packed, installed into an empty folder, and run there on every Node that is supported,
 * by the tools that people use, and checked by the compilers that they have.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
};
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

function ended(
  program: string,
  args: readonly string[],
  cwd: string = folder,
): { stdout: string; stderr: string } {
  // A test runner within this one must report to its caller, not to the one above.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const result = spawnSync(program, args, { cwd, encoding: 'utf8', env });
  assert.equal(result.status, 0, `${program} ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
}

/** What `npx` would start: npm itself takes as long as most of what is run here. */
const bin = (name: string): string => join(folder, 'node_modules/.bin', name);

/** The program of a version of Node, which npm fetches when it is new. */
function nodeOf(version: string): string {
  return run('npx', '-y', '--prefer-offline', `node@${version}`, '-p', 'process.execPath').trim();
}

/** A test of the user: with a job of another module, and one that it defines itself. */
function userTest(runner: string): string {
  return `import { test } from '${runner}';
import { collection, job } from 'millrace';
import visits from './job.ts';

const own = job(import.meta, 'own', (flow) => {
  const rows = flow.from(collection([{ n: 1 }, { n: 2 }]));
  return { rows: rows.map(({ n }) => ({ n: n + 1 })) };
});

for (const threads of [0, 2]) {
  test('with threads: ' + threads, async () => {
    const { visits: counts } = await visits.collect({ threads });
    const { rows } = await own.collect({ threads });
    const sum = rows.reduce((total, row) => total + row.n, 0);
    if (counts.length !== 2 || sum !== 5) throw new Error(counts.length + ' and ' + sum);
  });
}
`;
}

/** CommonJS has no await at top level. */
const COMMON_MAIN = `import visits from './job.ts';
visits.collect({ threads: 2 }).then((rows) => console.log(rows.visits.length));
`;

before(() => {
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const tarball = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim();
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent'];
  run('npm', ...install, `./${tarball}`, ...TOOLS);
  for (const name of ['job.ts', 'main.ts', 'self-run.ts']) {
    copyFileSync(new URL(`install/${name}`, import.meta.url), join(folder, name));
  }
  writeFileSync(join(folder, 'node.test.ts'), userTest('node:test'));
  writeFileSync(join(folder, 'vite.test.ts'), userTest('vitest'));
});

const PRINTED = '/ 2, /a 1\n';
const FINISHED = /^visits: finished in .*, 3 records$/m;
const PASSED = /^\S+ tests 2$[\s\S]*^\S+ pass 2$[\s\S]*^\S+ cancelled 0$/m;
const MAIN = 'node_modules/millrace/dist/cli/main.js';

test('the command line, on this Node', () => {
  const { stderr } = ended('npx', ['millrace', 'run', 'job.ts', '--threads', '2']);
  assert.match(stderr, FINISHED);
});

test('the command line tells its version and what it can do', () => {
  assert.equal(run(bin('millrace'), '--version'), `${version}\n`);
  assert.match(run(bin('millrace'), '--help'), /^ {2}run [\s\S]*^ {2}explain /m);
  assert.match(run(bin('millrace'), 'run', '--help'), /^Examples:\n {2}millrace run flights.ts$/m);
});

// The first that has hooks for modules, and those that strip types themselves.
for (const node of ['20.6.0', '24', '26']) {
  let program = '';
  before(() => {
    program = nodeOf(node);
  });

  test(`the command line on Node ${node}`, () => {
    const args = [MAIN, 'run', 'job.ts', '--threads', '2'];
    assert.match(ended(program, args).stderr, FINISHED);
  });

  if (node === '20.6.0') continue;
  test(`a program in TypeScript, and a test, on Node ${node}`, () => {
    const { stdout, stderr } = ended(program, ['main.ts']);
    assert.equal(stdout, PRINTED);
    assert.equal(stderr, '');
    assert.match(run(program, '--test', 'node.test.ts'), PASSED);
  });

  test(`Parquet by the Zstandard of Node ${node}`, () => {
    ended(program, ['--test', 'test/connector/parquet.test.ts'], ROOT);
  });
}

test('a program under tsx, and a test', () => {
  assert.equal(run(bin('tsx'), 'main.ts'), PRINTED);
  assert.equal(run(process.execPath, '--import', 'tsx', 'main.ts'), PRINTED);
  assert.match(run(bin('tsx'), '--test', 'node.test.ts'), PASSED);
});

test('a test under vitest', () => {
  // It gives a test five seconds, in which a machine that is busy may not have started threads.
  const patient = ['--testTimeout', '600000', '--hookTimeout', '600000'];
  assert.match(run(bin('vitest'), 'run', ...patient, 'vite.test.ts'), /Tests .*2 passed/);
});

test('a package of CommonJS', () => {
  const common = join(folder, 'common');
  mkdirSync(common);
  writeFileSync(join(common, 'package.json'), '{ "type": "commonjs" }');
  copyFileSync(join(folder, 'job.ts'), join(common, 'job.ts'));
  writeFileSync(join(common, 'main.ts'), COMMON_MAIN);
  assert.equal(run(bin('tsx'), 'common/main.ts'), '2\n');
  assert.match(ended(process.execPath, [MAIN, 'run', 'common/job.ts']).stderr, FINISHED);
  writeFileSync(
    join(common, 'required.js'),
    "const { EngineError } = require('millrace');\nconsole.log(EngineError.name);\n",
  );
  assert.equal(run(process.execPath, 'common/required.js'), 'EngineError\n');
});

function bundle(...args: readonly string[]): void {
  run(bin('esbuild'), '--bundle', '--platform=node', '--log-level=error', ...args);
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
    const { stderr } = ended(bin('millrace'), ['run', file, '-t', '2', '-p', `out=${out}/cli`]);
    assert.match(stderr, /^wide: finished in .*, 10,000 records$/m);
  });
}

test('a program bundled to CommonJS: with the engine it runs, without it says why not', () => {
  writeFileSync(join(folder, 'common.ts'), COMMON_MAIN);
  bundle('common.ts', '--format=cjs', `--outfile=${elsewhere}/common.cjs`);
  assert.equal(run(process.execPath, join(elsewhere, 'common.cjs')), '2\n');
  bundle('common.ts', '--format=cjs', '--packages=external', '--outfile=out/common.cjs');
  const { stderr } = spawnSync(process.execPath, ['out/common.cjs'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.match(stderr, /EngineError: job 'visits': import\.meta\.url is empty, .*--format=esm/);
});

const DOORS = `export * from 'millrace';
export { files } from 'millrace/connectors/files';
export { SpscQueue } from 'millrace/sharedarraybuffer-queue';
export { harness } from 'millrace/testing';
`;

const RESOLUTIONS = [
  ['--module', 'node16', '--target', 'es2022'],
  ['--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'esnext'],
];

for (const compiler of ['typescript', 'typescript-7']) {
  test(`the types, checked whole by ${compiler}`, () => {
    writeFileSync(join(folder, 'doors.ts'), DOORS);
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
    const whole = ['--skipLibCheck', 'false', '--types', 'node'];
    const options = ['--noEmit', '--allowImportingTsExtensions', ...strict, ...whole];
    const tsc = `node_modules/${compiler}/bin/tsc`;
    const modules = ['main.ts', 'job.ts', 'self-run.ts', 'doors.ts'];
    for (const resolution of RESOLUTIONS) {
      assert.equal(run(process.execPath, tsc, ...options, ...resolution, ...modules), '');
    }
  });
}
