/** A pattern of three steps by key, strict or relaxed; most records begin nothing. A run throws the matches away. */
import { blackhole, generate, job, monotonous, record, t } from 'millrace';
import { pattern } from 'millrace/cep';
import { fill, isFirst, isSecond, isThird, WITHIN_MS } from './cep-shape.ts';

const Event = record({ key: t.int32, value: t.int32, time: t.timestamp });
type Event = { key: number; value: number; time: number };

const strict = pattern<Event>()
  .begin('first', ({ value }) => isFirst(value))
  .next('second', ({ value }) => isSecond(value))
  .next('third', ({ value }) => isThird(value))
  .within(WITHIN_MS);

const relaxed = pattern<Event>()
  .begin('first', ({ value }) => isFirst(value))
  .followedBy('second', ({ value }) => isSecond(value))
  .followedBy('third', ({ value }) => isThird(value))
  .within(WITHIN_MS);

export const matches = job(import.meta, 'matches', (flow) => {
  const keys = flow.param('keys', 10_000);
  const found = flow
    .from(
      generate({
        schema: Event,
        count: flow.param('count', 1e7),
        fill: (columns, from, rowCount) => fill(columns, from, rowCount, keys),
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .match(flow.param('strict', 1) === 1 ? strict : relaxed)
    .select(({ first: [first], second: [second], third: [third] }) => ({
      key: first.key,
      first: first.value,
      second: second.value,
      third: third.value,
    }));
  found.to(blackhole());
  return { found };
});
