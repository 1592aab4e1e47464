import { blackhole, collection, job } from 'millrace';

export default job(import.meta, 'behind', (flow) =>
  flow.from(collection([{ n: 1 }])).to(blackhole()),
);
