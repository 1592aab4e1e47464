/** Never begins: nobody tells it what there is to read. */
import { blackhole, job } from 'millrace';
import { defineSource } from 'millrace/connectors';

const silent = defineSource({
  name: 'silent',
  splits: () => new Promise<never>(() => {}),
  *read() {},
});

export default job(import.meta, 'never', (flow) => flow.from(silent).to(blackhole()));
