/** A job to look at: two sources that go on, a join, windows, a key that has more than its share, a step that is slow, or fails. */
import { existsSync, writeFileSync } from 'node:fs';
import {
  blackhole,
  boundedOutOfOrderness,
  generate,
  job,
  record,
  t,
  tumbling,
  value,
} from 'millrace';

const Order = record({
  id: t.int32,
  customer: t.int32,
  product: t.string,
  price: t.float64,
  at: t.timestamp,
});
const Payment = record({ order: t.int32, method: t.string, paid: t.timestamp });
const Total = record({ customer: t.int32, total: t.float64 });

const PRODUCTS = ['tea', 'coffee', 'cocoa', 'maté', 'rooibos'];
const METHODS = ['card', 'transfer', 'cash'];
const COUNT = 2_000_000_000;

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

export const orders = job(import.meta, 'orders', (flow) => {
  const rate = flow.param('rate', 4000);
  const slowMs = flow.param('slowMs', 0);
  const start = flow.param('start', 0);
  const failing = flow.param('failing', '');
  const timeOf = (n: number): number => start + Math.floor((n * 1000) / rate);
  const lateness = boundedOutOfOrderness('500 ms');
  const placed = flow
    .from(
      generate({
        schema: Order,
        count: COUNT,
        row: (id) => ({
          id,
          // Every third order is of the same customer.
          customer: id % 3 === 0 ? 7 : id % 1009,
          product: PRODUCTS[id % PRODUCTS.length]!,
          price: 3 + (id % 17),
          at: timeOf(id),
        }),
      }),
      { name: 'orders', rate, parallelism: 1 },
    )
    .eventTime('at', lateness);
  const paid = flow
    .from(
      generate({
        schema: Payment,
        count: COUNT,
        row: (n) => ({ order: n, method: METHODS[n % METHODS.length]!, paid: timeOf(n) + 200 }),
      }),
      { name: 'payments', rate, parallelism: 1 },
    )
    .eventTime('paid', lateness);
  placed
    .keyBy('customer')
    .process({
      emits: Total,
      state: { total: value(t.float64) },
      onRecord(row, ctx) {
        if (slowMs > 0) spin(slowMs);
        if (failing !== '' && row.id > 100 && !existsSync(failing)) {
          writeFileSync(failing, '');
          throw new Error('as it was told to');
        }
        const total = (ctx.state.total.get() ?? 0) + row.price;
        ctx.state.total.set(total);
        ctx.metrics.counter('seen').add();
        ctx.emit({ customer: row.customer, total });
      },
    })
    .name('totals by customer')
    .to(blackhole());
  placed
    .keyBy('product')
    .window(tumbling('1 s'))
    .aggregate(({ sum, count }) => ({ sold: count(), revenue: sum('price') }))
    .name('revenue by product')
    .to(blackhole());
  placed
    .join(paid)
    .on('id', 'order')
    .window(tumbling('1 s'))
    .apply((order, payment) => ({ id: order.id, price: order.price, method: payment.method }))
    .name('paid orders')
    .filter((row) => row.price > 5)
    .to(blackhole());
});
