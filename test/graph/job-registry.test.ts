/** Which jobs stay known by their names, and which go with the program's own hold on them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { findJob, interceptRuns, jobsOf } from '../../src/graph/job-registry.ts';
import { collector } from '../collector.ts';

const JOBS = 2000;

const first = job(import.meta, 'first', (flow) => ({ rows: flow.from(collection([{ n: 1 }])) }));

const { jobs } = (globalThis as unknown as Record<symbol, { readonly jobs: Map<string, unknown> }>)[
  Symbol.for('millrace.jobs')
]!;

/** As a program does that makes a job of what it is asked for. */
async function runOne(name: string): Promise<WeakRef<object>> {
  const rows = [{ n: 1 }];
  const made = job(import.meta, name, (flow) => ({ rows: flow.from(collection(rows)) }));
  const got = await made.collect({ threads: 0 });
  assert.deepEqual(got, { rows: [{ n: 1 }] });
  return new WeakRef(rows);
}

test('jobs that are made inside a function, and over, are forgotten with all that they are made of', async () => {
  const collect = collector();
  const rows: WeakRef<object>[] = [];
  for (let n = 0; n < 20; n++) rows.push(await runOne(`made ${n}`));
  await collect();
  const left = rows.filter((one) => one.deref() !== undefined).length;
  assert.ok(left <= 1, `the rows of ${left} jobs are kept`);

  let most = 0;
  for (let n = 0; n < JOBS; n++) {
    job(import.meta, `defined ${n}`, (flow) => ({ rows: flow.from(collection([{ n }])) }));
    if (n % 100 === 0) await collect();
    most = Math.max(most, jobs.size);
  }
  assert.ok(most <= 600, `${most} names are kept`);
  assert.equal(findJob(import.meta.url, 'first').name, first.name);
});

test('a thread that imports modules for their jobs keeps those that nobody else does', async () => {
  const collect = collector();
  interceptRuns(() => {});
  for (let n = 0; n < 300; n++) {
    job(import.meta, `imported ${n}`, (flow) => ({ rows: flow.from(collection([{ n }])) }));
  }
  await collect();
  job(import.meta, 'the last', (flow) => ({ rows: flow.from(collection([{ n: 1 }])) }));
  const names = jobsOf(import.meta.url).map(({ name }) => name);
  assert.equal(names.filter((name) => name.startsWith('imported')).length, 300);
});
