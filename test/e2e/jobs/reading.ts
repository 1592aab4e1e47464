/** Reads any of the file formats, by the extension of its input. */
import { blackhole, job, record, t } from 'millrace';
import { csv, files, jsonLines, type MalformedPolicy, parquet } from 'millrace/connectors/files';

const Row = record({ n: t.int32, s: t.string });

export const reading = job(import.meta, 'reading', (flow) => {
  const input = flow.param('input', '');
  const onMalformed = flow.param('onMalformed', 'fail') as MalformedPolicy;
  const format = input.endsWith('.jsonl')
    ? jsonLines(Row)
    : input.endsWith('.parquet')
      ? parquet(Row)
      : csv(Row);
  flow.from(files(input, format, { onMalformed })).to(blackhole());
});
