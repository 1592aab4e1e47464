/**
 * Finds card fraud by a pattern: a card is tried with a small amount, once or more, and then emptied within ten minutes.
 *
 *   card 7: 2 small payments, then 900 at 00:04:00
 *   card 9: tried with 1, no large payment within 10 min
 */
import { collection, job, monotonous, record, sideOutput, t } from 'millrace';
import { pattern, type TimedOutOf } from 'millrace/cep';

const Payment = record({ card: t.int32, amount: t.float64, time: t.timestamp });
type Payment = { card: number; amount: number; time: number };

const minute = 60_000;
const payments: readonly Payment[] = [
  { card: 7, amount: 1, time: 0 },
  { card: 8, amount: 1, time: minute },
  { card: 7, amount: 2, time: 2 * minute },
  { card: 8, amount: 40, time: 3 * minute },
  { card: 7, amount: 900, time: 4 * minute },
  { card: 9, amount: 1, time: 5 * minute },
  { card: 9, amount: 950, time: 25 * minute },
];

const emptied = pattern<Payment>()
  .begin('tests', (payment) => payment.amount < 5)
  .oneOrMore()
  .consecutive()
  .greedy()
  .next('large', (payment, ctx) => payment.amount > 100 * ctx.matched('tests')[0].amount)
  .within('10 min');
const unfinished = sideOutput<TimedOutOf<typeof emptied>>('unfinished');

const fraud = job(import.meta, 'fraud', (flow) => {
  const found = flow
    .from(collection(payments, Payment))
    .eventTime('time', monotonous())
    .keyBy('card')
    .match(emptied, { skip: 'pastLast', timedOut: unfinished })
    .select(({ tests, large: [{ card, amount, time }] }) => {
      const at = new Date(time).toISOString().slice(11, 19);
      return `card ${card}: ${tests.length} small payments, then ${amount} at ${at}`;
    });
  const tried = found.sideOutput(unfinished).map(({ tests: [first] }) => {
    return `card ${first?.card}: tried with ${first?.amount}, no large payment within 10 min`;
  });
  return { found, tried };
});

const { found, tried } = await fraud.collect({ threads: 0 });
for (const line of [...found, ...tried]) console.log(line);
