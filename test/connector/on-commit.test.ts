/** Who is told of what is committed: of files by `onCommit`, of sinks of one's own by `commit` and `finish`. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import type { FileSinkOptions } from '../../src/connector/file/file-sink.ts';
import { type CommittedFiles, csv, files, jsonLines } from '../../src/connector/file/index.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { defineSink } from '../../src/connector/kit/index.ts';
import { record, t } from '../../src/data/schema.ts';
import type { PlainData } from '../../src/operator/source.ts';
import { inFolder } from './read-all.ts';
import { batchOf, contextOf, filesIn, isHidden, Row, sinkOf } from './sink-run.ts';

const EACH = { onCheckpoint: true } as const;

/** A sink with one writer, and what it has told: names of files, and whether it was the end. */
async function startOf(folder: string, options: Partial<FileSinkOptions>, runId = 'job-0') {
  const told: (string | boolean)[][] = [];
  const onCommit = ({ files: seen, isEnd }: CommittedFiles): void => {
    for (const { path } of seen) assert.ok(existsSync(path), 'it is there when it is told');
    told.push([...seen.map(({ path }) => relative(folder, path)).sort(), isEnd]);
  };
  const sink = sinkOf(folder, jsonLines(Row), { rolling: EACH, onCommit, ...options });
  await sink.prepare({ jobId: 'job', stepId: 'job', restored: runId === 'job-0' ? null : [] });
  const writer = sink.createWriter(contextOf({ runId, parallelism: 1 }));
  const prepared = (...numbers: number[]): readonly PlainData[] => {
    writer.write(batchOf(...numbers));
    const committables = writer.preCommit(false);
    writer.snapshot();
    return committables;
  };
  return { sink, writer, told, prepared };
}

test('each commit tells its files, once more when it is repeated, and the end comes last', async () => {
  await inFolder(async (folder) => {
    const { sink, writer, told, prepared } = await startOf(folder, {});
    const first = prepared(1);
    await sink.commit(first);
    await sink.commit([...first, ...prepared(2)]);
    await sink.commit(writer.preCommit(true));
    await sink.finish();
    writer.close();
    assert.deepEqual(told, [
      ['part-job-0-0-0.jsonl', false],
      ['part-job-0-0-0.jsonl', 'part-job-0-0-1.jsonl', false],
      [true],
    ]);
  });
});

test('of parts that become one it tells that file, when it is seen; behind a crash again', async () => {
  await inFolder(async (folder) => {
    const options = { compact: { checkpoints: 2 } };
    const { sink, told, prepared, writer } = await startOf(folder, options);
    const first = prepared(1);
    await sink.commit(first);
    assert.deepEqual(told, []);
    const second = prepared(2);
    await sink.commit(second);
    assert.deepEqual(told, [['part-job-0-0-0-compacted.jsonl', false]]);
    writer.close();
    const again = await startOf(folder, options, 'job-1');
    await again.sink.commit([...first, ...second]);
    assert.deepEqual(again.told, told);
    again.writer.write(batchOf(3));
    await again.sink.commit(again.writer.preCommit(true));
    await again.sink.finish();
    assert.deepEqual(again.told.slice(1), [['part-job-1-0-0.jsonl', false], [true]]);
  });
});

test('an error of the function fails the commit as it is, which tells the same when it is tried again', async () => {
  await inFolder(async (folder) => {
    let isDown = true;
    const paths: string[] = [];
    const { sink, prepared } = await startOf(folder, {
      compact: { size: 1 },
      onCommit({ files: [file] }) {
        if (isDown) throw new Error('the catalog is down');
        paths.push(file!.path);
      },
    });
    const committables = prepared(1);
    await assert.rejects(sink.commit(committables), { message: 'the catalog is down' });
    isDown = false;
    await sink.commit(committables);
    assert.deepEqual(paths, [join(folder, 'part-job-0-0-0.jsonl')]);
  });
});

const Order = record({ id: t.int32, country: t.string });

test('a job marks its folders as complete', async () => {
  await inFolder(async (folder) => {
    const done = new Set<string>();
    const marked = job(import.meta, 'marked', (flow) => {
      const row = (id: number) => ({ id, country: id % 2 === 0 ? 'DE' : 'FR' });
      flow.from(generate({ schema: Order, count: 10, row })).to(
        files(folder, csv(), {
          bucket: 'country',
          onCommit(committed) {
            for (const { bucket } of committed.files) done.add(bucket);
            if (!committed.isEnd) return;
            for (const bucket of done) writeFileSync(join(folder, bucket, '_SUCCESS'), '');
          },
        }),
      );
    });
    await marked.run({ threads: 0, parallelism: 2 });
    const found = filesIn(folder).filter((path) => !isHidden(path) && !path.includes('part-'));
    assert.deepEqual(found, ['country=DE/_SUCCESS', 'country=FR/_SUCCESS']);
  });
});

test('a sink of one kind commits what all subtasks have at once, and finishes when all is committed', async () => {
  const calls: string[] = [];
  const counting = job(import.meta, 'counting', (flow) => {
    const row = (id: number) => ({ id, country: 'DE' });
    flow
      .from(generate({ schema: Order, count: 100, row }))
      .rebalance()
      .to(
        defineSink({
          name: 'counts',
          open: () => {
            let rows = 0;
            return {
              write: (more: readonly { id: number }[]) => {
                rows += more.length;
              },
              preCommit: () => [rows],
            };
          },
          commit: (counts) => {
            calls.push(`commit of ${counts.length}: ${counts.reduce((sum, n) => sum + n, 0)}`);
          },
          finish: () => void calls.push('finish'),
        }),
      );
  });
  await counting.run({ threads: 0, parallelism: 3 });
  assert.deepEqual(calls, ['commit of 3: 100', 'finish']);
});
