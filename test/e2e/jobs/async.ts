/** Jobs of asynchronous functions, and what plain loops make of the same records. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { generate, job, monotonous, record, t, tumbling } from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const COUNT = 6000;
const NAMES = 50;

const Call = record({ id: t.int32, name: t.int32, time: t.timestamp });
const call = (id: number) => ({ id, name: id % NAMES, time: id });

/** Answers after a while: sooner for some than for others. */
async function rate(id: number, signal: AbortSignal): Promise<number> {
  await delay(id % 7, undefined, { signal });
  return id * 2;
}

/** Each name is looked up, each call is rated, and every hundred calls are counted. */
export const rating = job(import.meta, 'rating', (flow) => {
  const rated = flow
    .from(heldRows(flow, { schema: Call, count: COUNT, row: call }), {
      rate: flow.param('rate', 0),
    })
    .eventTime('time', monotonous())
    .lookup('name', async (name) => `name ${name}`, { cache: { maxEntries: 20 } })
    .apply(({ id }, name) => ({ id, name }))
    .mapAsync(async ({ id, name }, { signal }) => ({ id, name, rate: await rate(id, signal) }), {
      capacity: 200,
      ordered: flow.param('ordered', true),
    });
  rated.to(files(flow.param('out', 'rated'), jsonLines()));
  const counts = rated
    .keyBy('name')
    .window(tumbling(100))
    .aggregate(({ count, sum }) => ({ calls: count(), total: sum('rate') }));
  return { counts };
});

export const expectedRates = () =>
  Array.from({ length: COUNT }, (_, id) => ({ id, name: `name ${id % NAMES}`, rate: id * 2 }));

export const expectedCalls = COUNT;

/** Waits for ever. Notes in the folder `notes` where it has been called, and closed: a thread that is ended does not come to that. */
export const waiting = job(import.meta, 'waiting', (flow) => {
  const notes = flow.param('notes', '');
  const note = (what: string): void => writeFileSync(join(notes, `${what} in ${threadId}`), '');
  const answers = flow.from(generate({ schema: Call, count: COUNT, row: call })).mapAsync(
    ({ id }, { signal }) =>
      new Promise<number>((resolve) => {
        if (id < 0) resolve(id);
        if (id > 1) return;
        note('called');
        signal.addEventListener('abort', () => note('closed'));
      }),
  );
  return { answers };
});

/** One of its calls is refused, later. */
export const refusing = job(import.meta, 'refusing', (flow) => {
  const answers = flow.from(generate({ schema: Call, count: COUNT, row: call })).mapAsync(
    async ({ id }) => {
      await delay(1);
      if (id === 700) throw new Error('refused 700');
      return id;
    },
    { ordered: false },
  );
  return { answers };
});
