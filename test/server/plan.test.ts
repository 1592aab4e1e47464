/** The plan of a job by REST. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blackhole, generate, job, record, t } from 'millrace';
import { whileServed } from './served.ts';

const Tick = record({ n: t.int32 });

const described = job(import.meta, 'described', (flow) => {
  flow
    .from(generate({ schema: Tick, count: 2_000_000_000, row: (n) => ({ n }) }), {
      name: 'ticks',
      rate: flow.param('rate', 50),
    })
    .description('One tick after the other')
    .filter(({ n }) => n > 3)
    .name('late')
    .startNewChain()
    .to(blackhole())
    .description('Where they end');
});

test('the plan has descriptions of steps in place of their names, vertices have the names', async () => {
  await whileServed(
    { params: { rate: 50 } },
    async ({ ask, id }) => {
      const { body } = await ask(`/jobs/${id}`);
      const { plan, vertices } = body as {
        plan: { nodes: { description: string }[] };
        vertices: { name: string }[];
      };
      assert.deepEqual(
        plan.nodes.map(({ description }) => description),
        ['One tick after the other', 'late > Where they end'],
      );
      assert.deepEqual(
        vertices.map(({ name }) => name),
        ['ticks', 'late > blackhole'],
      );
      assert.deepEqual((await ask(`/jobs/${id}/plan`)).body, { plan });
    },
    described,
  );
});

const bounded = job(import.meta, 'bounded', (flow) => {
  const ticks = flow.from(generate({ schema: Tick, count: 2_000_000_000, row: (n) => ({ n }) }), {
    rate: flow.param('rate', 50),
  });
  const sums = ticks.keyBy('n').sum('n').maxParallelism(40);
  sums.keyBy('n').max('n').to(blackhole()).maxParallelism(30);
});

test('a vertex has as many subtasks at most as the steps of it may have', async () => {
  await whileServed(
    { params: { rate: 50 }, parallelism: 2, maxParallelism: 50 },
    async ({ ask, id }) => {
      const { body } = await ask(`/jobs/${id}`);
      const { maxParallelism, vertices } = body as {
        maxParallelism: number;
        vertices: { id: string; maxParallelism: number }[];
      };
      assert.equal(maxParallelism, 50);
      const bounds = vertices.map((vertex) => vertex.maxParallelism);
      assert.deepEqual(bounds, [50, 40, 30]);
      for (const [n, vertex] of vertices.entries()) {
        const { body: one } = await ask(`/jobs/${id}/vertices/${vertex.id}`);
        assert.equal((one as { maxParallelism: number }).maxParallelism, bounds[n]);
      }
    },
    bounded,
  );
});
