/** A program that is bundled with the engine has no files of the dashboard, and says so; its API is the same. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FOLDER = new URL('../../out/dashboard/', import.meta.url);

const PROGRAM = `
import { blackhole, generate, job, record, t } from 'millrace';
const Tick = record({ n: t.int32 });
const ticks = job(import.meta, 'ticks', (flow) => {
  flow.from(generate({ schema: Tick, count: 1e9, row: (n) => ({ n }) }), { rate: 10 }).to(blackhole());
});
const client = await ticks.start({ threads: 0, port: 0 });
client.result().catch(() => {});
const statuses = [];
for (const path of ['', 'jobs']) {
  const answer = await fetch('http://127.0.0.1:' + client.port + '/' + path);
  statuses.push(answer.status, await answer.text());
}
await client.cancel();
console.log(JSON.stringify(statuses));
`;

test('in a bundle there is no dashboard', async () => {
  mkdirSync(FOLDER, { recursive: true });
  const program = fileURLToPath(new URL('bundled.ts', FOLDER));
  const bundle = fileURLToPath(new URL('bundled.mjs', FOLDER));
  writeFileSync(program, PROGRAM);
  await build({
    entryPoints: [program],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const output = execFileSync(process.execPath, [bundle], { encoding: 'utf8' });
  const [page, why, api] = JSON.parse(output) as [number, string, number];
  assert.deepEqual([page, api], [404, 200]);
  assert.match(why, /the dashboard is not here/);
});
