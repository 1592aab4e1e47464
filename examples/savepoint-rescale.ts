/**
 * Ends a job with a savepoint, and goes on from it with more subtasks: nothing is counted twice, nothing is missing.
 *
 *   stopped
 *   finished by 3 subtasks
 *   machine 0: 10000 readings
 *   machine 1: 10000 readings
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, job, monotonous, record, t, tumbling } from 'millrace';

const Reading = record({ machine: t.int32, time: t.timestamp });

const readings = job(import.meta, 'readings', (flow) => {
  const row = (i: number) => ({ machine: i % 2, time: i });
  const counts = flow
    .from(generate({ schema: Reading, count: 20_000, row }), { rate: flow.param('rate', 0) })
    .eventTime('time', monotonous())
    .keyBy('machine')
    .window(tumbling('1 min'))
    .aggregate(({ count }) => ({ readings: count() }))
    // State is found again under this name, also when the job around it has changed.
    .uid('counts');
  return { counts };
});

const folder = mkdtempSync(join(tmpdir(), 'readings-'));
const savepoint = join(folder, 'monday');

const params = { rate: 2000 };
const client = await readings.start({ threads: 0, parallelism: 1, params, outputs: false });
while (client.status().records < 500) await sleep(10);
const { state } = await client.stop({ savepoint });
console.log(state);

const parallelism = 3;
const { counts } = await readings.collect({ threads: 0, parallelism, restoreFrom: savepoint });
console.log(`finished by ${parallelism} subtasks`);
for (const { machine, readings } of counts.toSorted((a, b) => a.machine - b.machine)) {
  console.log(`machine ${machine}: ${readings} readings`);
}
rmSync(folder, { recursive: true });
