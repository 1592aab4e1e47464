/** A run may ask that each step with state has a uid of its own: one that is made changes with the job, and its state is lost. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runSettings } from '../../src/cli/config/settings.ts';
import type { RunFlags } from '../../src/cli/run-options.ts';
import { collection, job } from '../../src/index.ts';
import { inFolder } from '../connector/read-all.ts';

const ROWS = [{ key: 1, n: 2 }];

test('steps with state and without a uid are refused, all of them by name', async () => {
  const some = job(import.meta, 'some', (flow) => {
    const rows = flow.from(collection(ROWS)).filter(() => true);
    rows.keyBy('key').sum('n').name('turnover').print('one');
    rows.keyBy('key').max('n').uid('most').print('two');
  });
  await assert.rejects(some.run({ threads: 0, generatedUids: false }), {
    code: 'JOB_DEFINITION',
    message: /of job 'some' have state and no uid of their own: 'collection', 'turnover'; give/,
  });
});

test('those with one run, whatever is between them', async () => {
  const all = job(import.meta, 'all', (flow) => ({
    sums: flow
      .from(collection(ROWS))
      .uid('rows')
      .filter(() => true)
      .keyBy('key')
      .sum('n')
      .uid('turnover'),
  }));
  const { sums } = await all.collect({ threads: 0, generatedUids: false });
  assert.deepEqual(sums, ROWS);
});

test('the command line and the file say so too', async () => {
  await inFolder(async (folder) => {
    const config = join(folder, 'millrace.config.json');
    const flags = { param: {}, progress: true, config } as RunFlags;
    const asked = async (given: Partial<RunFlags>, file: object) => {
      await writeFile(config, JSON.stringify(file));
      return (await runSettings({ ...flags, ...given })).of('job').options.generatedUids;
    };
    assert.equal(await asked({}, {}), undefined);
    assert.equal(await asked({}, { generatedUids: false }), false);
    assert.equal(await asked({ generatedUids: true }, { generatedUids: false }), false);
    assert.equal(await asked({ generatedUids: false }, {}), false);
  });
});
