/** From standard input to standard output: piped-job.ts <format> <format> <threads> [cancel | drain], after the first row. */
import { isMainThread } from 'node:worker_threads';
import { job, record, t } from 'millrace';
import { csv, type FileFormat, jsonLines, text } from 'millrace/connectors/files';
import { stdin, stdout } from 'millrace/connectors/net';

const Row = record({ n: t.int32, text: t.string });
const INPUTS: Readonly<Record<string, FileFormat>> = {
  csv: csv(Row) as FileFormat,
  text: text() as FileFormat,
};
const OUTPUTS: Readonly<Record<string, FileFormat>> = {
  csv: csv() as FileFormat,
  jsonLines: jsonLines(),
};
const [input, output, threads, end] = process.argv.slice(2);

const piped = job(import.meta, 'piped', (flow) => {
  // Slow, there is still something to do when it is drained.
  const source = flow.from(stdin(INPUTS[input!]!), end === 'drain' ? { rate: 20_000 } : {});
  source.to(stdout(OUTPUTS[output!]!)).parallelism(1);
});

if (isMainThread) {
  const client = await piped.start({ threads: Number(threads) });
  if (end !== undefined) {
    while ((client.status().operators.at(-1)?.recordsIn ?? 0) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await (end === 'drain' ? client.stop({ drain: true }) : client.cancel());
  }
  await client.result().catch((error: unknown) => {
    if (end !== 'cancel') throw error;
  });
}
