/** Numbers as people read them, and rates made of moments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEventClock,
  formatEventTime,
  formatRate,
  formatShare,
} from '../../dashboard/base/format.ts';
import { descriptionOf, edgesOf } from '../../dashboard/data/edges.ts';
import { ratesOver, withRecent } from '../../dashboard/data/rates.ts';
import type { Job, Progress } from '../../dashboard/data/shapes.ts';

test('numbers are short, and as long from one second to the next', () => {
  const table = (
    format: (value: number) => string,
    pairs: readonly (readonly [number, string])[],
  ) => {
    for (const [value, text] of pairs) assert.equal(format(value), text, String(value));
  };
  table(formatCount, [
    [0, '0'],
    [0.25, '0.3'],
    [7, '7'],
    [999.4, '999'],
    [999.6, '1.00 k'],
    [12_345, '12.3 k'],
    [999_960, '1.00 M'],
    [2.5e12, '2.50 T'],
    [Number.NaN, '–'],
  ]);
  table(formatRate, [[1500, '1.50 k/s']]);
  table(formatBytes, [
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.50 KiB'],
    [1024 ** 2 - 1, '1.00 MiB'],
    [3.5 * 1024 ** 5, '3584 TiB'],
  ]);
  table(formatDuration, [
    [0, '0 ms'],
    [999.6, '1.00 s'],
    [9994, '9.99 s'],
    [59_999, '59 s'],
    [62_000, '1 min 02 s'],
    [3_600_000, '1 h 00 min'],
    [90_000_000, '1 d 01 h'],
  ]);
  table(formatShare, [[0.996, '100 %']]);
  // What is no time since 1970 is a number.
  table(formatEventTime, [
    [1_700_000_000_000, '2023-11-14 22:13:20'],
    [41_000, '41\u2009000'],
  ]);
  table(formatEventClock, [[1_700_000_000_000, '22:13:20']]);
  assert.equal(formatDuration(null), '–');
});

/** `a` and `b` are sources; `c` takes both, `d` takes `a`. */
const job = {
  plan: {
    nodes: [
      { id: 'a', inputs: [] },
      { id: 'b', inputs: [] },
      {
        id: 'c',
        inputs: [
          { id: 'a', ship_strategy: 'HASH' },
          { id: 'b', ship_strategy: 'HASH' },
        ],
      },
      {
        id: 'd',
        inputs: [
          { id: 'a', ship_strategy: 'FORWARD' },
          { id: 'a', ship_strategy: 'REBALANCE' },
        ],
      },
    ],
  },
} as unknown as Job;

test('a vertex has a description where its plan says more than its name', () => {
  const described = {
    vertices: [
      { id: '0', name: 'a > b' },
      { id: '1', name: 'c' },
    ],
    plan: {
      nodes: [
        { id: '0', description: 'all that is a > b' },
        { id: '1', description: 'c' },
      ],
    },
  } as unknown as Job;
  assert.equal(descriptionOf(described, '0'), 'all that is a > b');
  assert.equal(descriptionOf(described, '1'), null);
});

function moment(
  now: number,
  counts: readonly (readonly [number, number])[],
  restarts = 0,
): Progress {
  const vertices = counts.map(([recordsIn, recordsOut], n) => ({
    id: 'abcd'[n]!,
    recordsIn,
    recordsOut,
    recordsWritten: 0,
    bytesRead: recordsOut * 100,
    bytesWritten: 0,
    watermark: null,
    watermarkLag: null,
    busyRatio: now / 10_000,
    backPressuredRatio: 0,
  }));
  const records = counts.reduce((sum, [, out]) => sum + out, 0);
  const rest = { watermark: null, checkpoint: null, gcMs: [0, now / 5], edges: [] };
  return { state: 'RUNNING', now, records, restarts, vertices, ...rest };
}

function recentOf(...moments: readonly Progress[]): readonly Progress[] {
  return moments.reduce<readonly Progress[]>(withRecent, []);
}

test('rates are those of the last seconds of one attempt', () => {
  assert.equal(ratesOver(recentOf(moment(0, [[0, 5]]))), null);
  const two = ratesOver(recentOf(moment(0, [[0, 0]]), moment(2000, [[10, 30]])))!;
  assert.deepEqual([two.read, two.vertices.get('a')!.in, two.vertices.get('a')!.out], [15, 5, 15]);
  assert.equal(two.vertices.get('a')!.busy, 0.2);
  assert.deepEqual([two.vertices.get('a')!.bytesRead, two.gc], [1500, 0.2]);
  const many = recentOf(...Array.from({ length: 20 }, (_, n) => moment(n * 1000, [[0, n * n]])));
  assert.equal(ratesOver(many)!.read, (19 ** 2 - 14 ** 2) / 5);
  const again = [moment(0, [[0, 9]]), moment(1000, [[0, 99]]), moment(2000, [[0, 3]], 1)];
  assert.equal(ratesOver(recentOf(...again)), null);
  const grown = [moment(0, []), moment(1000, [[0, 9]])];
  assert.equal(ratesOver(recentOf(...grown)), null);
});

test('edges have ids of their own, and rates by them', () => {
  assert.deepEqual(
    edgesOf(job).map(({ id, strategy }) => `${id} ${strategy}`),
    ['a-c hash', 'b-c hash', 'a-d forward', 'a-d-2 rebalance'],
  );
  const edge = (id: string, rows: number) => ({ id, rows, fullest: 0 });
  const [before, after] = [moment(0, []), moment(2000, [])];
  const rates = ratesOver([
    { ...before, edges: [edge('a-d', 10), edge('a-d-2', 0)] },
    { ...after, edges: [edge('a-d', 30), edge('a-d-2', 5)] },
  ]);
  assert.deepEqual(
    [...rates!.edges],
    [
      ['a-d', 10],
      ['a-d-2', 2.5],
    ],
  );
});
