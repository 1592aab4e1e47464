/** What is published: the program of the README, the doors of the package, its files, and its types. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { millrace } from './command-line.ts';

const ROOT = new URL('../../', import.meta.url);
const { exports, bin } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
  bin: Record<string, string>;
};
const README = readFileSync(new URL('README.md', ROOT), 'utf8');

/** Code blocks of a language in the README. */
function blocks(language: string): string[] {
  const found = README.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
  return [...found].map(([, code]) => code!);
}

test('the program of the README runs and prints what it counts', async () => {
  const [program] = blocks('ts');
  const folder = new URL('out/readme/', ROOT);
  mkdirSync(folder, { recursive: true });
  const file = new URL('visits.ts', folder);
  writeFileSync(file, program!);
  const run = await millrace('run', file.pathname, '--threads', 2);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(run.stdout.split('\n').sort(), [
    '',
    '{"page":"/","windowStart":0,"windowEnd":60000,"visits":2}',
    '{"page":"/a","windowStart":60000,"windowEnd":120000,"visits":1}',
  ]);
});

test('every door of the package leads to a file with its types', () => {
  for (const [door, target] of Object.entries(exports)) {
    for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
      assert.ok(existsSync(new URL(path, ROOT)), `${door}: ${path}`);
    }
  }
  for (const path of Object.values(bin)) {
    assert.match(readFileSync(new URL(path, ROOT), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  }
});

test('the package holds what it needs and nothing else', () => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
    }),
  ) as [{ files: { path: string }[] }];
  const paths = packed.files.map((file) => file.path);
  for (const needed of [
    'README.md',
    'LICENSE',
    'dist/index.js',
    'dist/base/typescript-hooks.mjs',
    'dist/base/test-runner-hooks.mjs',
    'dist/base/no-tests.mjs',
    'dist/base/pool-entry.cjs',
    'dist/dashboard/index.html',
    'dist/dashboard/index.html.gz',
    'dist/dashboard/licences.txt',
    'dist/licences.txt',
  ]) {
    assert.ok(paths.includes(needed), needed);
  }
  const dashboard =
    /^dist\/dashboard\/((index|icon)[\w-]*\.(html|js|css|svg)(\.gz)?|licences\.txt)$/;
  const others = /^(dist\/(.*\.([cm]?js|d\.m?ts)|licences\.txt)|package\.json|[A-Z]+(\.md)?)$/;
  assert.deepEqual(
    paths.filter((path) => !dashboard.test(path) && !others.test(path)),
    [],
  );
});

test('no type that a user sees is any', () => {
  const dist = new URL('dist/', ROOT);
  for (const path of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.d.ts')) continue;
    const code = readFileSync(new URL(path, dist), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    assert.doesNotMatch(code, /[:<(|&,=\s]any\b(?!')/, path);
  }
});

test('constants of the engine are constants in its bundle, those of libraries are left as they are', () => {
  const folder = new URL('dist/engine/', ROOT);
  const kinds = { 'const src': 0, 'var src': 0, 'const node_modules': 0 };
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    let of = '';
    for (const line of readFileSync(new URL(file, folder), 'utf8').split('\n')) {
      of = line.match(/^\/\/ (src|node_modules)\//)?.[1] ?? of;
      const kind = `${line.match(/^(var|const) [A-Z][A-Z0-9_]+ = /)?.[1]} ${of}`;
      if (kind in kinds) kinds[kind as keyof typeof kinds]++;
    }
  }
  const { 'const src': constants, ...others } = kinds;
  assert.ok(constants > 100, `${constants} constants`);
  assert.deepEqual(others, { 'var src': 0, 'const node_modules': 0 });
});
