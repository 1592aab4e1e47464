/** From a path, folder or glob to files. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { openBytes } from '../../src/connector/file/file-bytes.ts';
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

await mkdir(join(folder, 'links'));
await mkdir(join(folder, 'odd'));
await writeFile(join(folder, 'odd/z.csv'), 'x');
await symlink(join(folder, 'nowhere'), join(folder, 'odd/readme'));
await symlink(join(folder, 'nowhere'), join(folder, 'links/broken.csv'));
await mkdir(join(folder, 'loop'));
await symlink('round.csv', join(folder, 'loop/round.csv'));
await mkdir(join(folder, 'linked'));
await symlink(join(folder, 'b.csv'), join(folder, 'linked/file.csv'));
await symlink(join(folder, 'deep'), join(folder, 'linked/folder'));

for (const [what, path, expected] of [
  ['a file, whatever its extension', 'c.jsonl', ['c.jsonl 7']],
  ['the files of a folder by name, without hidden ones and folders', '', ['a.csv 5', 'b.csv 5']],
  ['a glob', '*.csv', ['a.csv 5', 'b.csv 5', '_temporary.csv 14'].sort()],
  ['a glob over folders', '{deep,odd}/**/{d,e}.csv', ['deep/d.csv 10', 'deep/er/e.csv 13']],
  [
    'a glob over links',
    'linked/**/*.csv',
    ['linked/file.csv 5', 'linked/folder/d.csv 10', 'linked/folder/er/e.csv 13'],
  ],
  ['a broken link that no pattern matches', 'odd/*.csv', ['odd/z.csv 1']],
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
  ['a glob in a folder that is not there', 'nowhere/*.csv', /no file matches the pattern/],
  ['a broken link', 'links/broken.csv', /cannot read '.*broken\.csv': ENOENT/],
  ['a broken link in a folder', 'links', /cannot read '.*broken\.csv': ENOENT/],
  ['a broken link that a glob matches', 'l*nks/*.csv', /cannot read '.*broken\.csv': ENOENT/],
  ['a link to itself', 'loop/round.csv', /cannot read '.*round\.csv': ELOOP/],
  ['a link to itself in a folder', 'loop', /cannot read '.*round\.csv': ELOOP/],
  ['a link to itself that a glob matches', 'loop/r*.csv', /cannot read '.*round\.csv': ELOOP/],
  ['a folder that is a file', 'a.csv/b.csv', /cannot read '.*b\.csv': ENOTDIR/],
  ['a glob below a file', 'a.csv/*.csv', /cannot read '.*\*\.csv': ENOTDIR/],
] as const) {
  test(`${what} is INPUT_NOT_FOUND`, async () => {
    await assert.rejects(findFiles(join(folder, path), 'csv'), {
      code: 'INPUT_NOT_FOUND',
      message,
    });
  });
}

/** Runs as a user who may not read everything, where the one who runs the tests may. */
async function asNobody(run: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid!('nobody');
  try {
    await run();
  } finally {
    if (isRoot) process.seteuid!(0);
  }
}

for (const [what, path, closed] of [
  ['a file', 'closed/file.csv', 'closed/file.csv'],
  ['a folder', 'closed/inner', 'closed/inner'],
  ['a folder that a glob begins with', 'closed/inner/*.csv', 'closed/inner'],
  ['a folder that a glob comes through', 'closed/**/*.csv', 'closed/inner'],
  ['a file in a folder that may not be entered', 'closed/inner/b.csv', 'closed/inner'],
] as const) {
  test(`${what} without permission is INPUT_NOT_FOUND, no file the less`, async () => {
    await mkdir(join(folder, 'closed/inner'), { recursive: true });
    await writeFile(join(folder, 'closed/file.csv'), 'n\n1\n');
    await writeFile(join(folder, 'closed/inner/b.csv'), 'n\n2\n');
    await chmod(folder, 0o755);
    await chmod(join(folder, closed), 0o000);
    try {
      await asNobody(async () => {
        const read = async (): Promise<void> => {
          for (const file of await findFiles(join(folder, path), 'csv')) openBytes(file).close();
        };
        await assert.rejects(read(), { code: 'INPUT_NOT_FOUND', message: /cannot read '.*EACCES/ });
      });
    } finally {
      await chmod(join(folder, closed), 0o755);
    }
  });
}
