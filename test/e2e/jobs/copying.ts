/** Copies rows from files to files. */
import { job, record, t } from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';

const Row = record({ n: t.int32, label: t.string });

export const copying = job(import.meta, 'copying', (flow) => {
  flow
    .from(files(flow.param('input', 'in'), jsonLines(Row)))
    .map(({ n, label }) => ({ n, label }))
    .to(files(flow.param('out', 'out'), jsonLines()));
});
