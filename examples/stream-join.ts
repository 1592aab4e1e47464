/**
 * Joins two streams by key and time: each order with its payment, when that comes within an hour.
 *
 *   order 1 of ada was paid after 5 min
 *   order 3 of bob was paid after 60 min
 */
import { collection, job, monotonous, record, t } from 'millrace';

const Order = record({ id: t.int32, user: t.string, time: t.timestamp });
const Payment = record({ order: t.int32, time: t.timestamp });

const minute = 60_000;
const orders = [
  { id: 1, user: 'ada', time: 0 },
  { id: 2, user: 'cyd', time: 10 * minute },
  { id: 3, user: 'bob', time: 20 * minute },
];
const payments = [
  { order: 1, time: 5 * minute },
  { order: 3, time: 80 * minute },
  { order: 2, time: 90 * minute },
];

const paid = job(import.meta, 'paid', (flow) => {
  const ordered = flow.from(collection(orders, Order)).eventTime('time', monotonous());
  const paid = ordered
    .keyBy('id')
    .intervalJoin(
      flow.from(collection(payments, Payment)).eventTime('time', monotonous()).keyBy('order'),
    )
    .between(0, '1 h')
    .process(({ id, user, time }, payment) => ({
      id,
      user,
      minutes: (payment.time - time) / minute,
    }));
  return { paid };
});

const rows = (await paid.collect({ threads: 0 })).paid.toSorted((a, b) => a.id - b.id);
for (const { id, user, minutes } of rows) {
  console.log(`order ${id} of ${user} was paid after ${minutes} min`);
}
