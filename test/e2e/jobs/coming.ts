/**
 * A job whose keys come and go. All 100 come; from record 1000 on those below `cleared` are cleared by one step, and only the
 * first ten come to another, which forgets what nobody has touched for a while.
 */
import { blackhole, generate, job, record, t, value } from 'millrace';

const KEYS = 100;
const LEFT = 10;
const LATER = 1000;

const Tick = record({ n: t.float64, key: t.int32 });

export const coming = job(import.meta, 'coming', (flow) => {
  const cleared = flow.param('cleared', 0);
  const ticks = flow.from(
    generate({ schema: Tick, count: 2_000_000_000, row: (n) => ({ n, key: n % KEYS }) }),
    { name: 'ticks', rate: 2000, parallelism: 1 },
  );
  ticks
    .keyBy('key')
    .process({
      emits: Tick,
      state: { last: value(t.float64) },
      onRecord({ n, key }, { state }) {
        if (n >= LATER && key < cleared) state.last.clear();
        else state.last.set(n);
      },
    })
    .name('cleared')
    .to(blackhole());
  ticks
    .filter(({ n, key }) => n < LATER || key < LEFT)
    .keyBy('key')
    .process({
      emits: Tick,
      state: { last: value(t.float64, { ttl: '300 ms' }) },
      onRecord: ({ n }, { state }) => state.last.set(n),
    })
    .name('expired')
    .to(blackhole());
});
