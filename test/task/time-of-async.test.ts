/** Time goes on in a chain whose asynchronous step has all the calls that it may: a slow service, and more records than it takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { job } from '../../src/api/job.ts';
import type { Stream } from '../../src/api/stream.ts';
import { tumbling } from '../../src/api/windows.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { monotonous } from '../../src/time/strategies.ts';

type Row = { n: number; time: number };

const STEPS: Record<string, (rows: Stream<Row>) => Stream<Row>> = {
  mapAsync: (rows) => rows.mapAsync((row) => delay(1, row)),
  flatMapAsync: (rows) => rows.flatMapAsync((row) => delay(1, [row])),
  lookup: (rows) => rows.lookup('n', () => delay(1, 0)).apply((row) => row),
};

for (const [name, step] of Object.entries(STEPS)) {
  test(`windows behind ${name} of an endless source fire`, { timeout: 20_000 }, async () => {
    const endless = job(import.meta, `endless ${name}`, (flow) => {
      const rows = flow
        .from(generate({ row: (n): Row => ({ n, time: n }) }), { parallelism: 1 })
        .eventTime('time', monotonous());
      const counts = step(rows)
        .windowAll(tumbling('1 s'))
        .aggregate(({ count }) => ({ rows: count() }));
      return { counts };
    });
    const client = await endless.start({ threads: 0 });
    let windows = 0;
    for await (const { rows } of client.outputs.counts) {
      assert.equal(rows, 1000);
      windows++;
      if (windows === 3) break;
    }
    await client.cancel();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
  });
}
