/** What a writer makes of parts that a checkpoint left open, and what stays for a checkpoint. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { csv } from '../../src/connector/file/csv.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import type { PartWriter } from '../../src/connector/file/sink/part-writer.ts';
import type { SinkWriterContext } from '../../src/operator/sink.ts';
import type { PlainData } from '../../src/operator/source.ts';
import { inFolder } from './read-all.ts';
import {
  batchOf,
  checkpointOf,
  contextOf,
  FragileDisk,
  filesIn,
  freeFormOf,
  sinkOf,
} from './sink-run.ts';

const HIDDEN = '.part-job-0-0-0.csv.inprogress';

function csvWriter(folder: string, parts: Partial<SinkWriterContext> = {}): PartWriter {
  return sinkOf(folder, csv()).createWriter(contextOf(parts));
}

/** The state of a part with row 1, written further, its writer gone. */
function openPart(folder: string): readonly PlainData[] {
  const writer = csvWriter(folder);
  writer.write(batchOf(1));
  const { states, committables } = checkpointOf(writer);
  assert.deepEqual(committables, []);
  writer.write(batchOf(2));
  checkpointOf(writer);
  writer.close();
  assert.equal(readFileSync(join(folder, HIDDEN), 'utf8'), 'n\n1\n2\n');
  return states;
}

test('a writer cuts the part to the length of the checkpoint and goes on, under the name it had', async () => {
  await inFolder(async (folder) => {
    const restored = openPart(folder);
    appendFileSync(join(folder, HIDDEN), 'half a li');
    const sink = sinkOf(folder, csv());
    await sink.prepare({ jobId: 'job', stepId: 'job', restored });
    const writer = sink.createWriter(contextOf({ runId: 'job-1', restored }));
    writer.write(batchOf(3));
    await sink.commit(writer.preCommit(true));
    assert.deepEqual(filesIn(folder), ['part-job-0-0-0.csv']);
    assert.equal(readFileSync(join(folder, 'part-job-0-0-0.csv'), 'utf8'), 'n\n1\n3\n');
  });
});

for (const [what, change] of [
  ['was cut', (path: string) => truncateSync(path, 3)],
  ['has more', (path: string) => appendFileSync(path, 'half a li')],
] as const) {
  test(`a part that ${what} while it is written is not committed`, async () => {
    await inFolder((folder) => {
      const writer = csvWriter(folder);
      writer.write(batchOf(1));
      checkpointOf(writer);
      change(join(folder, HIDDEN));
      writer.write(batchOf(2));
      const wanted = {
        code: 'OUTPUT_FAILED',
        message: /4 bytes of it have been written, and it has/,
      };
      assert.throws(() => checkpointOf(writer), wanted);
      assert.throws(() => writer.preCommit(true), wanted);
      writer.close();
    });
  });
}

test('a part that is too short or gone is an error that says so', async () => {
  await inFolder((folder) => {
    const restored = openPart(folder);
    truncateSync(join(folder, HIDDEN), 3);
    const go = () => csvWriter(folder, { runId: 'job-1', restored });
    assert.throws(go, { code: 'OUTPUT_FAILED', message: /4 bytes of it, but it has 3/ });
    rmSync(join(folder, HIDDEN));
    assert.throws(go, { code: 'OUTPUT_FAILED', message: /4 bytes of it, but it is not there/ });
  });
});

test('prepare removes hidden parts that the checkpoint does not speak of, finished parts never', async () => {
  for (const [existing, left] of [
    ['fail', []],
    ['keep', ['.part-job2-0-0-0.csv.inprogress']],
  ] as const) {
    await inFolder(async (folder) => {
      const restored = openPart(folder);
      for (const name of [
        '.part-job-0-1-0.csv.inprogress',
        '.part-job2-0-0-0.csv.inprogress',
        'part-job-0-0-7.csv',
        'part-other.csv',
      ]) {
        writeFileSync(join(folder, name), 'n\n');
      }
      await sinkOf(folder, csv(), { existing }).prepare({ jobId: 'job', stepId: 'job', restored });
      const others = [HIDDEN, 'part-job-0-0-7.csv', 'part-other.csv'];
      assert.deepEqual(filesIn(folder), [...left, ...others].sort());
    });
  }
});

test('of several parts a writer goes on with one; the others are complete, cut as well', async () => {
  await inFolder(async (folder) => {
    const states = [0, 1, 2].flatMap((subtask) => {
      const writer = csvWriter(folder, { subtask });
      writer.write(batchOf(subtask));
      const at = checkpointOf(writer).states;
      writer.write(batchOf(99));
      checkpointOf(writer);
      writer.close();
      return at;
    });
    const sink = sinkOf(folder, csv());
    const writer = sink.createWriter(contextOf({ runId: 'job-1', restored: states }));
    writer.write(batchOf(3));
    const { committables, states: open } = checkpointOf(writer);
    assert.equal(committables.length, 2);
    assert.equal(open.length, 1);
    await sink.commit([...committables, ...writer.preCommit(true)]);
    const texts = filesIn(folder).map((path) => readFileSync(join(folder, path), 'utf8'));
    assert.deepEqual(texts, ['n\n0\n3\n', 'n\n1\n', 'n\n2\n']);
  });
});

test('a part of another format is complete as it is; a new one begins', async () => {
  await inFolder(async (folder) => {
    const restored = openPart(folder);
    const sink = sinkOf(folder, jsonLines());
    const writer = sink.createWriter(contextOf({ runId: 'job-1', restored }));
    writer.write(batchOf(3));
    await sink.commit(writer.preCommit(true));
    const texts = filesIn(folder).map((path) => readFileSync(join(folder, path), 'utf8'));
    assert.deepEqual(texts, ['n\n1\n', '{"n":3}\n']);
  });
});

test('columns of free-form rows stay in the order of the header, whatever row comes first', async () => {
  await inFolder((folder) => {
    const first = csvWriter(folder, { schema: null });
    first.write(freeFormOf([{ a: 1, b: 2 }]));
    const restored = JSON.parse(JSON.stringify(checkpointOf(first).states)) as PlainData[];
    first.close();
    const next = csvWriter(folder, { schema: null, restored });
    next.write(freeFormOf([{ b: 4, a: 3 }]));
    next.preCommit(true);
    assert.equal(readFileSync(join(folder, HIDDEN), 'utf8'), 'a,b\n1,2\n3,4\n');
  });
});

test('what a snapshot speaks of outlives a failure: close, discard, and a run without checkpoints', async () => {
  await inFolder(async (folder) => {
    const restored = openPart(folder);
    const sink = sinkOf(folder, csv());
    const after = ['n\n1\n', 'n\n1\n'];
    const closed = csvWriter(folder, { runId: 'job-1', isCheckpointed: false, restored });
    closed.close();
    after[0] = readFileSync(join(folder, HIDDEN), 'utf8');
    const discarded = csvWriter(folder, { runId: 'job-2', isCheckpointed: false, restored });
    await sink.discard(discarded.preCommit(true));
    discarded.close();
    after[1] = readFileSync(join(folder, HIDDEN), 'utf8');
    assert.deepEqual(after, ['n\n1\n', 'n\n1\n']);
  });
});

test('bytes and names are synced before a pre-commit or a snapshot returns, and only what is new', async () => {
  await inFolder((folder) => {
    const disk = new FragileDisk();
    const writer = sinkOf(folder, csv(), {}, disk).createWriter(contextOf());
    const callsOf = (run: () => void): string[] => {
      disk.calls.length = 0;
      run();
      return [...disk.calls];
    };
    writer.write(batchOf(1));
    assert.deepEqual(
      callsOf(() => writer.preCommit(false)),
      ['syncFolder'],
    );
    assert.deepEqual(
      callsOf(() => writer.snapshot!()),
      ['write 4 at 0', 'sync'],
    );
    assert.deepEqual(
      callsOf(() => checkpointOf(writer)),
      [],
    );
    writer.write(batchOf(2));
    assert.deepEqual(
      callsOf(() => writer.preCommit(true)),
      ['write 2 at 4', 'sync', 'close'],
    );
  });
});
