/** Functions of windows, pairs and matches that send rows aside, and count; and the same by plain loops. */
import { type Flow, job, monotonous, record, sideOutput, t, tumbling, type } from 'millrace';
import { pattern } from 'millrace/cep';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const RECORDS = 20_000;
const KEYS = 97;
const SIZE = 1000;

const Tick = record({ key: t.int32, n: t.int32, time: t.timestamp });
type Tick = { key: number; n: number; time: number };

const tick = (n: number): Tick => ({ key: (n * 31) % KEYS, n, time: n });

const oddWindows = sideOutput<string>('odd windows');
const oddPairs = sideOutput<string>('odd pairs');
const oddMatches = sideOutput<string>('odd matches');

const rises = pattern<Tick>()
  .begin('a', ({ n }) => n % 5 === 0)
  .next('b', ({ n }) => n % 5 === 2);

function sidesOf(flow: Flow, rate = 0) {
  const ticks = flow
    .from(heldRows(flow, { schema: Tick, count: RECORDS, row: tick }), { parallelism: 1, rate })
    .eventTime('time', monotonous());
  const keyed = ticks.keyBy('key');
  const windows = keyed.window(tumbling(SIZE)).process({
    emits: type<string>(),
    onWindow({ key, windowStart, metrics, emit, output }, rows) {
      metrics.counter('windows').add();
      const text = `${key.key} from ${windowStart}: ${rows.length}`;
      if (rows.length % 2 === 0) emit(text);
      else output(oddWindows, text);
    },
  });
  const pairs = keyed
    .intervalJoin(keyed)
    .between(0, KEYS)
    .process({
      emits: type<string>(),
      onPair(a, b, { metrics, emit, output }) {
        metrics.counter('pairs').add();
        if (b.n % 2 === 0) emit(`${a.n} ${b.n}`);
        else output(oddPairs, `${a.n} ${b.n}`);
      },
    });
  const matches = keyed.match(rises).process({
    emits: type<string>(),
    onMatch({ a, b }, { metrics, emit, output }) {
      metrics.counter('matches').add();
      if (a[0].n % 2 === 0) emit(`${a[0].n} ${b[0].n}`);
      else output(oddMatches, `${a[0].n} ${b[0].n}`);
    },
  });
  return {
    windows,
    oddWindows: windows.sideOutput(oddWindows),
    pairs,
    oddPairs: pairs.sideOutput(oddPairs),
    matches,
    oddMatches: matches.sideOutput(oddMatches),
  };
}

export const sides = job(import.meta, 'sides', (flow) => sidesOf(flow));

export const storedSides = job(import.meta, 'stored sides', (flow) => {
  const out = flow.param('out', 'out');
  for (const [name, stream] of Object.entries(sidesOf(flow, flow.param('rate', 0)))) {
    stream.map((text) => ({ text })).to(files(`${out}/${name}`, jsonLines()));
  }
});

type Found = Readonly<Record<string, readonly string[]>>;

export function expectedSides(): Found {
  const counts = new Map<string, number>();
  const pairs: [Tick, Tick][] = [];
  const matches: [Tick, Tick][] = [];
  for (let n = 0; n < RECORDS; n++) {
    const one = tick(n);
    const window = `${one.key} from ${n - (n % SIZE)}`;
    counts.set(window, (counts.get(window) ?? 0) + 1);
    // Records of a key are as far apart as there are keys.
    const next = tick(n + KEYS);
    pairs.push([one, one]);
    if (next.n >= RECORDS) continue;
    pairs.push([one, next]);
    if (n % 5 === 0 && next.n % 5 === 2) matches.push([one, next]);
  }
  const isEven = (n: number): boolean => n % 2 === 0;
  const textsOf = (of: [Tick, Tick][], by: 0 | 1, even: boolean): string[] =>
    of.filter((pair) => isEven(pair[by].n) === even).map(([a, b]) => `${a.n} ${b.n}`);
  const windowsOf = (even: boolean): string[] =>
    [...counts].filter(([, n]) => isEven(n) === even).map(([window, n]) => `${window}: ${n}`);
  return {
    windows: windowsOf(true),
    oddWindows: windowsOf(false),
    pairs: textsOf(pairs, 1, true),
    oddPairs: textsOf(pairs, 1, false),
    matches: textsOf(matches, 0, true),
    oddMatches: textsOf(matches, 0, false),
  };
}
