/** Looks into the threads of a job: by the calling thread, and by workers that sleep, or work. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { blackhole, generate, job, monotonous, record, t } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { inspected } from '../e2e/jobs/inspected.ts';
import { type Served, TOKEN, whileServed } from './served.ts';

type Flame = { name: string; value: number; children: readonly Flame[] };
type Plan = {
  plan: { nodes: { id: string; description: string; inputs: { edge: string }[] }[] };
};

/** How often a thread may have too little of a processor to answer in time. */
const SILENT_TIMES_MAX = 20;

/** With the token. Where a thread is silent, though it is not to be, it is asked again: that is what the answer says. */
async function look<T>(served: Served, path: string, status = 200): Promise<T> {
  const ask = async () => await served.change('GET', `/jobs/${served.id}${path}`);
  let found = await ask();
  for (let n = 0; n < SILENT_TIMES_MAX && found.status === 503 && status !== 503; n++) {
    found = await ask();
  }
  assert.equal(found.status, status, `${path}: ${found.text}`);
  return found.body as T;
}

async function nodeOf(served: Served, step: string) {
  const { plan } = await look<Plan>(served, '/plan');
  const node = plan.nodes.find(({ description }) => description.includes(step));
  assert.ok(node, step);
  return node;
}

async function untilFlowing({ client }: Served): Promise<void> {
  while (client.metrics().records < 100) await delay(10);
}

function namesIn(flame: Flame): string[] {
  return [flame.name, ...flame.children.flatMap(namesIn)];
}

const keyOf = (user: string): string => encodeURIComponent(JSON.stringify(user));
const KEY = keyOf('user 3');
/** Of the job: few enough that it is never behind, so that records cross its edges all the time, however busy the machine is. */
const RATE = 200;

for (const threads of [0, 2]) {
  test(`states by key, threads: ${threads}`, async () => {
    await whileServed(
      { threads, parallelism: 2, params: { rate: RATE } },
      async (served) => {
        await untilFlowing(served);
        const value = async (state: string, key = KEY): Promise<unknown> => {
          const path = `/states/kept/${state}/lookup?key=${key}`;
          const { found, value } = await look<{ found: boolean; value: unknown }>(served, path);
          return found ? value : 'not found';
        };
        // Each subtask has come to its own keys, and each rolling sum.
        for (let n = 0; n < 5; n++) {
          while ((await value('first', keyOf(`user ${n}`))) === 'not found') await delay(10);
        }
        const mostOf = async () =>
          await look<{ found: boolean; value: { 'max n': number } }>(
            served,
            `/states/most/values/lookup?key=${KEY}`,
          );
        while (!(await mostOf()).found) await delay(10);
        assert.equal(await value('first'), 3);
        assert.deepEqual(await value('some'), [3, -1]);
        assert.deepEqual(await value('byParity'), [['even', 3]]);
        assert.deepEqual(await value('place'), { user: 'user 3', n: 3 });
        assert.ok(((await value('sum')) as number) > 0);
        assert.equal(await value('never'), 'not found');
        assert.equal(await value('first', keyOf('user 7')), 'not found');
        assert.equal(await value('first', encodeURIComponent('{"user":"user 3"}')), 3);
        const most = await mostOf();
        assert.ok(most.value['max n'] > 0, JSON.stringify(most));
        const { operators } = await look<{
          operators: { name: string; keys: number; states: { name: string; keys: number }[] }[];
        }>(served, '/states');
        const kept = operators.find(({ name }) => name === 'kept')!;
        assert.equal(kept.keys, 5);
        assert.deepEqual(
          kept.states.map(({ name, keys }) => [name, keys]),
          [
            ['first', 5],
            ['sum', 5],
            ['some', 5],
            ['byParity', 5],
            ['place', 5],
            ['never', 0],
          ],
        );
      },
      inspected,
    );
  });

  test(`records that cross an edge, threads: ${threads}`, async () => {
    await whileServed(
      { threads, parallelism: 2, params: { rate: RATE } },
      async (served) => {
        await untilFlowing(served);
        const [{ edge }] = (await nodeOf(served, 'kept')).inputs as [{ edge: string }];
        const { records, sampled } = await look<{ records: object[]; sampled: number }>(
          served,
          `/edges/${edge}/tap?records=7`,
        );
        assert.equal(records.length, 7);
        assert.ok(sampled >= 7);
        for (const record of records) assert.deepEqual(Object.keys(record), ['n', 'user', 'at']);
        const quiet = (await nodeOf(served, 'idle')).inputs[0]!.edge;
        const both = await Promise.all(
          [1, 2].map(() => served.change('GET', `/jobs/${served.id}/edges/${quiet}/tap`)),
        );
        const [nothing, busy] = both.sort((a, b) => a.status - b.status);
        assert.deepEqual(nothing!.body, { records: [], sampled: 0 });
        assert.equal(busy!.status, 409);
        const once = await look<{ records: object[] }>(served, `/edges/${edge}/tap?records=1`);
        assert.equal(once.records.length, 1, 'it can be looked at again');
      },
      inspected,
    );
  });

  test(`where a vertex spends its time, and the stacks of threads, threads: ${threads}`, async () => {
    await whileServed(
      { threads, parallelism: 2, params: { rate: 2000 } },
      async (served) => {
        await untilFlowing(served);
        const { id } = await nodeOf(served, 'kept');
        const path = `/vertices/${id}/flamegraph?seconds=1`;
        const both = await Promise.all(
          [path, path].map((one) => served.ask(`/jobs/${served.id}${one}`)),
        );
        const [found, busy] = both.sort((a, b) => a.status - b.status).map(({ body }) => body) as [
          { endTimestamp: number; data: Flame },
          { errors: string[] },
        ];
        assert.match(busy.errors[0]!, /a profile is being taken already/);
        const names = namesIn(found.data);
        assert.ok(
          names.some((name) => /^turnTheCrank \(.*inspected\.[jt]s:\d+\)/.test(name)),
          names.join('\n'),
        );
        assert.ok(
          found.data.children.reduce((sum, { value }) => sum + value, 0) <= found.data.value,
        );
        const other = await nodeOf(served, 'ticks');
        const source = await look<{ data: Flame }>(
          served,
          `/vertices/${other.id}/flamegraph?seconds=1`,
        );
        assert.ok(!namesIn(source.data).some((name) => /turnTheCrank|onRecord/.test(name)));
        const dump = await look<{ threads: { name: string; stack: string[] }[] }>(
          served,
          '/thread-dump',
        );
        assert.deepEqual(
          dump.threads.map(({ name }) => name).sort(),
          ['caller', 'millrace 0', 'millrace 1'].slice(0, threads + 1),
        );
        for (const { stack } of dump.threads) assert.ok(stack.length > 0);
      },
      inspected,
    );
  });
}

test('a thread in a step that does not end is told as such', async () => {
  await inFolder(async (folder) => {
    const hold = join(folder, 'hold');
    writeFileSync(hold, '');
    await whileServed(
      { threads: 1, params: { hold } },
      async (served) => {
        while (!existsSync(`${hold}.held`)) await delay(10);
        const { threads } = await look<{ threads: { name: string; stack: string[] }[] }>(
          served,
          '/thread-dump',
        );
        const { stack } = threads.find(({ name }) => name === 'millrace 0')!;
        assert.match(stack[0]!, /did not answer: it is in a step of '.*kept/);
        for (const path of ['/states', `/states/kept/first/lookup?key=${KEY}`]) {
          const { errors } = await look<{ errors: string[] }>(served, path, 503);
          assert.match(errors[0]!, /a thread does not answer/, path);
        }
      },
      inspected,
    );
  });
});

test('keys of 64 bits are looked up to the last digit', async () => {
  const Sum = record({ id: t.int64, n: t.int32 });
  const FIRST = 2n ** 60n;
  const sums = job(import.meta, 'sums', (flow) => {
    const row = (n: number) => ({ id: FIRST + BigInt(n % 4), n: n % 4 });
    flow
      .from(generate({ schema: Sum, row }), { rate: flow.param('rate', 1000) })
      .keyBy('id')
      .max('n')
      .uid('most')
      .to(blackhole());
  });
  await whileServed(
    {},
    async (served) => {
      await untilFlowing(served);
      for (let n = 0; n < 4; n++) {
        const id = FIRST + BigInt(n);
        for (const key of [`${id}`, `"${id}"`, `[${id}]`, `{"id": ${id}}`]) {
          const path = `/states/most/values/lookup?key=${encodeURIComponent(key)}`;
          const { value } = await look<{ value: object | null }>(served, path);
          assert.deepEqual(value, { 'max n': n }, key);
        }
      }
    },
    sums,
  );
});

test('watermarks are whole numbers, also between two', async () => {
  const halves = job(import.meta, 'halves', (flow) => {
    flow
      .from(generate({ row: (n) => ({ time: n + 0.5 }) }), { rate: flow.param('rate', 1000) })
      .eventTime('time', monotonous())
      .to(blackhole());
  });
  await whileServed(
    {},
    async (served) => {
      await untilFlowing(served);
      const found = await look<{ value: string }[]>(served, '/vertices/0/watermarks');
      for (const { value } of found) assert.match(value, /^\d+$/);
    },
    halves,
  );
});

test('threads of a job that waits for its next attempt are not there to be asked', async () => {
  const fails = job(import.meta, 'fails and waits', (flow) => {
    flow
      .from(generate({ row: (n) => ({ key: n % 4, n }) }), { rate: flow.param('rate', 1000) })
      .map((row): typeof row => {
        if (row.n === 5) throw new Error('five');
        return row;
      })
      .keyBy('key')
      .max('n')
      .uid('most')
      .to(blackhole());
  });
  await inFolder(async (dir) => {
    await whileServed(
      { checkpoints: { dir }, restart: { strategy: 'fixedDelay', delay: '1 min' } },
      async (served) => {
        while (!served.client.metrics().isRestarting) await delay(10);
        for (const path of ['/states', '/states/most/values/lookup?key=1', '/thread-dump']) {
          const { errors } = await look<{ errors: string[] }>(served, path, 409);
          assert.match(errors[0]!, /'fails and waits' has failed, and waits/, path);
        }
      },
      fails,
    );
  });
});

test('what reveals records needs the token where there is one', async () => {
  await whileServed({}, async (served) => {
    const paths = [
      ...['/edges/0-1/tap', '/states/totals/total/lookup?key=1'],
      ...['/exceptions', '/logs'],
    ];
    for (const path of paths) {
      const url = `/jobs/${served.id}${path}`;
      assert.equal((await served.ask(url)).status, 401, path);
      const headers = { Authorization: `Bearer ${TOKEN}x` };
      assert.equal((await served.ask(url, { headers })).status, 401, path);
    }
  });
});

test('questions that make no sense', async () => {
  await whileServed({}, async (served) => {
    const wrong: readonly [number, string, RegExp][] = [
      [400, '/edges/0-1/tap?records=0', /records is a whole number from 1 to 1000/],
      [400, '/edges/0-1/tap?records=1e3', /got '1e3'/],
      [400, '/edges/0-1/tap?records=1001', /got '1001'/],
      [404, '/edges/__proto__/tap', /no edge/],
      [404, '/edges/..%2f..%2fetc/tap', /no edge/],
      [400, '/vertices/1/flamegraph?seconds=61', /seconds is a whole number from 1 to 60/],
      [400, '/vertices/1/flamegraph?seconds=-1', /got '-1'/],
      [404, '/vertices/9/flamegraph', /no vertex '9'/],
      [400, '/states/totals/total/lookup', /key is missing/],
      [400, '/states/totals/total/lookup?key=', /key is JSON/],
      [400, `/states/totals/total/lookup?key=${'%5B'.repeat(4000)}`, /key is JSON/],
      [400, '/states/totals/total/lookup?key=%22a%22', /'key' of a key of this state is of type/],
      [400, '/states/totals/total/lookup?key=%5B1,2%5D', /a key of this state is one value/],
      [400, '/states/totals/total/lookup?key=%7B%22__proto__%22:1%7D', /of type int32/],
      [404, '/states/totals/constructor/lookup?key=1', /no state/],
      [404, '/states/__proto__/total/lookup?key=1', /no operator/],
    ];
    for (const [status, path, message] of wrong) {
      const { errors } = await look<{ errors: string[] }>(served, path, status);
      assert.match(errors[0]!, message, path);
    }
    assert.equal(served.client.status().state, 'running');
  });
});

test('the log, from where one has read it', async () => {
  await whileServed({}, async (served) => {
    const all = await look<{ entries: { seq: number; message: string }[] }>(served, '/logs');
    assert.match(all.entries[0]!.message, /^attempt 1 runs/);
    const { seq } = all.entries.at(-1)!;
    assert.deepEqual(await look(served, `/logs?after=${seq}`), { entries: [] });
    await look(served, '/logs?after=-1', 400);
    assert.equal((await served.ask(`/jobs/${served.id}/logs`)).status, 401);
  });
});
