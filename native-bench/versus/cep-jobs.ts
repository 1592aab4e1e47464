/** The patterns of native-bench/macro/cep-shape.ts, over the records of shape.ts; CepJobs.java in native-bench/peers/flink has the same. */
import { job, monotonous } from 'millrace';
import { PATTERNS } from '../macro/cep-shape.ts';
import { end, load } from './load.ts';

const matches = (contiguity: keyof typeof PATTERNS) =>
  job(import.meta, `cep-${contiguity}`, (flow) => {
    const found = load(flow)
      .eventTime('time', monotonous())
      .keyBy('key')
      .match(PATTERNS[contiguity])
      .select(({ first: [first], second: [second], third: [third] }) => ({
        key: first.key,
        first: first.value,
        second: second.value,
        third: third.value,
      }));
    end(flow, found);
  });

export const CEP_JOBS = {
  'cep-strict': { functions: matches('strict') },
  'cep-relaxed': { functions: matches('relaxed') },
};
