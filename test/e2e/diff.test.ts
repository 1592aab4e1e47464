/** `millrace diff` of two files, as text, as data, and by its exit code. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EXIT } from '../../src/cli/exit-codes.ts';
import type { JobDifference } from '../../src/graph/compare-jobs.ts';
import { millrace } from './command-line.ts';
import { versionText } from './versions.ts';

/** In the package, where job files find it by its name. */
const OUT = new URL('../../out/', import.meta.url).pathname;
await mkdir(OUT, { recursive: true });
const folder = await mkdtemp(join(OUT, 'diff-'));
after(() => rm(folder, { recursive: true }));

const file = (name: string): string => join(folder, name);
await Promise.all([
  writeFile(file('old.ts'), versionText()),
  writeFile(file('more.ts'), versionText({ states: ', last: value(t.int32)' })),
  writeFile(file('other.ts'), versionText({ countType: 't.string' })),
  writeFile(file('groups.ts'), versionText({ groups: 4096 })),
  writeFile(file('wrong.ts'), `${versionText()} const = 1;`),
]);

test('a version that goes on', async () => {
  const text = await millrace('diff', file('old.ts'), file('more.ts'));
  assert.deepEqual([text.code, text.stderr], [EXIT.done, '']);
  assert.match(text.stdout, /^counts: the new version goes on from the state of the old one\n/);
  assert.match(text.stdout, /^ {2}changed +counts: options, code\n +kept +count\n +added +last$/m);
  const same = await millrace('diff', file('old.ts'), file('old.ts'));
  assert.deepEqual([same.code, same.stdout], [EXIT.done, 'counts: no difference that shows\n']);
});

test('one that does not: why, what to do, and an exit code of its own', async () => {
  const [text, json] = await Promise.all([
    millrace('diff', file('old.ts'), file('other.ts')),
    millrace('diff', file('old.ts'), file('other.ts'), '--json'),
  ]);
  assert.equal(text.code, EXIT.incompatible);
  assert.match(
    text.stdout,
    /'counts' cannot read its state 'count': .* has float64, .* string now\n {2}go back/,
  );
  assert.equal(json.code, EXIT.incompatible);
  const { isCompatible, obstacles } = JSON.parse(json.stdout) as JobDifference;
  assert.deepEqual([isCompatible, obstacles.map(({ uid }) => uid)], [false, ['counts']]);
});

test('key groups of the job, where a step gets some of its own', async () => {
  const { code, stdout } = await millrace('diff', file('old.ts'), file('groups.ts'));
  assert.equal(code, EXIT.incompatible);
  assert.match(stdout, /state of 'counts' has 128 key groups, and its maxParallelism is 4096 now/);
});

test('a file that is none', async () => {
  const { code, stdout, stderr } = await millrace('diff', file('old.ts'), file('wrong.ts'));
  assert.deepEqual([code, stdout], [EXIT.failed, '']);
  assert.match(stderr, /^error: /);
});

test('the guide has the table of exit codes', async () => {
  const guide = await readFile(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const rows = [...guide.matchAll(/^\| (\d+) +\| (\w+): /gm)].map(([, code, name]) => [
    name,
    Number(code),
  ]);
  assert.deepEqual(Object.fromEntries(rows), EXIT);
});
