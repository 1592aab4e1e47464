/**
 * Records of a key are counted until a timer, which the first of them sets, tells how many: by a process function with one
 * value and one timer a key, on one thread, or by a loop over arrays by key, with a list of keys for each millisecond.
 *
 *   process-function.ts <engine | loop> <records> <keys>              { ms, timers }
 *   process-function.ts <engine | loop> <records> <keys> collect      { counted }
 *
 * The engine fires timers between batches and the loop between records, so that a count may have a few records more; all
 * counts together are the records.
 */
import { isMainThread } from 'node:worker_threads';
import { blackhole, generate, job, monotonous, record, t, value } from 'millrace';
import { Event, eachBatch, fill } from './shape.ts';

const WAIT_MS = 500;

const Counted = record({ key: t.int32, count: t.int32 });

const counting = job(import.meta, 'process function', (flow) => {
  const keys = flow.param('keys', 100_000);
  const counts = flow
    .from(
      generate({
        schema: Event,
        count: flow.param('count', 1e7),
        fill: (columns, from, rowCount) => fill(columns, from, rowCount, keys),
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .process({
      emits: Counted,
      state: { count: value(t.int32) },
      onRecord(_row, context) {
        const { count } = context.state;
        const before = count.get() ?? 0;
        if (before === 0) context.timers.eventTime(context.timestamp! + WAIT_MS);
        count.set(before + 1);
      },
      onTimer(_time, context) {
        const { count } = context.state;
        context.emit({ key: context.key.key, count: count.get()! });
        count.clear();
      },
    });
  counts.to(blackhole());
  return { counts };
});

function loop(records: number, keys: number) {
  const counts = new Int32Array(keys);
  /** Keys whose timers are due, by the millisecond. */
  const due: number[][] = Array.from({ length: WAIT_MS + 1 }, () => []);
  let [now, results, counted] = [0, 0, 0];
  const fire = (keysDue: number[]): void => {
    for (const key of keysDue) {
      results++;
      counted += counts[key]!;
      counts[key] = 0;
    }
    keysDue.length = 0;
  };
  const begin = performance.now();
  eachBatch(records, keys, [0], ([stream], rowCount) => {
    const { key, time } = stream!;
    for (let i = 0; i < rowCount; i++) {
      for (; now < time[i]!; now++) fire(due[now % due.length]!);
      if (counts[key[i]!]!++ === 0) due[(now + WAIT_MS) % due.length]!.push(key[i]!);
    }
  });
  for (let ms = 0; ms < due.length; ms++) fire(due[(now + ms) % due.length]!);
  return { ms: performance.now() - begin, results, counted };
}

async function engine(count: number, keys: number, isVerified: boolean) {
  const options = { threads: 1, params: { count, keys } };
  if (!isVerified) {
    const { durationMs, operators } = await counting.run(options);
    return { ms: durationMs, results: operators.at(-1)!.recordsIn, counted: 0 };
  }
  const { counts } = await counting.collect(options);
  const counted = counts.reduce((sum, { count }) => sum + count, 0);
  return { ms: 0, results: counts.length, counted };
}

if (isMainThread) {
  const [way, count, keys, action] = process.argv.slice(2);
  const isVerified = action === 'collect';
  const sizes = [Number(count), Number(keys)] as const;
  const { ms, results, counted } =
    way === 'loop' ? loop(...sizes) : await engine(...sizes, isVerified);
  console.log(JSON.stringify(isVerified ? { counted } : { ms, timers: results }));
}
