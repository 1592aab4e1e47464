/** Jobs of connectors that the kit has made. */
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { job, record, t } from 'millrace';
import { defineSink, defineSource, poll, send } from 'millrace/connectors';

const Row = record({ n: t.int32 });
type Row = { readonly n: number };

/** Rows that were committed, by the token that they were staged under. */
export const committed = new Map<string, readonly number[]>();

/** Pages of a service that has two shards of so many rows. */
function shards(rows: number) {
  return defineSource({
    name: 'shards',
    schema: Row,
    start: 0,
    splits: () => [0, 1].map((shard) => ({ id: `${shard}`, detail: { shard } })),
    async *read({ position, split, signal }) {
      for (let from = position; from < rows; from += 10) {
        await sleep(1, null, { signal });
        const numbers = Array.from({ length: 10 }, (_, i) => 2 * (from + i) + split.detail.shard);
        yield { records: numbers.map((n) => ({ n })), position: from + 10 };
      }
    },
  });
}

function staging() {
  return defineSink({
    name: 'staging',
    open({ runId, subtask }) {
      let waiting: number[] = [];
      let tokens = 0;
      return {
        async write(rows: readonly Row[]) {
          await sleep(1);
          waiting.push(...rows.map(({ n }) => n));
        },
        async preCommit() {
          await sleep(1);
          const numbers = waiting;
          waiting = [];
          return [{ token: `${runId}-${subtask}-${tokens++}`, numbers }];
        },
      };
    },
    commit(all) {
      for (const { token, numbers } of all) committed.set(token, numbers);
    },
  });
}

/** Fails once, half-way. */
export const failing = job(import.meta, 'kit failing', (flow) => {
  const marker = flow.param('marker', '');
  flow
    .from(shards(200))
    .map((row) => {
      if (row.n === 250 && !existsSync(marker)) {
        writeFileSync(marker, '');
        throw new Error('a bug');
      }
      return row;
    })
    .to(staging());
});

/** Its source never answers. */
export const silent = job(import.meta, 'kit silent', (flow) => {
  flow
    .from(poll(() => new Promise<null>(() => {}), { schema: Row }))
    .to(send(() => new Promise<void>(() => {}), { maxRows: 1 }));
});

/** Its sink never answers. */
export const stuck = job(import.meta, 'kit stuck', (flow) => {
  flow.from(shards(1000)).to(send(() => new Promise<void>(() => {}), { maxRows: 1 }));
});

/** Its source fails behind its first page, or its sink at its first row. */
export const broken = job(import.meta, 'kit broken', (flow) => {
  const isSink = flow.param('sink', false);
  const numbers = poll(
    async (after) => {
      if (after === 1 && !isSink) throw new Error('connection reset');
      return { records: [{ n: after }], position: after + 1 };
    },
    { start: 0, every: '1 ms' },
  );
  flow.from(numbers).to(
    send(
      async () => {
        if (isSink) throw new Error('HTTP 500');
      },
      { maxRows: 1 },
    ),
  );
});
