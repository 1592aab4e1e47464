/** `millrace init`: what it makes runs, passes its test and the compiler. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MAIN, millrace } from './command-line.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'millrace-init-'));
after(() => rm(folder, { recursive: true }));

const MADE = ['.gitignore', 'README.md', 'package.json', 'src', 'test', 'tsconfig.json'];

/** What a program has written on standard output. */
function output(cwd: string, args: readonly string[]): Promise<string> {
  // A test runner within this one must report to its caller, not to the one above.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd, env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${args.join(' ')}: ${stdout}${stderr}`));
    });
  });
}

test('the job runs, its test passes, its types are right', async () => {
  const project = join(folder, 'My Visits');
  const { code, stdout, stderr } = await millrace('init', project, '--yes');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /npm install && npm start && npm test/);
  assert.deepEqual((await readdir(project)).sort(), MADE);
  const { name, scripts, dependencies } = JSON.parse(
    await readFile(join(project, 'package.json'), 'utf8'),
  );
  assert.equal(name, 'my-visits');
  assert.equal(join(project, dependencies.millrace.slice('file:'.length), '/'), ROOT);

  // As npm install leaves it.
  await mkdir(join(project, 'node_modules'));
  await symlink(ROOT, join(project, 'node_modules', 'millrace'));
  await symlink(join(ROOT, 'node_modules/@types'), join(project, 'node_modules', '@types'));
  const words = (script: string): string[] => scripts[script].split(' ').slice(1);
  const [rows, tests] = await Promise.all([
    output(project, [MAIN, ...words('start'), '--threads', '1', '--no-progress']),
    output(project, words('test')),
    output(project, [join(ROOT, 'node_modules/typescript/bin/tsc')]),
  ]);
  const first = rows
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))[0];
  assert.deepEqual(Object.keys(first), ['page', 'windowStart', 'windowEnd', 'visits']);
  assert.match(tests, /^# pass 1$/m);
});

test('what comes next can be pasted into a shell, whatever the folder is called', async () => {
  const name = "b ad 'NAME!";
  const target = join(folder, name);
  const { stdout } = await millrace('init', target, '--yes', '--json');
  const { next } = JSON.parse(stdout) as { next: string };
  const [enter, ...rest] = next.split(' && ');
  assert.deepEqual(rest, ['npm install', 'npm start', 'npm test']);
  assert.equal(execFileSync('sh', ['-c', `${enter} && pwd`], { encoding: 'utf8' }), `${target}\n`);
});

test('a folder that is not empty is left alone; one with nothing but a repository is empty', async () => {
  const full = join(folder, 'full');
  await mkdir(full);
  await writeFile(join(full, 'notes.txt'), 'mine');
  const refused = await millrace('init', full);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^error OUTPUT_EXISTS: .*full is not empty \(notes\.txt\): give another/,
  );
  assert.deepEqual(await readdir(full), ['notes.txt']);
  await rm(join(full, 'notes.txt'));
  await mkdir(join(full, '.git'));
  assert.equal((await millrace('init', full)).code, 0);
  assert.deepEqual((await readdir(full)).sort(), ['.git', ...MADE]);
});
