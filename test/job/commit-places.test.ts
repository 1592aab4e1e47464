/** Sources that tell those outside how far they have read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hybrid } from '../../src/connector/hybrid/hybrid.ts';
import { defineSource } from '../../src/connector/kit/define-source.ts';
import { job } from '../../src/index.ts';
import type { Source, SplitPlace } from '../../src/operator/source.ts';
import { inFolder } from '../connector/read-all.ts';

/** Two splits of ten numbers, which call `told`; in front of some of them they wait until it has been called so many times. */
function numbers(
  told: (places: readonly SplitPlace[]) => void,
  failAt = -1,
  waitsAt: ReadonlyMap<number, number> = new Map(),
): Source<{ n: number }> {
  let times = 0;
  const source = defineSource({
    name: 'numbers',
    start: 0,
    splits: () => ['a', 'b'].map((id) => ({ id, detail: null })),
    async *read({ position, split }) {
      for (let n = position; n < 10; n++) {
        do await new Promise((resolve) => setTimeout(resolve, 10));
        while (times < (waitsAt.get(n) ?? 0));
        if (n === failAt && split.id === 'a') throw new Error('fails');
        yield { records: [{ n }], position: n + 1 };
      }
    },
  });
  return {
    ...source,
    async commitPlaces(places) {
      times++;
      told(places);
    },
  };
}

const sorted = (places: readonly SplitPlace[]) =>
  [...places].sort((a, b) => (a.split < b.split ? -1 : 1));

const END = { at: 10, taken: 0 };

test('places are told at checkpoints, and at the end; a failure to tell is none of the job', async () => {
  await inFolder(async (folder) => {
    const calls: (readonly SplitPlace[])[] = [];
    const whenTold = new Map([
      [3, 1],
      [6, 2],
    ]);
    const note = (places: readonly SplitPlace[]): void => {
      calls.push(places);
      if (calls.length === 1) throw new Error('nobody listens');
    };
    const source = numbers(note, -1, whenTold);
    const reads = job(import.meta, 'reads', (flow) => ({ rows: flow.from(source) }));
    const checkpoints = { dir: `${folder}/state`, every: '20 ms' } as const;
    const { rows } = await reads.collect({ threads: 0, checkpoints });
    assert.equal(rows.length, 20);
    assert.ok(calls.length >= 3, `told ${calls.length} times`);
    const last = new Map(calls.flat().map(({ split, position }) => [split, position]));
    assert.deepEqual(
      last,
      new Map([
        ['a', END],
        ['b', END],
      ]),
    );
  });
});

test('the same command behind the end tells once more what the last checkpoint told', async () => {
  await inFolder(async (folder) => {
    const calls: (readonly SplitPlace[])[] = [];
    const source = numbers((places) => calls.push(places));
    const reads = job(import.meta, 'reads', (flow) => ({ rows: flow.from(source) }));
    // None comes before the last one: it would tell of a subtask that has come to its end, and the last one no more.
    const checkpoints = { dir: `${folder}/state`, every: '1 h' } as const;
    for (let run = 0; run < 2; run++) await reads.collect({ threads: 0, checkpoints });
    const both = [
      { split: 'a', position: END },
      { split: 'b', position: END },
    ];
    assert.deepEqual(calls.map(sorted), [both, both]);
  });
});

test('without checkpoints they are told at the end, and not when the job fails', async () => {
  const calls: (readonly SplitPlace[])[] = [];
  const run = async (failAt: number): Promise<unknown> => {
    const source = numbers((places) => calls.push(places), failAt);
    const reads = job(import.meta, 'reads', (flow) => ({ rows: flow.from(source) }));
    return await reads.collect({ threads: 0 });
  };
  await assert.rejects(run(5));
  assert.deepEqual(calls, []);
  await run(-1);
  assert.deepEqual(calls.map(sorted), [
    [
      { split: 'a', position: END },
      { split: 'b', position: END },
    ],
  ]);
});

test('a hybrid tells each of its sources its own', async () => {
  const first: SplitPlace[] = [];
  const second: SplitPlace[] = [];
  const both = hybrid(
    numbers((places) => first.push(...places)),
    numbers((places) => second.push(...places)),
  );
  const reads = job(import.meta, 'reads', (flow) => ({ rows: flow.from(both) }));
  await reads.collect({ threads: 0 });
  for (const places of [first, second]) {
    assert.deepEqual(sorted(places), [
      { split: 'a', position: END },
      { split: 'b', position: END },
    ]);
  }
});

test('a source whose splits end at a record tells where the source behind it is', async () => {
  const places: SplitPlace[] = [];
  const source = numbers((told) => places.push(...told));
  const reads = job(import.meta, 'reads', (flow) => ({
    rows: flow.from(source, { until: ({ n }) => n === 4 }),
  }));
  await reads.collect({ threads: 0 });
  assert.deepEqual(
    places.map(({ position }) => position),
    [END, END].map(() => ({ at: 5, taken: 0 })),
  );
});
