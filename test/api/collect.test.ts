/** What a program is told beside the rows that it collects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import { tumbling } from '../../src/api/windows.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import type { Logger } from '../../src/job/log.ts';
import { custom } from '../../src/time/strategies.ts';

type Row = { time: number };
const late = sideOutput<Row>('late');

/** More than a batch, so that the last one comes behind a watermark. */
const rows: Row[] = [...Array.from({ length: 20_000 }, (_, time) => ({ time })), { time: 5 }];
/** A promise at each record. */
const atOnce = custom<Row>({ onRecord: (_, time, { emit }) => emit(time - 1) });

const counts = job(import.meta, 'counts', (flow) => {
  const windows = flow
    .from(collection(rows), { parallelism: 1 })
    .eventTime('time', atOnce)
    .windowAll(tumbling('1 s'));
  const reads = flow.param('reads', false);
  const counted = (reads ? windows.lateTo(late) : windows)
    .aggregate(({ count }) => ({ n: count() }))
    .name('windows');
  return reads ? { counted, late: counted.sideOutput(late) } : { counted };
});

async function warningsOf(params: Record<string, boolean>, batch: boolean): Promise<string[]> {
  const warnings: string[] = [];
  const ignore = (): void => {};
  const log: Logger = {
    ...{ debug: ignore, info: ignore, error: ignore },
    warn: (_, message) => warnings.push(message),
  };
  await counts.collect({ threads: 0, params, batch, log });
  return warnings;
}

test('records that were dropped are told, since no row tells of them', async () => {
  assert.deepEqual(await warningsOf({}, false), [
    "job 'counts' dropped records that were late: 1 for 'windows'; let watermarks wait longer (boundedOutOfOrderness), " +
      'read them by lateTo(side), or run it in batch, where nothing is late',
  ]);
});

test('nothing is told where they are read, or none is late', async () => {
  assert.deepEqual(await warningsOf({ reads: true }, false), []);
  assert.deepEqual(await warningsOf({}, true), []);
});
