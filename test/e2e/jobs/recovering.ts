/**
 * Jobs that are disturbed so many times, then let alone. What has happened is counted in files: a thread begins anew after
 * each failure, and knows nothing.
 */
import { appendFileSync, statSync } from 'node:fs';
import {
  blackhole,
  type Flow,
  generate,
  job,
  monotonous,
  record,
  type Sink,
  t,
  tumbling,
} from 'millrace';
import { csv, files } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const Row = record({ n: t.int32, key: t.int32, one: t.int32, time: t.timestamp });
/** Several batches of each split, so that positions lie between them. */
export const ROWS = 42_000;
export const KEYS = 10;
/** So many records a second, so that there are checkpoints before and behind what happens at a row. */
const RATE = 60_000;

/** How often it has been asked, this time among them. */
function timesOf(marker: string): number {
  appendFileSync(marker, '.');
  return statSync(marker).size;
}

function rowOf(n: number) {
  return { n, key: n % KEYS, one: 1, time: n };
}

function rows(flow: Flow, count: number) {
  return heldRows(flow, { schema: Row, count, row: rowOf });
}

type Disturbance = { readonly how: string; readonly marker: string; readonly times: number };

function disturbanceOf(flow: Flow): Disturbance {
  return {
    how: flow.param('how', 'never'),
    marker: flow.param('marker', ''),
    times: flow.param('times', 1),
  };
}

function fail(how: string, n: number): never {
  if (how === 'exit') process.exit(3);
  const kept: unknown[] = [];
  while (how === 'heap') kept.push(Array.from({ length: 100_000 }, () => ({ n })));
  throw new TypeError(`row ${n} is bad`);
}

/** What happens at rows two thirds into the input. */
function disturb({ how, marker, times }: Disturbance, n: number): number {
  if (how !== 'never' && n === (ROWS * 2) / 3 && timesOf(marker) <= times) fail(how, n);
  return 1;
}

/** The running count of each key, and that of windows, where all that is lost or doubled shows. */
export const counting = job(import.meta, 'counting', (flow) => {
  const what = disturbanceOf(flow);
  const isInWindows = what.how === 'aggregate';
  const from = flow.from(rows(flow, ROWS), { rate: RATE });
  const counts = from
    .map(({ key, n }) => ({ key, one: isInWindows ? 1 : disturb(what, n) }))
    .keyBy('key')
    .sum('one');
  const windows = from
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling('1 s'))
    .aggregate(({ sum }) => ({ rows: sum(({ n }) => (isInWindows ? disturb(what, n) : 1)) }));
  return { counts, windows };
});

/** The same into files. */
export const filing = job(import.meta, 'filing', (flow) => {
  const what = disturbanceOf(flow);
  flow
    .from(rows(flow, flow.param('rows', ROWS)), { rate: flow.param('rate', RATE) })
    .map(({ key, n }) => ({ key, one: disturb(what, n) }))
    .keyBy('key')
    .sum('one')
    .name('counts')
    .to(
      files(flow.param('out', ''), csv(), {
        existing: 'replace',
        rolling: { onCheckpoint: flow.param('rolls', false) },
      }),
    );
});

/** Of another name, in the same place. */
export const filingToo = job(import.meta, 'filing too', (flow) => {
  flow.from(rows(flow, 10)).to(files(flow.param('out', ''), csv()));
});

function busyFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** A step that takes so long for a row that many are in front of it at once. */
export const slow = job(import.meta, 'slow', (flow) => {
  const from = flow.from(generate({ schema: Row, row: rowOf })).uid('rows');
  const first = flow.param('way', 'straight') === 'straight' ? from : from.filter(() => true);
  first
    .rebalance()
    .map((row) => {
      busyFor(0.02);
      return row;
    })
    .uid('slow')
    .keyBy('key')
    .sum('one')
    .uid('counts')
    .to(blackhole());
});

/** A sink of files whose commits fail: the first so many from one on, before they do anything or behind all. */
export const badCommits = job(import.meta, 'bad commits', (flow) => {
  const marker = flow.param('marker', '');
  const from = flow.param('from', 1);
  const times = flow.param('times', 1);
  const isBehind = flow.param('behind', false);
  const sink: Sink = files(flow.param('out', ''), csv(), {
    existing: 'replace',
    rolling: { onCheckpoint: true },
  });
  const failing: Sink = {
    ...sink,
    async commit(committables) {
      const n = timesOf(marker);
      const isBad = n >= from && n < from + times;
      if (isBad && !isBehind) throw new Error(`commit ${n} is bad`);
      await sink.commit(committables);
      if (isBad) throw new Error(`commit ${n} is bad`);
    },
  };
  flow
    .from(rows(flow, ROWS), { rate: RATE })
    .map(({ key, one }) => ({ key, one }))
    .keyBy('key')
    .sum('one')
    .to(failing);
});

/** A sink that takes nothing more for a while after its first row. */
export const stalling = job(import.meta, 'stalling', (flow) => {
  const stallMs = flow.param('stall', 0);
  const sink: Sink = {
    name: 'stalling',
    descriptor: null,
    createWriter({ clock, wake }) {
      let untilMs = 0;
      return {
        get isBusy() {
          return clock.now() < untilMs;
        },
        write() {
          if (untilMs > 0) return;
          untilMs = clock.now() + stallMs;
          setTimeout(wake, stallMs + 5);
        },
        resume() {},
        preCommit: () => [],
        close() {},
      };
    },
    async commit() {},
  };
  flow.from(rows(flow, ROWS), { rate: RATE }).to(sink);
});

/** A short input, long read when the long one is disturbed again and again. */
export const shortAndLong = job(import.meta, 'short and long', (flow) => {
  const { marker, times } = disturbanceOf(flow);
  const short = flow.from(rows(flow, 2000), { name: 'short' }).map(({ key }) => ({ key, one: 1 }));
  const long = flow.from(rows(flow, ROWS), { name: 'long', rate: RATE }).map(({ key, n }) => {
    // Each time later, so that there is a new checkpoint behind each restart.
    const isDue = times > 0 && n > ROWS / 3 && n % 2000 === 0;
    if (isDue && timesOf(marker) <= times) throw new TypeError(`row ${n} is bad`);
    return { key: key + KEYS, one: 1 };
  });
  const counts = short.union(long).keyBy('key').sum('one');
  return { counts };
});

/** Steps that come and go, and change what they keep. */
export const changing = job(import.meta, 'changing', (flow) => {
  const steps = flow.param('steps', 'count');
  const from = flow
    .from(rows(flow, ROWS), { rate: RATE })
    .uid('rows')
    .eventTime('time', monotonous());
  const windows = from.keyBy('key').window(tumbling('1 min'));
  const to = (name: string) =>
    files(`${flow.param('out', '')}/${name}`, csv(), { existing: 'replace' });
  if (steps.includes('count')) {
    const counts = windows.aggregate(({ count }) => ({ rows: count() })).uid('windows');
    counts.to(to('counts')).uid('to counts');
  }
  if (steps.includes('mean')) {
    const means = windows.aggregate(({ avg }) => ({ mean: avg('n') })).uid('windows');
    means.to(to('means')).uid('to means');
  }
  if (steps.includes('sum')) {
    from.keyBy('key').sum('one').uid('sums').to(to('sums')).uid('to sums');
  }
});

/** Rows for a program that reads them. */
export const passing = job(import.meta, 'passing', (flow) => {
  const numbers = flow.from(rows(flow, ROWS), { rate: RATE }).map(({ n }) => n);
  return { numbers };
});
