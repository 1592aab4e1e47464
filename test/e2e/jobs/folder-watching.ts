/** Copies what comes into a folder. */
import { job, record, t } from 'millrace';
import { csv, files } from 'millrace/connectors/files';

const Row = record({ n: t.int32 });

export const copying = job(import.meta, 'copying', (flow) => {
  const folder = flow.param('folder', '');
  flow
    .from(files(`${folder}/in`, csv(Row), { watch: { every: '10 ms', settle: 0 } }), {
      rate: flow.param('rate', 100_000),
    })
    .to(files(`${folder}/out`, csv(), { existing: 'keep', rolling: { onCheckpoint: true } }));
});
