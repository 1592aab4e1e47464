/** The suite for sources: sources of the engine pass it, and each source that is broken in one way fails the rule that it breaks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { collection } from '../../src/connector/collection/collection.ts';
import { csv } from '../../src/connector/file/csv.ts';
import { files } from '../../src/connector/file/files.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { hybrid } from '../../src/connector/hybrid/hybrid.ts';
import { defineSource } from '../../src/connector/kit/define-source.ts';
import { poll } from '../../src/connector/kit/poll.ts';
import { Batch } from '../../src/data/batch.ts';
import { record, t } from '../../src/data/schema.ts';
import type { PlainData, Source, SplitReader } from '../../src/operator/source.ts';
import {
  type SourceConformanceOptions,
  sourceConformance,
} from '../../src/testing/conformance/source-conformance.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-conformance-'));
after(() => rmSync(folder, { recursive: true }));

const Row = record({ n: t.int32, text: t.string });
const ROWS = Array.from({ length: 9000 }, (_, n) => ({ n, text: `row ${n}` }));
const FEW = Array.from({ length: 40 }, (_, n) => ({ n, text: `row ${n}` }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const lines = (rows: typeof ROWS): string => rows.map((row) => JSON.stringify(row)).join('\n');
const csvText = `n,text\n${ROWS.map(({ n, text }) => `${n},${text}\n`).join('')}`;
const aCsv = file('a.csv', csvText);
const aZip = file('a.jsonl.gz', gzipSync(lines(ROWS)));

/** Pages of so many rows, from a service that takes its time. */
function paged(rows: typeof ROWS, pageRows: number) {
  return defineSource({
    name: 'paged',
    schema: Row,
    start: 0,
    async *read({ position }) {
      for (let from = position; from < rows.length; from += pageRows) {
        await Promise.resolve();
        yield { records: rows.slice(from, from + pageRows), position: from + pageRows };
      }
    },
  });
}

/** Parts of so many rows, each read by itself; the last of them come later. */
function parted(rows: typeof ROWS, partRows: number, assignment: 'spread' | 'inOrder') {
  return defineSource({
    name: 'parted',
    schema: Row,
    start: 0,
    assignment,
    discover: '1 s',
    splits: () =>
      Array.from({ length: Math.ceil(rows.length / partRows) }, (_, part) => ({
        id: `${part}`,
        detail: rows.slice(part * partRows, (part + 1) * partRows),
      })),
    *read({ position, split }) {
      for (let at = position; at < split.detail.length; at += 3)
        yield { records: split.detail.slice(at, at + 3), position: at + 3 };
    },
  });
}

const GOOD: readonly (readonly [string, SourceConformanceOptions<unknown>])[] = [
  ['splits found later', { source: () => parted(FEW, 7, 'spread'), rows: FEW }],
  ['splits found later, in order', { source: () => parted(FEW, 5, 'inOrder'), rows: FEW }],
  [
    'splits found later, behind a collection',
    {
      source: () => hybrid(collection(ROWS.slice(0, 20), Row), parted(FEW.slice(20), 4, 'spread')),
      rows: FEW,
    },
  ],
  ['collection', { source: () => collection(ROWS), rows: ROWS }],
  ['collection with a schema', { source: () => collection(ROWS, Row), rows: ROWS }],
  ['generate', { source: () => generate({ schema: Row, count: 9000, row: (n) => ROWS[n]! }) }],
  ['hybrid', { source: () => hybrid(collection(FEW, Row), collection(ROWS, Row)) }],
  ['csv', { source: () => files(aCsv, csv(Row)), rows: ROWS }],
  ['jsonl.gz', { source: () => files(aZip, jsonLines(Row)), rows: ROWS }],
  [
    'defineSource, synchronous',
    {
      source: () =>
        defineSource({
          name: 'halves',
          start: { next: 0 },
          splits: () => [
            { id: 'even', detail: { of: 0 } },
            { id: 'odd', detail: { of: 1 } },
          ],
          *read({ position, split }) {
            const own = FEW.filter(({ n }) => n % 2 === split.detail.of);
            for (let { next } = position; next < own.length; next += 3) {
              yield { records: [], position: { next } };
              yield { records: own.slice(next, next + 3), position: { next: next + 3 } };
            }
          },
        }),
      rows: FEW,
    },
  ],
  ['defineSource, portions larger than a batch', { source: () => paged(ROWS, 5000), rows: ROWS }],
  ['defineSource, asynchronous', { source: () => paged(FEW, 6), rows: FEW }],
  ['defineSource that fails now and then', { source: () => flaky(), rows: FEW }],
  [
    'poll',
    {
      source: () =>
        poll(
          async (next) => {
            await Promise.resolve();
            return next >= FEW.length
              ? null
              : { records: FEW.slice(next, next + 7), position: next + 7, hasMore: next < 20 };
          },
          { start: 0, every: '1 min', isBounded: true, schema: Row },
        ),
      rows: FEW,
      failing: {
        source: () => poll(() => Promise.reject(new Error('HTTP 500')), { isBounded: true }),
        message: /'poll': split 'all', behind position null: HTTP 500/,
      },
    },
  ],
  [
    'poll without an end',
    {
      source: () =>
        poll(
          (next) => ({
            records: FEW.slice(next, next + 9),
            position: Math.min(FEW.length, next + 9),
          }),
          { start: 0, every: '1 s' },
        ),
      rows: FEW,
    },
  ],
];

/** Every third call fails; it is read again from the last position. */
function flaky() {
  let calls = 0;
  return defineSource({
    name: 'flaky',
    start: 0,
    retry: { strategy: 'exponential', initialDelay: '1 s', attempts: 2 },
    async *read({ position }) {
      for (let from = position; from < FEW.length; from += 4) {
        if (++calls % 3 === 0) throw new Error('not now');
        yield { records: FEW.slice(from, from + 4), position: from + 4 };
      }
    },
  });
}

for (const [name, options] of GOOD) {
  for (const { name: rule, run } of sourceConformance({ runs: 4, ...options })) {
    test(`${name}: ${rule}`, run);
  }
}

/** A reader of FEW, three at a time, and the parts of it that are broken. */
function readerOf(from: PlainData, parts: Partial<SplitReader> = {}): SplitReader {
  let next = Number(from);
  return {
    wakeAtMs: Infinity,
    poll() {
      if (next >= FEW.length) return 'end';
      const rows = FEW.slice(next, next + 3);
      next += rows.length;
      return new Batch({ rowCount: rows.length, schema: null, rows });
    },
    position: () => next,
    progress: () => next / FEW.length,
    close() {},
    ...parts,
  };
}

function sourceOf(parts: Partial<Source>): Source {
  return {
    name: 'broken',
    descriptor: null,
    schema: null,
    isBounded: true,
    assignment: 'spread',
    discoverSplits: async () => [{ id: 'all', weight: 1, detail: null }],
    createReader: (_split, position) => readerOf(position),
    ...parts,
  };
}

test('the source that the broken ones are made of passes', async () => {
  for (const { run } of sourceConformance({ source: () => sourceOf({}), rows: FEW })) await run();
});

/** State that all readers share, as if nobody ever failed. */
function shared(): () => Source {
  let next = 0;
  return () =>
    sourceOf({
      createReader: () => ({
        ...readerOf(0),
        poll() {
          if (next >= FEW.length) {
            next = 0;
            return 'end';
          }
          return new Batch({ rowCount: 1, schema: null, rows: [FEW[next++]] });
        },
        position: () => next,
      }),
    });
}

let leaked = 0;

const BROKEN: readonly (readonly [string, () => Source, RegExp, RegExp])[] = [
  [
    'a position one too far',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          const reader = readerOf(position);
          return { ...reader, position: () => Number(reader.position()) + 1 };
        },
      }),
    /restored at every step|from any position/,
    /missing \{ n: 3,/,
  ],
  [
    'a position before the last batch',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          const reader = readerOf(position);
          return { ...reader, position: () => Math.max(0, Number(reader.position()) - 3) };
        },
      }),
    /from any position/,
    /too many \{ n: 0,/,
  ],
  [
    'a position that is ignored',
    () => sourceOf({ createReader: () => readerOf(0) }),
    /from any position/,
    /too many/,
  ],
  ['where it is, kept by the source', shared(), /from any position/, /missing|too many/],
  [
    'a position that changes later',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          const reader = readerOf((position as { next: number } | null)?.next ?? 0);
          const place = { next: 0 };
          return {
            ...reader,
            position: () => Object.assign(place, { next: Number(reader.position()) }),
          };
        },
      }),
    /from any position/,
    /changes while reading goes on/,
  ],
  [
    'a position that is no plain data',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          const reader = readerOf(position);
          return { ...reader, position: () => new Date(Number(reader.position())) as never };
        },
      }),
    /from any position/,
    /no plain data/,
  ],
  [
    'the same id for all splits',
    () =>
      sourceOf({
        discoverSplits: async (parallelism) =>
          Array.from({ length: parallelism }, () => ({ id: 'a', weight: 0, detail: null })),
      }),
    /splits are plain data/,
    /same id/,
  ],
  [
    'ids by chance',
    () => {
      let ids = Math.random();
      return sourceOf({
        discoverSplits: async () => [{ id: `${ids++}`, weight: 0, detail: null }],
      });
    },
    /splits are plain data/,
    /found again/,
  ],
  [
    'a split that is no plain data',
    () =>
      sourceOf({
        discoverSplits: async () => [{ id: 'a', weight: 0, detail: { at: undefined } as never }],
      }),
    /splits are plain data/,
    /no plain data/,
  ],
  [
    'other ids for splits that it finds while it is read',
    () =>
      sourceOf({
        isBounded: false,
        discovery: {
          everyMs: 1000,
          findSplits: async () => [{ id: 'ALL', weight: 1, detail: null }],
        },
      }),
    /splits are plain data/,
    /splits are ALL, without all/,
  ],
  [
    'batches without a bound',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          let isRead = position === true;
          return {
            ...readerOf(0),
            poll() {
              if (isRead) return 'end';
              isRead = true;
              return new Batch({ rowCount: ROWS.length, schema: null, rows: ROWS });
            },
            position: () => isRead,
          };
        },
      }),
    /all rows come/,
    /9000 rows, more than 4096/,
  ],
  [
    'rows in a batch that it uses again',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          const reader = readerOf(position);
          const rows: unknown[] = [];
          return {
            ...reader,
            poll() {
              const result = reader.poll();
              if (typeof result === 'string') return result;
              rows.splice(0, rows.length, ...result.rowObjects());
              return new Batch({ rowCount: rows.length, schema: null, rows });
            },
          };
        },
      }),
    /all rows come/,
    /not transient was changed/,
  ],
  [
    'another schema than it says',
    () => sourceOf({ schema: Row }),
    /all rows come/,
    /another schema/,
  ],
  [
    'a row too few',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          const reader = readerOf(position);
          return {
            ...reader,
            poll: () => (Number(reader.position()) === 39 ? 'end' : reader.poll()),
          };
        },
      }),
    /all rows come/,
    /missing \{ n: 39,/,
  ],
  [
    'progress above 1',
    () =>
      sourceOf({
        createReader: (_split, position) => ({ ...readerOf(position), progress: () => 40 }),
      }),
    /all rows come/,
    /progress is 40/,
  ],
  [
    'a file that stays open',
    () =>
      sourceOf({
        createReader: (_split, position) => {
          leaked++;
          return readerOf(position);
        },
      }),
    /cancelled/,
    /still holds/,
  ],
];

for (const [what, source, rule, message] of BROKEN) {
  test(`it catches: ${what}`, async () => {
    const isFound = sourceConformance({ source, rows: FEW, held: () => leaked }).filter(
      ({ name }) => rule.test(name),
    );
    leaked = 0;
    assert.notEqual(isFound.length, 0);
    for (const { run } of isFound) await assert.rejects(run, message);
  });
}

test('it catches: idle, and nobody wakes the subtask', async () => {
  const idle = (isBounded: boolean) => () =>
    sourceOf({ isBounded, createReader: () => readerOf(0, { poll: () => 'idle' }) });
  const [ofBounded] = sourceConformance({ source: idle(true), rows: FEW, patience: '20 ms' });
  await assert.rejects(ofBounded!.run, /idle, and nobody wakes its subtask/);
  const [withoutEnd] = sourceConformance({ source: idle(false), rows: FEW });
  await assert.rejects(withoutEnd!.run, /missing \{ n: 0,.*37 more/);
});

test('a source without an end is quiet when its patience is over, and no sooner', async () => {
  /** Rows that come when the reader has slept so often since it was asked. */
  const slow = () =>
    sourceOf({
      isBounded: false,
      createReader(_split, position, { wake }) {
        const inner = readerOf(position);
        let isReady: boolean | null = null;
        const reader = {
          ...inner,
          wakeAtMs: Infinity,
          poll() {
            if (isReady === null) {
              isReady = false;
              void (async () => {
                for (let n = 0; n < 100; n++) await new Promise((done) => setTimeout(done, 1));
                isReady = true;
                reader.wakeAtMs = -Infinity;
                wake();
              })();
            }
            const result = isReady ? inner.poll() : 'idle';
            return result === 'end' ? 'idle' : result;
          },
        };
        return reader;
      },
    });
  const [patient] = sourceConformance({ source: slow, rows: FEW, patience: '10 s' });
  await patient!.run();
  const [usual] = sourceConformance({ source: slow, rows: FEW });
  await assert.rejects(usual!.run, /missing \{ n: 0,.*37 more/);
});

test('it catches: a promise that is rejected when nobody waits any more', () => {
  const testing = new URL('../../src/testing/index.ts', import.meta.url).href;
  const hooks = new URL('../../src/base/typescript-register.mjs', import.meta.url).href;
  // The runner of this test would see it before.
  const program = `
    import { sourceConformance } from '${testing}';
    const reader = {
      wakeAtMs: Infinity,
      poll: () => 'end',
      position: () => null,
      progress: () => 1,
      close: () => void Promise.resolve().then(() => { throw new Error('socket closed'); }),
    };
    const source = () => ({
      name: 'broken', descriptor: null, schema: null, isBounded: true, assignment: 'spread',
      discoverSplits: async () => [{ id: 'all', weight: 1, detail: null }],
      createReader: () => reader,
    });
    for (const { name, run } of sourceConformance({ source, rows: [] })) {
      if (name.startsWith('cancelled')) await run().catch((error) => console.log(error.message));
    }`;
  const run = spawnSync(
    process.execPath,
    ['--import', hooks, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  assert.match(run.stdout, /nobody waited for it: socket closed/, run.stderr);
});

test('it catches: an error that is kept to itself', async () => {
  const cases = sourceConformance({
    source: () => sourceOf({}),
    failing: { source: () => sourceOf({}), message: /HTTP 500/ },
  });
  await assert.rejects(cases.at(-1)!.run, /came to its end without an error/);
});

test('options that are none are refused', () => {
  assert.throws(() => sourceConformance({ source: 1 } as never), { code: 'JOB_DEFINITION' });
  assert.throws(() => sourceConformance({} as never), { code: 'JOB_DEFINITION' });
});
