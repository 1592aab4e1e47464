/** From a path, folder or glob to files. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { findFiles } from '../../src/connector/file/find-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-find-'));
after(() => rm(folder, { recursive: true }));
await mkdir(join(folder, 'deep/er'), { recursive: true });
await mkdir(join(folder, 'empty'));
await mkdir(join(folder, 'folder.csv'));
for (const name of [
  'b.csv',
  'a.csv',
  'c.jsonl',
  '.hidden.csv',
  '_temporary.csv',
  'deep/d.csv',
  'deep/er/e.csv',
]) {
  await writeFile(join(folder, name), 'x'.repeat(name.length));
}

for (const [what, path, expected] of [
  ['a file, whatever its extension', 'c.jsonl', ['c.jsonl 7']],
  ['the files of a folder by name, without hidden ones and folders', '', ['a.csv 5', 'b.csv 5']],
  ['a glob', '*.csv', ['a.csv 5', 'b.csv 5', '_temporary.csv 14'].sort()],
  ['a glob over folders', '**/{d,e}.csv', ['deep/d.csv 10', 'deep/er/e.csv 13']],
] as const) {
  test(`${what}: ${expected.length} files`, async () => {
    const found = await findFiles(join(folder, path), 'csv');
    assert.deepEqual(
      found.map((file) => `${relative(folder, file.path)} ${file.sizeBytes}`),
      expected,
    );
  });
}

for (const [what, path, message] of [
  ['a file that is not there', 'z.csv', /cannot read '.*z\.csv': ENOENT/],
  ['a folder without such files', 'empty', /the folder has no file \*\.csv/],
  ['a glob that nothing matches', 'z*.csv', /no file matches the pattern/],
] as const) {
  test(`${what} is INPUT_NOT_FOUND`, async () => {
    await assert.rejects(findFiles(join(folder, path), 'csv'), {
      code: 'INPUT_NOT_FOUND',
      message,
    });
  });
}
