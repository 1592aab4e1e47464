/**
 * Rules that change while the job runs: they go to every subtask, and each payment is checked by those that are there.
 *
 *   DE: at most 100 now
 *   ada pays 150, more than 100
 *   DE: at most 200 now
 *   bob pays 250, more than 200
 */
import { job, map, record, t } from 'millrace';

const Payment = record({ user: t.string, country: t.string, amount: t.float64 });
const Rule = record({ country: t.string, limit: t.float64 });

const checks = job(import.meta, 'checks', (flow) => {
  const payments = flow.input(Payment);
  const rules = flow.input(Rule);
  const told = payments
    .keyBy('user')
    .connect(rules.broadcast({ limits: map(t.string, t.float64) }))
    .process({
      emits: record({ text: t.string }),
      onRecord({ user, country, amount }, { broadcastState, emit }) {
        const limit = broadcastState.limits.get(country) ?? Infinity;
        if (amount > limit) emit({ text: `${user} pays ${amount}, more than ${limit}` });
      },
      onBroadcast({ country, limit }, { broadcastState, emit }) {
        broadcastState.limits.set(country, limit);
        emit({ text: `${country}: at most ${limit} now` });
      },
    });
  return { payments, rules, told };
});

const client = await checks.start({ threads: 0, parallelism: 1 });
const { payments, rules } = client.inputs;
const told = client.outputs.told[Symbol.asyncIterator]();
const showNext = async () => console.log((await told.next()).value?.text);

// Two inputs have no order between them, so the program waits for the answer to a rule.
rules.write({ country: 'DE', limit: 100 });
await showNext();
payments.write({ user: 'ada', country: 'DE', amount: 50 });
payments.write({ user: 'ada', country: 'DE', amount: 150 });
await showNext();
rules.write({ country: 'DE', limit: 200 });
await showNext();
payments.write({ user: 'ada', country: 'DE', amount: 150 });
payments.write({ user: 'bob', country: 'DE', amount: 250 });
await showNext();
payments.end();
rules.end();
await client.result();
