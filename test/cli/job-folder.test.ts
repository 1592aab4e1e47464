/** The modules of a folder that is served: loaded side by side, told in order. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { JobFolder } from '../../src/cli/job-folder.ts';
import { ServedJobs } from '../../src/server/served-jobs.ts';
import { inFolder } from '../connector/read-all.ts';

const ENGINE = new URL('../../src/index.ts', import.meta.url).href;

function moduleOf(name: string, before = '', behind = ''): string {
  return [
    `import { blackhole, collection, job } from '${ENGINE}';`,
    before,
    `const it = job(import.meta, '${name}', (flow) => void flow.from(collection([1])).to(blackhole()));`,
    behind,
  ].join('\n');
}

test('modules are loaded side by side, also where they run their jobs, and are told in the order of their names', async () => {
  await inFolder(async (path) => {
    // Whoever comes first makes the promise.
    const last =
      'globalThis.last ??= (() => { const it = {}; it.loaded = new Promise((tell) => void (it.tell = tell)); return it; })();';
    const modules = {
      // Waits for the last one: loaded one after the other it would be given up.
      'a.mjs': moduleOf('a', `${last} await globalThis.last.loaded;`, 'await it.run();'),
      'b.mjs': 'throw new Error("broken b");',
      'c.mjs': moduleOf('c', '', 'await it.run();'),
      'd.mjs': 'throw new Error("broken d");',
      'e.mjs': moduleOf('e', `${last} globalThis.last.tell();`, 'await it.collect();'),
    };
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(path, name), text);
    const told: string[] = [];
    const folder = new JobFolder({
      folder: path,
      jobs: new ServedJobs(),
      optionsOf: () => ({}),
      tell: (event) => void told.push('module' in event ? event.module : event.event),
    });
    await folder.load();
    assert.deepEqual(
      folder.all().map(({ id, jobs }) => [id, ...jobs]),
      [['a.mjs', 'a'], ['b.mjs'], ['c.mjs', 'c'], ['d.mjs'], ['e.mjs', 'e']],
    );
    assert.deepEqual(told, ['b.mjs', 'd.mjs']);
  });
});
