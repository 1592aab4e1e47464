/** What threads keep of TypeScript that they have transformed, for the next ones. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inFolder } from '../connector/read-all.ts';

type Hooks = { load(url: string, context: object, next: () => never): Promise<Loaded> };
type Loaded = { readonly source: string };

/** Loads a module by hooks that keep what they make in a folder of their own. */
async function inCache(run: (load: () => Promise<string>, cache: string) => Promise<void>) {
  await inFolder(async (folder) => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = folder;
    try {
      const file = join(folder, 'job.ts');
      writeFileSync(file, 'export const n: number = 1;\n');
      const path = '../../src/base/typescript-hooks.mjs';
      const { load } = (await import(`${path}?${folder}`)) as Hooks;
      const never = (): never => assert.fail('TypeScript is loaded here');
      const uid = process.getuid?.() ?? 0;
      await run(
        async () => (await load(pathToFileURL(file).href, {}, never)).source,
        join(folder, `millrace-typescript-${uid}`),
      );
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
}

test('what is kept but not whole, as after a power failure, is made again', async () => {
  await inCache(async (load, cache) => {
    const made = await load();
    assert.match(made, /^const n = 1;/);
    const [name = ''] = readdirSync(cache);
    for (const bytes of [0, 5, made.length - 1]) {
      truncateSync(join(cache, name), bytes);
      assert.equal(await load(), made, `cut to ${bytes} bytes`);
    }
    assert.deepEqual(readdirSync(cache), [name]);
  });
});

test('what cannot be kept leaves nothing behind', async () => {
  await inCache(async (load, cache) => {
    const made = await load();
    const [name = ''] = readdirSync(cache);
    rmSync(join(cache, name));
    mkdirSync(join(cache, name));
    assert.equal(await load(), made);
    assert.deepEqual(readdirSync(cache), [name]);
  });
});
