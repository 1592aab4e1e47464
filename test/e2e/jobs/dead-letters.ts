/** Good rows and dead letters of one folder of CSV files. */
import { job, record, t } from 'millrace';
import { csv, files } from 'millrace/connectors/files';

const Row = record({ n: t.int32, s: t.string });

export const deadLetters = job(import.meta, 'dead letters', (flow) => {
  const rows = flow.from(files(flow.param('input', ''), csv(Row), { onMalformed: 'deadLetter' }));
  const bad = rows
    .deadLetters()
    .keyBy('reason')
    .reduce((_, next) => next);
  return { good: rows.map((row) => row.n), bad: rows.deadLetters(), reasons: bad };
});

export const unread = job(import.meta, 'unread', (flow) => {
  const rows = flow.from(files(flow.param('input', ''), csv(Row), { onMalformed: 'deadLetter' }));
  return { rows };
});

export const unasked = job(import.meta, 'unasked', (flow) => {
  const rows = flow.from(files(flow.param('input', ''), csv(Row)));
  return { rows, bad: rows.deadLetters() };
});
