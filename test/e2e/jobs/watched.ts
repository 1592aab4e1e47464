/** A job to be watched: its input has no end, a step behind an exchange may be slow, and may fail once. */
import { existsSync, writeFileSync } from 'node:fs';
import { blackhole, generate, job, monotonous, record, t, value } from 'millrace';

const Tick = record({ n: t.int32, key: t.int32, at: t.timestamp });
const Total = record({ key: t.int32, total: t.float64 });

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

export const watched = job(import.meta, 'watched', (flow) => {
  const slowMs = flow.param('slowMs', 0);
  const failing = flow.param('failing', '');
  flow.param('password', '');
  flow
    .from(
      generate({
        schema: Tick,
        count: 2_000_000_000,
        row: (n) => ({ n, key: n % 97, at: n }),
      }),
      { name: 'ticks', rate: flow.param('rate', 20_000), parallelism: 1 },
    )
    .eventTime('at', monotonous())
    .keyBy('key')
    .process({
      emits: Total,
      state: { total: value(t.float64) },
      onRecord(row, ctx) {
        if (slowMs > 0) spin(slowMs);
        if (failing !== '' && row.n === 1000 && !existsSync(failing)) {
          writeFileSync(failing, '');
          throw new Error('as it was told to');
        }
        ctx.metrics.counter('seen').add();
        ctx.metrics.gauge('newest "n"').set(row.n);
        ctx.metrics.meter('pace').markEvent();
        ctx.metrics.histogram('sizes').update(row.n);
        const total = (ctx.state.total.get() ?? 0) + row.n;
        ctx.state.total.set(total);
        ctx.emit({ key: row.key, total });
      },
    })
    .name('totals')
    .pin(1)
    .to(blackhole());
});
