/** Examples print what their header comment shows, and the server among them is one that one could use. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HOOKS = new URL('../../src/base/typescript-register.mjs', import.meta.url).href;

function commandOf(name: string, ...args: readonly string[]): string[] {
  const file = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  return ['--import', HOOKS, file, ...args];
}

/** The main job, which has tests of its own, and the sink that it uses. */
const OTHERS = new Set(['flights', 'top-table']);
/** What examples that fail on purpose say of it. */
const WARNINGS: ReadonlyMap<string, RegExp> = new Map([
  ['exactly-once-files', /^\S+ millrace: job 'orders' failed and goes on in 10 ms: .* a bug$/m],
]);

const EXAMPLES = new URL('../../examples/', import.meta.url);
const names = readdirSync(EXAMPLES).map((file) => file.replace(/\.ts$/, ''));

for (const name of names.filter((one) => !OTHERS.has(one))) {
  test(`examples/${name}.ts`, () => {
    const file = new URL(`${name}.ts`, EXAMPLES);
    const header = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(file, 'utf8'))![1]!;
    const shown = [...header.matchAll(/^ \* {3}(.*)$/gm)].map(([, line]) => `${line}\n`).join('');
    const run = spawnSync(process.execPath, commandOf(name), { encoding: 'utf8' });
    assert.match(run.stderr, WARNINGS.get(name) ?? /^$/);
    assert.notEqual(shown, '');
    assert.equal(run.stdout, shown);
  });
}

/** The server on a free port, and where it is. */
async function serve(): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, commandOf('http-server', '0'), { stdio: 'pipe' });
  after(() => child.kill('SIGKILL'));
  let text = '';
  for await (const part of child.stdout!) {
    text += part;
    const [address] = /^http:\S+/.exec(text) ?? [];
    if (address !== undefined) return { child, address };
  }
  throw new Error(`the server ended without an address: ${text}`);
}

test('the server counts many requests at a time, and Ctrl-C lets what was counted come out', async () => {
  const { child, address } = await serve();
  const counts = await fetch(`${address}/counts`);
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => await (await fetch(`${address}/page`)).text()),
  );
  assert.ok(answers.every((answer) => answer === 'counted\n'));
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  const lines = (await counts.text()).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    Array.from({ length: 50 }, (_, n) => ({ page: '/page', hits: n + 1 })),
  );
  assert.deepEqual(await exit, [0, null]);
});

test('the server refuses a second reader, and goes on', async () => {
  const { child, address } = await serve();
  const counts = await fetch(`${address}/counts`);
  const second = await fetch(`${address}/counts`);
  assert.equal(second.status, 409);
  assert.equal(await second.text(), "output 'counts' is read already; it has one reader\n");
  await fetch(`${address}/`);
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  assert.equal(await counts.text(), '{"page":"/","hits":1}\n');
  assert.deepEqual(await exit, [0, null]);
});
