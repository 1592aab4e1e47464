/**
 * Pairs of two streams by key, no more than 50 ms apart: by the engine, on one thread, or by a loop over arrays that are
 * sorted by time.
 *
 *   interval-join.ts <engine | loop> <records of each stream> <keys>              { ms, pairs }
 *   interval-join.ts <engine | loop> <records of each stream> <keys> collect      { pairs, checksum }
 */
import { isMainThread } from 'node:worker_threads';
import { blackhole, generate, job, monotonous, record, t } from 'millrace';
import { Event, eachBatch, fill } from './shape.ts';

const APART_MS = 50;
const SEEDS = [0, 0x2545f491] as const;

const Pair = record({ key: t.int32, left: t.int32, right: t.int32 });

const pairsOfStreams = job(import.meta, 'interval join', (flow) => {
  const keys = flow.param('keys', 100_000);
  const [left, right] = SEEDS.map((seed) =>
    flow
      .from(
        generate({
          schema: Event,
          count: flow.param('count', 1e7),
          fill: (columns, from, rowCount) => fill(columns, from, rowCount, keys, seed),
        }),
      )
      .eventTime('time', monotonous())
      .keyBy('key'),
  );
  const pairs = left!
    .intervalJoin(right!)
    .between(-APART_MS, APART_MS)
    .process({
      emits: Pair,
      onPair: (left, right, context) =>
        context.emit({ key: left.key, left: left.value, right: right.value }),
    });
  pairs.to(blackhole());
  return { pairs };
});

const checksumOf = (key: number, left: number, right: number): number => key + left * 3 + right * 5;

/** The last records of a key in one stream, by time. */
type Last = { times: number[]; values: number[]; from: number };

function loop(records: number, keys: number) {
  const last = SEEDS.map(() =>
    Array.from({ length: keys }, (): Last => ({ times: [], values: [], from: 0 })),
  );
  let [pairs, checksum] = [0, 0];
  const begin = performance.now();
  const joinOne = (side: number, key: number, value: number, time: number): void => {
    const others = last[1 - side]![key]!;
    while (others.from < others.times.length && others.times[others.from]! < time - APART_MS) {
      others.from++;
    }
    if (others.from > 32) {
      others.times = others.times.slice(others.from);
      others.values = others.values.slice(others.from);
      others.from = 0;
    }
    for (let i = others.from; i < others.times.length; i++) {
      const other = others.values[i]!;
      pairs++;
      checksum += side === 0 ? checksumOf(key, value, other) : checksumOf(key, other, value);
    }
    const own = last[side]![key]!;
    own.times.push(time);
    own.values.push(value);
  };
  eachBatch(records, keys, SEEDS, ([left, right], rowCount) => {
    for (let i = 0; i < rowCount; i++) {
      joinOne(0, left!.key[i]!, left!.value[i]!, left!.time[i]!);
      joinOne(1, right!.key[i]!, right!.value[i]!, right!.time[i]!);
    }
  });
  return { ms: performance.now() - begin, pairs, checksum };
}

async function engine(count: number, keys: number, isVerified: boolean) {
  const options = { threads: 1, params: { count, keys } };
  if (!isVerified) {
    const { durationMs, operators } = await pairsOfStreams.run(options);
    return { ms: durationMs, pairs: operators.at(-1)!.recordsIn, checksum: 0 };
  }
  const { pairs } = await pairsOfStreams.collect(options);
  let checksum = 0;
  for (const { key, left, right } of pairs) checksum += checksumOf(key, left, right);
  return { ms: 0, pairs: pairs.length, checksum };
}

if (isMainThread) {
  const [way, count, keys, action] = process.argv.slice(2);
  const isVerified = action === 'collect';
  const sizes = [Number(count), Number(keys)] as const;
  const { ms, pairs, checksum } =
    way === 'loop' ? loop(...sizes) : await engine(...sizes, isVerified);
  console.log(JSON.stringify(isVerified ? { pairs, checksum } : { ms, pairs }));
}
