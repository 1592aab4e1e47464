/** Copies parts that come into a folder while the job runs, each a split of its own. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { job, record, t } from 'millrace';
import { defineSource } from 'millrace/connectors';
import { csv, files } from 'millrace/connectors/files';

const Row = record({ n: t.int32 });

/** Numbers of a part, ten at a time; none can be listed while there is a file `closed`, and `twice` makes nonsense of the list. */
const partsOf = (folder: string) =>
  defineSource({
    name: 'parts',
    schema: Row,
    start: 0,
    discover: '10 ms',
    splits() {
      if (existsSync(`${folder}/closed`)) throw new Error('the folder is closed');
      const names = readdirSync(`${folder}/parts`).filter((name) => !name.endsWith('.tmp'));
      const isTwice = existsSync(`${folder}/twice`);
      const all = isTwice ? [...names, ...names] : names;
      return all.sort().map((name) => ({ id: name, detail: { name } }));
    },
    async *read({ position, split, signal }) {
      const text = readFileSync(`${folder}/parts/${split.detail.name}`, 'utf8');
      const numbers = text.trimEnd().split('\n').map(Number);
      for (let at = position; at < numbers.length; at += 10) {
        await sleep(1, null, { signal });
        yield { records: numbers.slice(at, at + 10).map((n) => ({ n })), position: at + 10 };
      }
    },
  });

export const finding = job(import.meta, 'finding', (flow) => {
  const folder = flow.param('folder', '');
  const failAt = flow.param('failAt', -1);
  flow
    .from(partsOf(folder), { rate: flow.param('rate', 100_000) })
    .map((row) => {
      if (row.n === failAt && !existsSync(`${folder}/failed`)) {
        writeFileSync(`${folder}/failed`, '');
        throw new Error('fails once');
      }
      return row;
    })
    .to(files(`${folder}/out`, csv(), { existing: 'keep', rolling: { onCheckpoint: true } }));
});
