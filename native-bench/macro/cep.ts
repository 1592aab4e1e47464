/** A pattern of three steps by key, strict or relaxed; most records begin nothing. A run throws the matches away. */
import { blackhole, generate, job, monotonous, record, t } from 'millrace';
import { fill, PATTERNS } from './cep-shape.ts';

const Event = record({ key: t.int32, value: t.int32, time: t.timestamp });

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
    .match(PATTERNS[flow.param('strict', 1) === 1 ? 'strict' : 'relaxed'])
    .select(({ first: [first], second: [second], third: [third] }) => ({
      key: first.key,
      first: first.value,
      second: second.value,
      third: third.value,
    }));
  found.to(blackhole());
  return { found };
});
