/** Rows of 300 KB: through an exchange, a batch of 4096 of them would be over a GB. */
import { generate, job, record, t } from 'millrace';

export const ROWS = 1500;
const TEXT = 'x'.repeat(300_000);

const Heavy = record({ n: t.int32, text: t.string });

const heavyRow = (n: number) => ({ n, text: `${TEXT}${n}` });

export const summary = ({ n, text }: { n: number; text: string }) => ({
  n,
  length: text.length,
  end: text.slice(-4),
});

/** What `summaries` of each job are, in the order of `n`. */
export const expectedSummaries = Array.from({ length: ROWS }, (_, n) => summary(heavyRow(n)));

export const typedHeavy = job(import.meta, 'typed heavy rows', (flow) => ({
  summaries: flow
    .from(generate({ count: ROWS, schema: Heavy, row: heavyRow }))
    .rebalance()
    .map(summary),
}));

export const freeFormHeavy = job(import.meta, 'free-form heavy rows', (flow) => ({
  summaries: flow
    .from(generate({ count: ROWS, row: heavyRow }))
    .rebalance()
    .map(summary),
}));

/** The heavy part lies in a value without a kind. */
export const nestedHeavy = job(import.meta, 'nested heavy rows', (flow) => ({
  summaries: flow
    .from(generate({ count: ROWS, row: (n) => ({ n, page: { text: heavyRow(n).text } }) }))
    .rebalance()
    .map(({ n, page }) => summary({ n, text: page.text })),
}));
