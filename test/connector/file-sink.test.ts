/** Part files: nothing is visible before the commit, and a commit may come again. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { csv } from '../../src/connector/file/csv.ts';
import type { ExistingPolicy } from '../../src/connector/file/file-sink.ts';
import { files } from '../../src/connector/file/files.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, t } from '../../src/data/schema.ts';
import type { Sink, SinkWriter } from '../../src/operator/sink.ts';
import { inFolder } from './read-all.ts';

const Row = record({ n: t.int32 });

function batchOf(...numbers: number[]) {
  const builder = new BatchBuilder(Row);
  for (const n of numbers) builder.appendRow({ n });
  return builder.seal();
}

function sinkTo(folder: string, existing: ExistingPolicy): Sink {
  return files(folder, csv(), { existing });
}

function writerOf(sink: Sink, runId: string, subtask = 0): SinkWriter {
  const context = { subtask, parallelism: 2, runId, schema: Row, wake: () => {} };
  return sink.createWriter(context);
}

const visible = (folder: string): string[] =>
  readdirSync(folder).filter((name) => !name.startsWith('.'));

test('parts appear at the commit, which may be repeated', async () => {
  await inFolder(async (folder) => {
    const sink = sinkTo(folder, 'fail');
    await sink.prepare?.();
    const writers = [writerOf(sink, 'run', 0), writerOf(sink, 'run', 1)];
    writers[0]!.write(batchOf(1, 2));
    writers[0]!.write(batchOf(3));
    writers[1]!.write(batchOf(4));
    const committables = writers.flatMap((writer) => writer.preCommit());
    for (const writer of writers) writer.close();
    assert.deepEqual(visible(folder), []);
    await sink.commit(committables);
    await sink.commit(committables);
    assert.deepEqual(readdirSync(folder).sort(), ['part-run-0.csv', 'part-run-1.csv']);
    assert.equal(readFileSync(`${folder}/part-run-0.csv`, 'utf8'), 'n\n1\n2\n3\n');
    assert.equal(readFileSync(`${folder}/part-run-1.csv`, 'utf8'), 'n\n4\n');
  });
});

test('a writer that is closed before its pre-commit leaves nothing; one without rows makes no file', async () => {
  await inFolder(async (folder) => {
    const sink = sinkTo(folder, 'fail');
    const writer = writerOf(sink, 'run');
    writer.write(batchOf(1));
    writer.close();
    assert.deepEqual(writerOf(sink, 'other').preCommit(), []);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('results of an earlier run: refused, replaced at the commit, or kept', async () => {
  for (const [existing, after] of [
    ['replace', ['part-new-0.csv']],
    ['keep', ['part-new-0.csv', 'part-old-0.csv']],
  ] as const) {
    await inFolder(async (folder) => {
      writeFileSync(`${folder}/part-old-0.csv`, 'n\n0\n');
      await assert.rejects(async () => await sinkTo(folder, 'fail').prepare?.(), {
        code: 'OUTPUT_EXISTS',
      });
      const sink = sinkTo(folder, existing);
      await sink.prepare?.();
      const writer = writerOf(sink, 'new');
      writer.write(batchOf(1));
      const committables = writer.preCommit();
      assert.deepEqual(visible(folder), ['part-old-0.csv']);
      await sink.commit(committables);
      assert.deepEqual(visible(folder).sort(), after);
    });
  }
});

test('what a killed run left in progress is removed; a folder that cannot be made is an error', async () => {
  await inFolder(async (folder) => {
    writeFileSync(`${folder}/.part-dead-0.csv.inprogress`, 'n\n0\n');
    await sinkTo(folder, 'fail').prepare?.();
    assert.deepEqual(readdirSync(folder), []);
    writeFileSync(`${folder}/file`, '');
    await assert.rejects(async () => await sinkTo(`${folder}/file/out`, 'fail').prepare?.(), {
      code: 'OUTPUT_FAILED',
    });
  });
});
