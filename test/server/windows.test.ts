/** Windows that are open, as those see them who watch the job. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { windowed } from '../e2e/jobs/windowed.ts';
import { type Served, whileServed } from './served.ts';

type State = { name: string; kind: string; keys: number | null; windows: number | null };
type States = { operators: { id: string; name: string; keys: number | null; states: State[] }[] };

/** What a key has; undefined for nothing, or before the job is at work. */
async function kept(served: Served, operator: string, state: string, of: unknown = 'user 1') {
  const key = encodeURIComponent(JSON.stringify(of));
  const path = `/states/${operator}/${encodeURIComponent(state)}/lookup?key=${key}`;
  const { body } = await served.change('GET', `/jobs/${served.id}${path}`);
  const { found = false, value } = body as { found?: boolean; value?: unknown };
  return found ? value : undefined;
}

/** All records are in, and every watermark has come. */
async function untilStill({ client }: Served): Promise<void> {
  const isStill = (): boolean => {
    const { tasks } = client.metrics();
    const subtasks = tasks.filter(({ isSource }) => !isSource).flatMap((task) => task.subtasks);
    return subtasks.length > 0 && subtasks.every(({ watermark }) => watermark === 19);
  };
  while (!isStill()) await delay(10);
}

const row = (n: number) => ({ n, user: 'user 1', at: n });
const LATEST = [row(17), row(19)];
const latest = (values: unknown) => [{ start: 16, end: 24, values }];

for (const threads of [0, 2]) {
  test(`windows of a key, and how many there are, threads: ${threads}`, async () => {
    await whileServed(
      { threads, parallelism: 2, params: { rate: 2000 } },
      async (served) => {
        await untilStill(served);
        assert.deepEqual(
          await kept(served, 'tumbling', 'panes'),
          latest({ count: 2, 'sum n': 36, last: [19] }),
        );
        assert.deepEqual(await kept(served, 'sliding', 'panes'), [
          { start: 16, end: 20, values: { 'max n': 19 } },
        ]);
        assert.deepEqual(await kept(served, 'sessions', 'windows', 'user 0'), [
          { start: 0, end: 118, values: { count: 10 } },
        ]);
        assert.deepEqual(
          await kept(served, 'rows', 'windows'),
          latest({ rows: LATEST, times: [17, 19] }),
        );
        assert.equal(await kept(served, 'rows', 'fired'), 2);
        assert.deepEqual(await kept(served, 'counted', 'windows'), {
          records: 10,
          panes: [{ 'sum n': 36 }],
        });
        const { body } = await served.change('GET', `/jobs/${served.id}/states`);
        const { operators } = body as States;
        const ahead = operators.find(({ id }) => id.startsWith('odd or even/'))!;
        assert.deepEqual(
          await kept(served, encodeURIComponent(ahead.id), 'partial panes', 1),
          latest({ 'sum n': 36, count: 2 }),
        );
        assert.equal(await kept(served, encodeURIComponent('odd or even'), 'panes', 1), undefined);
        assert.deepEqual(await kept(served, 'each', 'windows', 7), [
          { start: 7, end: 107, values: { count: 1 } },
        ]);
        assert.equal(await kept(served, 'each', 'windows', 20), undefined);
        for (const side of ['left', 'right']) {
          assert.deepEqual(await kept(served, 'joined', `${side} rows`), latest(LATEST));
        }
        assert.deepEqual(await kept(served, 'near', 'left rows'), [
          { start: 0, end: 1000, values: [row(19)] },
        ]);
        assert.equal(await kept(served, 'near', 'right rows'), undefined, 'they are over');
        assert.deepEqual(await kept(served, 'begun', 'matches'), [
          { one: [row(1)], other: [] },
          { one: [row(3)], other: [] },
        ]);
        assert.equal(await kept(served, 'begun', 'others'), undefined);
        for (const [operator, state] of [
          ['begun', 'matches'],
          ['tumbling', 'panes'],
          ['rows', 'windows'],
          ['joined', 'left rows'],
        ] as const) {
          assert.equal(await kept(served, operator, state, 'user 2'), undefined, operator);
        }
        const rowsTo = (name: string): number[] => {
          const { tasks, exchanges } = served.client.metrics();
          const task = tasks.find((one) => one.name.startsWith(name))!;
          return exchanges.filter(({ toTask }) => toTask === task.id).map(({ rows }) => rows);
        };
        assert.deepEqual(rowsTo('sessions'), [20]);
        assert.deepEqual(rowsTo('near'), [20, 20]);
        const [partials] = rowsTo('tumbling');
        assert.ok(partials! >= 6 && partials! <= 20, `${partials} rows of 2 users and 3 windows`);
        assert.deepEqual(
          Object.fromEntries(
            operators.map(({ id, keys, states }) => [
              id.replace(/\/\d+$/, ' ahead'),
              [keys, ...states.map(({ name, keys, windows }) => [name, keys, windows])],
            ]),
          ),
          {
            tumbling: [2, ['panes', 2, 2]],
            sliding: [2, ['panes', 2, 2]],
            sessions: [2, ['windows', 2, 2]],
            rows: [2, ['windows', 2, 2], ['fired', 2, null]],
            'sliding ahead': [0, ['partial panes', 0, 0]],
            'odd or even ahead': [2, ['partial panes', 2, 2]],
            'odd or even': [0, ['panes', 0, 0]],
            each: [20, ['windows', 20, 20]],
            counted: [2, ['windows', 2, null]],
            joined: [2, ['left rows', 2, 2], ['right rows', 2, 2]],
            begun: [2, ['matches', 2, null]],
            near: [2, ['left rows', 2, 2], ['right rows', 2, 2]],
          },
        );
      },
      windowed,
    );
  });
}
