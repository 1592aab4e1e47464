/** A job to look at that writes files. */
import { generate, job, record, t } from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';

export const kept = job(import.meta, 'kept', (flow) => {
  flow
    .from(
      generate({
        schema: record({ id: t.int32, product: t.string }),
        count: 2_000_000_000,
        row: (id) => ({ id, product: `product ${id % 97}` }),
      }),
      { name: 'ids', rate: flow.param('rate', 1000), parallelism: 1 },
    )
    .to(files(flow.param('out', 'out'), jsonLines()));
});
