/**
 * A job that keeps windows of every kind open, and partial matches: 20 records come, then the watermark stands still at 19. The time of a record is
 * its number, and its user is one of two.
 */
import {
  blackhole,
  generate,
  job,
  monotonous,
  record,
  session,
  sliding,
  slidingCount,
  t,
  tumbling,
  value,
} from 'millrace';
import { pattern } from 'millrace/cep';

const Tick = record({ n: t.int32, user: t.string, at: t.timestamp });

const LAST = 20;

const begun = pattern<{ n: number }>()
  .begin('one', ({ n }) => n < 4)
  .followedBy('other', () => false);

export const windowed = job(import.meta, 'windowed', (flow) => {
  const ticks = flow
    .from(
      generate({
        schema: Tick,
        count: 2_000_000_000,
        row(tick) {
          const n = Math.min(tick, LAST);
          return { n, user: `user ${n % 2}`, at: n };
        },
      }),
      { name: 'ticks', rate: flow.param('rate', 2000), parallelism: 1 },
    )
    .eventTime('at', monotonous())
    .filter(({ n }) => n < LAST);
  const byUser = ticks.keyBy('user');
  byUser
    .window(tumbling(8))
    .aggregate(({ count, sum, last }) => ({ count: count(), sum: sum('n'), last: last('n') }))
    .name('tumbling')
    .to(blackhole());
  byUser
    .window(sliding(8, 4))
    .aggregate(({ max }) => ({ max: max('n') }))
    .name('sliding')
    .to(blackhole());
  byUser
    .window(session(100))
    .aggregate(({ count }) => ({ count: count() }))
    .name('sessions')
    .to(blackhole());
  byUser
    .window(tumbling(8))
    .process({
      emits: Tick,
      state: { fired: value(t.int32) },
      onWindow({ state, emit }, rows) {
        state.fired.set((state.fired.get() ?? 0) + 1);
        for (const row of rows) emit(row);
      },
    })
    .name('rows')
    .to(blackhole());
  ticks
    .keyBy(({ n }) => n % 2)
    .window(tumbling(8))
    .aggregate(({ sum }) => ({ sum: sum('n') }))
    .name('odd or even')
    .to(blackhole());
  ticks
    .keyBy('n')
    .window(session(100))
    .aggregate(({ count }) => ({ count: count() }))
    .name('each')
    .to(blackhole());
  byUser
    .window(slidingCount(4, 2))
    .aggregate(({ sum }) => ({ sum: sum('n') }))
    .name('counted')
    .to(blackhole());
  ticks
    .join(ticks)
    .on('user', 'user')
    .window(tumbling(8))
    .apply((left, right) => ({ n: left.n, with: right.n }))
    .name('joined')
    .to(blackhole());
  byUser
    .intervalJoin(byUser)
    .between(0, 1)
    .process((left, right) => ({ n: left.n, with: right.n }))
    .name('near')
    .to(blackhole());
  byUser
    .match(begun)
    .select(({ one }) => one[0])
    .name('begun')
    .to(blackhole());
});
