/** Part files: nothing is visible before the commit, and a commit may come again. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { csv } from '../../src/connector/file/csv.ts';
import type { ExistingPolicy } from '../../src/connector/file/file-sink.ts';
import { type FilesOptions, files } from '../../src/connector/file/files.ts';
import type { PartWriter } from '../../src/connector/file/sink/part-writer.ts';
import type { Sink, SinkStart } from '../../src/operator/sink.ts';
import { inFolder } from './read-all.ts';
import { batchOf, contextOf, filesIn } from './sink-run.ts';

const ANEW: SinkStart = { jobId: 'run', stepId: 'run', restored: null };

function sinkTo(folder: string, existing: ExistingPolicy): Sink {
  return files(folder, csv(), { existing });
}

function writerOf(sink: Sink, runId: string, subtask = 0): PartWriter {
  return sink.createWriter(contextOf({ subtask, runId, isCheckpointed: false })) as PartWriter;
}

const visible = (folder: string): string[] =>
  readdirSync(folder).filter((name) => !name.startsWith('.'));

test('parts appear at the commit, which may be repeated', async () => {
  await inFolder(async (folder) => {
    const sink = sinkTo(folder, 'fail');
    await sink.prepare?.(ANEW);
    const writers = [writerOf(sink, 'run', 0), writerOf(sink, 'run', 1)];
    writers[0]!.write(batchOf(1, 2));
    writers[0]!.write(batchOf(3));
    writers[1]!.write(batchOf(4));
    const committables = writers.flatMap((writer) => writer.preCommit(true));
    for (const writer of writers) writer.close();
    assert.deepEqual(visible(folder), []);
    await sink.commit(committables);
    await sink.commit(committables);
    assert.deepEqual(readdirSync(folder).sort(), ['part-run-0-0.csv', 'part-run-1-0.csv']);
    assert.equal(readFileSync(`${folder}/part-run-0-0.csv`, 'utf8'), 'n\n1\n2\n3\n');
    assert.equal(readFileSync(`${folder}/part-run-1-0.csv`, 'utf8'), 'n\n4\n');
  });
});

test('a writer that is closed before its pre-commit leaves nothing; one without rows makes no file', async () => {
  await inFolder(async (folder) => {
    const sink = sinkTo(folder, 'fail');
    const writer = writerOf(sink, 'run');
    writer.write(batchOf(1));
    writer.close();
    assert.deepEqual(writerOf(sink, 'other').preCommit(true), []);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('what is discarded is gone', async () => {
  await inFolder(async (folder) => {
    const sink = sinkTo(folder, 'fail');
    const writer = writerOf(sink, 'run');
    writer.write(batchOf(1));
    await sink.discard?.(writer.preCommit(true));
    writer.close();
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('results of an earlier run: refused, replaced at the commit, or kept', async () => {
  for (const [existing, after] of [
    ['replace', ['part-run-0-0.csv']],
    ['keep', ['part-old-0.csv', 'part-run-0-0.csv']],
  ] as const) {
    await inFolder(async (folder) => {
      writeFileSync(`${folder}/part-old-0.csv`, 'n\n0\n');
      await assert.rejects(async () => await sinkTo(folder, 'fail').prepare?.(ANEW), {
        code: 'OUTPUT_EXISTS',
      });
      const sink = sinkTo(folder, existing);
      await sink.prepare?.(ANEW);
      const writer = writerOf(sink, 'run');
      writer.write(batchOf(1));
      const committables = writer.preCommit(true);
      assert.deepEqual(visible(folder), ['part-old-0.csv']);
      await sink.commit(committables);
      assert.deepEqual(visible(folder).sort(), after);
    });
  }
});

test('with buckets, results in folders below are refused and replaced too', async () => {
  await inFolder(async (folder) => {
    mkdirSync(`${folder}/n=0`);
    writeFileSync(`${folder}/n=0/part-old-0-0.csv`, 'n\n0\n');
    writeFileSync(`${folder}/n=0/other.txt`, '');
    const sinkBy = (existing: ExistingPolicy): Sink =>
      files(folder, csv(), { existing, bucket: 'n' });
    await assert.rejects(async () => await sinkBy('fail').prepare?.(ANEW), {
      code: 'OUTPUT_EXISTS',
    });
    const sink = sinkBy('replace');
    await sink.prepare?.(ANEW);
    const writer = writerOf(sink, 'run');
    writer.write(batchOf(1));
    await sink.commit(writer.preCommit(true));
    assert.deepEqual(filesIn(folder), ['n=0/other.txt', 'n=1/part-run-0-0.csv']);
  });
});

test('a folder is no part, whatever its name: neither one of a bucket, nor one beside the parts', async () => {
  await inFolder(async (folder) => {
    const run = async (runId: string, bucket: boolean): Promise<void> => {
      const by = bucket ? { bucket: () => 'part-no=1' } : {};
      const sink = files(folder, csv(), { existing: 'replace', ...by });
      await sink.prepare?.({ jobId: runId, stepId: runId, restored: null });
      const writer = writerOf(sink, runId);
      writer.write(batchOf(1));
      await sink.commit(writer.preCommit(true));
    };
    await run('a', true);
    await run('b', true);
    assert.deepEqual(filesIn(folder), ['part-no=1/part-b-0-0.csv']);
    mkdirSync(`${folder}/linked`);
    symlinkSync('linked', `${folder}/part-link`);
    await run('c', false);
    await run('d', false);
    assert.deepEqual(readdirSync(folder).sort(), [
      'linked',
      'part-d-0-0.csv',
      'part-link',
      'part-no=1',
    ]);
    mkdirSync(`${folder}/below/part-old`, { recursive: true });
    await files(`${folder}/below`, csv()).prepare?.(ANEW);
  });
});

test('what a killed run left in progress is removed; a folder that cannot be made is an error', async () => {
  await inFolder(async (folder) => {
    writeFileSync(`${folder}/.part-dead-0.csv.inprogress`, 'n\n0\n');
    await sinkTo(folder, 'fail').prepare?.(ANEW);
    assert.deepEqual(readdirSync(folder), []);
    writeFileSync(`${folder}/file`, '');
    await assert.rejects(async () => await sinkTo(`${folder}/file/out`, 'fail').prepare?.(ANEW), {
      code: 'OUTPUT_FAILED',
    });
  });
});

test('a finished file is never overwritten, and one that is gone is not passed over', async () => {
  await inFolder(async (folder) => {
    const sink = sinkTo(folder, 'keep');
    const writer = writerOf(sink, 'run');
    writer.write(batchOf(1));
    const committables = writer.preCommit(true);
    writeFileSync(`${folder}/part-run-0-0.csv`, 'of somebody else');
    await assert.rejects(sink.commit(committables), { code: 'OUTPUT_EXISTS' });
    assert.equal(readFileSync(`${folder}/part-run-0-0.csv`, 'utf8'), 'of somebody else');
    await assert.rejects(sink.commit([{ path: 'part-none-0-0.csv', isInSnapshot: false }]), {
      code: 'OUTPUT_FAILED',
      message: /neither it nor its hidden file/,
    });
  });
});

test('options that make no sense are refused where they are given', () => {
  for (const [options, message] of [
    [{ rolling: { size: -1 } }, /size is a number of bytes/],
    [{ rolling: { age: 'soon' } }, /age must be milliseconds/],
    [{ rolling: { every: 1 } }, /unknown option 'every'/],
    [{ existing: 'never' }, /existing is one of/],
    [{ buckets: 'n' }, /unknown option 'buckets'/],
  ] as const) {
    assert.throws(() => files('out', csv(), options as FilesOptions), {
      code: 'JOB_DEFINITION',
      message,
    });
  }
});
