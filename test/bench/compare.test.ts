/** Comparing two revisions, and plots. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isAboveNoise, type Line } from '../../native-bench/compare/command.ts';
import type { Outcome } from '../../native-bench/harness.ts';
import { plot } from '../../native-bench/plot.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-compared-'));
after(() => rmSync(folder, { recursive: true }));

function compare(...args: readonly string[]) {
  const command = ['--import', './src/base/typescript-register.mjs', 'native-bench/run.ts'];
  const all = [...command, 'compare', ...args, '--results', folder];
  const env = { ...process.env, TMPDIR: folder };
  return spawnSync(process.execPath, all, { encoding: 'utf8', env });
}

const skip = !existsSync('.git') && 'not a checkout';

test('a figure of this tree and of another revision, in turns', { skip }, () => {
  const small = ['--figure', 'cold-start', '--rounds', '1', '--scale', '0.001'];
  const { status, stdout, stderr } = compare('HEAD', ...small);
  assert.equal(status, 0, stderr);
  const revision = /^against ([0-9a-f]+)$/m.exec(stdout)![1]!;
  assert.match(
    stdout.trimEnd().split('\n').at(-1)!,
    /^\| cold-start \| ms( \| [0-9.]+){5} \| too few rounds \|$/,
  );
  // The other tree was below this folder: nothing of it is left behind.
  const names = readdirSync(folder);
  assert.ok(!names.some((name) => name.startsWith('millrace-compare-')));
  const written = names.flatMap((name) => name.split('-compare-').slice(1));
  assert.deepEqual(written.sort(), [`${revision}.json`, `${revision}.md`, `${revision}.svg`]);
  const file = readdirSync(folder).find((name) => name.endsWith('.json'))!;
  const { figures, against } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  assert.equal(against, revision);
  assert.deepEqual(
    figures[0].runs.map(({ variant }: { variant: string }) => variant),
    ['this: process', 'that: process'],
  );
});

test('a revision that there is not is an error', { skip }, () => {
  const { status, stderr } = compare('no-such-revision', '--figure', 'cold-start');
  assert.equal(status, 1);
  assert.match(stderr, /^error: 'git rev-parse .*no-such-revision.*' failed: /);
});

test('a difference is above noise when no round of one side is among those of the other', () => {
  const line = (here: readonly number[], there: readonly number[]): Line => {
    return { id: 'id', unit: 'ms', values: { this: here, that: there } };
  };
  assert.equal(isAboveNoise(line([5, 6, 7, 8], [1, 2, 3, 4])), true);
  assert.equal(isAboveNoise(line([1, 2, 3, 4], [5, 6, 7, 8])), true);
  assert.equal(isAboveNoise(line([4, 6, 7, 8], [1, 2, 3, 5])), false);
  assert.equal(isAboveNoise(line([4, 6, 7], [1, 2, 3])), null);
});

test('a plot has a bar for each variant, to scale, and the range of its runs', () => {
  const runs = [
    { variant: 'a<b', value: 50 },
    { variant: 'a<b', value: 100 },
    { variant: 'other', value: 25 },
  ].map((run) => ({ ...run, round: 1, wallMs: 1, report: null }));
  const outcome: Outcome = {
    ...{ id: 'figure', what: 'what', value: 3, unit: 'times', direction: null, bar: null },
    ...{ holds: null, roundUnit: 'ms', medians: { 'a<b': 75, other: 25 }, runs },
  };
  const svg = plot([outcome]);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="760" height="\d+"/);
  const widths = [...svg.matchAll(/<rect [^>]*width="([0-9.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  assert.ok(Math.abs(widths[0]! / widths[1]! - 3) < 0.01);
  const [from, to] = /class="range" d="M([0-9.]+) [0-9.]+H([0-9.]+)"/
    .exec(svg)!
    .slice(1)
    .map(Number);
  assert.ok(Math.abs((to! - from!) / widths[1]! - 2) < 0.01);
  assert.ok(svg.includes('>a&lt;b<') && svg.includes('>75.0 ms<'));
});
