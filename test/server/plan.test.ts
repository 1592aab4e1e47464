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
