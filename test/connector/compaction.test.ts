/** Part files that become larger ones before they are seen: when, of what, and what readers find in them. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { csv } from '../../src/connector/file/csv.ts';
import type { FileSink, FileSinkOptions } from '../../src/connector/file/file-sink.ts';
import { files } from '../../src/connector/file/files.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import type { CompletePart } from '../../src/connector/file/sink/part-name.ts';
import { text } from '../../src/connector/file/text.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import type { PlainData } from '../../src/operator/source.ts';
import { FORMAT_KINDS } from './format-kinds.ts';
import { inFolder, inputFile, readAll } from './read-all.ts';
import {
  batchOf,
  contextOf,
  FragileDisk,
  filesIn,
  freeFormOf,
  isHidden,
  Row,
  sinkOf,
  visibleNumbers,
} from './sink-run.ts';

const EACH = { onCheckpoint: true } as const;
const LEDGER = '.part-job.compaction';

type RunOptions = Partial<FileSinkOptions> & {
  readonly schema?: Schema | null;
  readonly isCheckpointed?: boolean;
  readonly runId?: string;
};

/** A sink with one writer, of which each call is a checkpoint. */
async function startOf(folder: string, format: FileFormat, options: RunOptions) {
  const {
    schema = Row as Schema,
    isCheckpointed = true,
    runId = 'job-0',
    ...sinkOptions
  } = options;
  const sink = sinkOf(folder, format, { rolling: EACH, ...sinkOptions });
  await sink.prepare({ jobId: 'job', stepId: 'job', restored: runId === 'job-0' ? null : [] });
  const writer = sink.createWriter(contextOf({ schema, isCheckpointed, runId, parallelism: 1 }));
  return {
    sink,
    writer,
    async checkpoint(...numbers: number[]): Promise<readonly PlainData[]> {
      if (numbers.length > 0) {
        const rows = numbers.map((n) => ({ n }));
        writer.write(schema === null ? freeFormOf(rows) : batchOf(...numbers));
      }
      const committables = writer.preCommit(false);
      writer.snapshot();
      if (committables.length > 0) await sink.commit(committables);
      return committables;
    },
    async end(): Promise<void> {
      await sink.commit(writer.preCommit(true));
      await sink.finish();
      writer.close();
    },
  };
}

const shown = (folder: string): string[] => filesIn(folder).filter((path) => !isHidden(path));

for (const { name, of } of FORMAT_KINDS) {
  const format = of(Row) as FileFormat;
  for (const schema of [Row as Schema, null]) {
    test(`three parts become one: ${name}${schema === null ? ', free-form rows' : ''}`, async () => {
      // Numbers of rows without a schema are float64.
      const Read = record({ n: schema === null && name !== 'protobuf' ? t.float64 : t.int32 });
      await inFolder(async (folder) => {
        const run = await startOf(folder, format, { compact: { checkpoints: 3 }, schema });
        await run.checkpoint(1, 2);
        await run.checkpoint(3);
        assert.deepEqual(shown(folder), []);
        await run.checkpoint(4, 5);
        const [path] = shown(folder);
        assert.deepEqual(shown(folder), [path]);
        assert.match(path!, /^part-job-0-0-0-compacted\./);
        const { rows } = readAll(inputFile(join(folder, path!)), of(Read));
        assert.deepEqual(
          rows.map((row) => Number((row as { n: unknown }).n)),
          [1, 2, 3, 4, 5],
          'in their order',
        );
        assert.deepEqual(filesIn(folder).filter(isHidden), [LEDGER]);
      });
    });
  }
}

test('values of all kinds come through rows that are written again', async () => {
  const Wide = record({
    small: t.int32,
    large: t.int64,
    real: t.nullable(t.float64),
    word: t.nullable(t.string),
    flag: t.boolean,
    at: t.timestamp,
    day: t.nullable(t.date),
    any: t.dynamic<unknown>(),
  });
  const rows = [
    {
      small: -1,
      large: 2n ** 60n,
      real: -0,
      word: 'ä"\n',
      flag: true,
      at: 1.6e12,
      day: new Date(0),
      any: { a: [1, 'x'] },
    },
    { small: 7, large: -1n, real: null, word: null, flag: false, at: 0, day: null, any: 'word' },
  ];
  for (const { name, of } of FORMAT_KINDS.filter(({ name }) => /parquet|arrow/.test(name))) {
    await inFolder(async (folder) => {
      const format = of(Wide) as FileFormat;
      const seen: unknown[][] = [];
      for (const compact of [null, { checkpoints: 2 }]) {
        const below = join(folder, `${compact === null}`);
        const sink = sinkOf(below, format, { rolling: EACH, compact });
        await sink.prepare({ jobId: 'job', stepId: 'job', restored: null });
        const writer = sink.createWriter(contextOf({ schema: Wide as Schema }));
        for (const row of rows) {
          const builder = new BatchBuilder(Wide);
          builder.appendRow(row);
          writer.write(builder.seal());
          await sink.commit(writer.preCommit(false));
        }
        writer.close();
        seen.push(
          shown(below).flatMap((path) => readAll(inputFile(join(below, path)), format).rows),
        );
        assert.equal(shown(below).length, compact === null ? 2 : 1, name);
      }
      assert.deepEqual(seen[1], seen[0], name);
      assert.equal(seen[0]!.length, 2);
    });
  }
});

test('a header, and a byte order mark, stand once', async () => {
  await inFolder(async (folder) => {
    const run = await startOf(folder, csv(), { compact: { checkpoints: 2 }, schema: null });
    await run.checkpoint(1);
    await run.checkpoint(2);
    const [path] = shown(folder);
    assert.equal(readFileSync(join(folder, path!), 'utf8'), 'n\n1\n2\n');
  });
  await inFolder(async (folder) => {
    const run = await startOf(folder, text(), { compact: { checkpoints: 2 }, schema: null });
    for (const line of ['\ufeffa', '\ufeffb']) {
      run.writer.write(freeFormOf([{ line }]));
      await run.checkpoint();
    }
    const [path] = shown(folder);
    const { rows } = readAll(inputFile(join(folder, path!)), text());
    assert.deepEqual(rows, [{ line: '\ufeffa' }, { line: '\ufeffb' }]);
  });
});

test('parts with other fields are in a file of their own', async () => {
  for (const format of [csv(), csv({ header: false })]) {
    await inFolder(async (folder) => {
      const run = await startOf(folder, format, { compact: { checkpoints: 4 }, schema: null });
      for (const rows of [[{ a: 1 }], [{ b: 2 }], [{ a: 3 }], [{ b: 4 }]]) {
        run.writer.write(freeFormOf(rows));
        await run.checkpoint();
      }
      await run.end();
      const contents = shown(folder).map((path) => readFileSync(join(folder, path), 'utf8'));
      const hasHeader = format.headBytes!(inputFile(join(folder, shown(folder)[0]!))) > 0;
      const heads = hasHeader ? ['a\n', 'b\n'] : ['', ''];
      assert.deepEqual(contents, [`${heads[0]}1\n3\n`, `${heads[1]}2\n4\n`]);
    });
  }
});

test('by size: what is large enough is seen, the rest waits', async () => {
  await inFolder(async (folder) => {
    // A row is 8 bytes.
    const run = await startOf(folder, jsonLines(Row), { compact: { size: 16 } });
    await run.checkpoint(1);
    assert.deepEqual(shown(folder), []);
    await run.checkpoint(2);
    assert.deepEqual(visibleNumbers(folder, jsonLines(Row)), [1, 2]);
    await run.checkpoint(3, 4, 5);
    assert.deepEqual(shown(folder), ['part-job-0-0-0-compacted.jsonl', 'part-job-0-0-2.jsonl']);
    await run.checkpoint(6);
    assert.deepEqual(visibleNumbers(folder, jsonLines(Row)), [1, 2, 3, 4, 5]);
    await run.end();
    assert.deepEqual(visibleNumbers(folder, jsonLines(Row)), [1, 2, 3, 4, 5, 6]);
  });
});

test('by checkpoints: those without a row count, and no more of them than may matter', async () => {
  await inFolder(async (folder) => {
    const run = await startOf(folder, jsonLines(Row), { compact: { checkpoints: 3 } });
    await run.checkpoint(1);
    assert.deepEqual(await run.checkpoint(), [null]);
    assert.deepEqual(shown(folder), []);
    assert.deepEqual(await run.checkpoint(), [null]);
    assert.deepEqual(visibleNumbers(folder, jsonLines(Row)), [1]);
    await run.checkpoint();
    assert.deepEqual(await run.checkpoint(), []);
  });
});

test('an end that could not be written is written when it is tried again', async () => {
  await inFolder(async (folder) => {
    let isFull = false;
    const disk = new FragileDisk(() => {
      if (isFull) throw new Error('the disk is full');
    });
    const sink = sinkOf(folder, csv(Row), { rolling: EACH, compact: { size: 1000 } }, disk);
    await sink.prepare({ jobId: 'job', stepId: 'job', restored: null });
    const writer = sink.createWriter(contextOf());
    for (const n of [1, 2]) {
      writer.write(batchOf(n));
      await sink.commit(writer.preCommit(false));
    }
    writer.close();
    isFull = true;
    await assert.rejects(sink.finish(), { code: 'OUTPUT_FAILED', message: /disk is full/ });
    isFull = false;
    await sink.finish();
    assert.deepEqual(visibleNumbers(folder, csv(Row)), [1, 2]);
  });
});

test('buckets are apart, and parts of all subtasks together', async () => {
  await inFolder(async (folder) => {
    const sink = sinkOf(folder, csv(Row), { bucket: 'n', compact: { size: 1_000_000 } });
    await sink.prepare({ jobId: 'job', stepId: 'job', restored: null });
    const writers = [0, 1].map((subtask) => sink.createWriter(contextOf({ subtask })));
    for (const writer of writers) writer.write(batchOf(1, 2));
    await sink.commit(writers[0]!.preCommit(true));
    assert.deepEqual(shown(folder), [], 'the other subtask has not ended');
    await sink.commit(writers[1]!.preCommit(true));
    assert.deepEqual(shown(folder), [
      'n=1/part-job-0-0-0-compacted.csv',
      'n=2/part-job-0-0-1-compacted.csv',
    ]);
    assert.deepEqual(visibleNumbers(folder, csv(Row)), [1, 1, 2, 2]);
  });
});

test('a job without checkpoints leaves nothing but its files, or nothing at all', async () => {
  await inFolder(async (folder) => {
    const options = { isCheckpointed: false, rolling: { size: 4 }, compact: { size: 1000 } };
    const run = await startOf(folder, csv(Row), options);
    for (const n of [1, 2, 3]) run.writer.write(batchOf(n));
    await run.end();
    assert.deepEqual(filesIn(folder), ['part-job-0-0-0-compacted.csv']);
    assert.deepEqual(visibleNumbers(folder, csv(Row)), [1, 2, 3]);
  });
  await inFolder(async (folder) => {
    const options = { isCheckpointed: false, compact: { size: 1000 } };
    const run = await startOf(folder, csv(Row), options);
    run.writer.write(batchOf(1));
    await run.sink.discard(run.writer.preCommit(true));
    run.writer.close();
    assert.deepEqual(filesIn(folder), []);
  });
});

test('what is committed again is as it was, also when readers have taken the files away', async () => {
  await inFolder(async (folder) => {
    const run = await startOf(folder, csv(Row), { compact: { checkpoints: 2 } });
    const all = [await run.checkpoint(1), await run.checkpoint(2)].flat();
    run.writer.close();
    for (let again = 0; again < 2; again++) {
      const next = sinkOf(folder, csv(Row), { rolling: EACH, compact: { checkpoints: 2 } });
      await next.commit(all);
      await next.prepare({ jobId: 'job', stepId: 'job', restored: [] });
      assert.deepEqual(visibleNumbers(folder, csv(Row)), again === 0 ? [1, 2] : []);
      for (const path of shown(folder)) rmSync(join(folder, path));
    }
  });
});

test('a part that waits goes on to wait in the next run, and is missed when it is gone', async () => {
  await inFolder(async (folder) => {
    const first = await startOf(folder, csv(Row), { compact: { size: 1000 } });
    const committed = await first.checkpoint(1);
    first.writer.close();
    const { path } = committed[0] as CompletePart;
    const next = await startOf(folder, csv(Row), { compact: { size: 1000 }, runId: 'job-1' });
    await next.checkpoint(2);
    assert.deepEqual(shown(folder), []);
    rmSync(join(folder, `.${path}.inprogress`));
    await assert.rejects(next.end(), { code: 'OUTPUT_FAILED', message: /it is not there/ });
  });
  await inFolder(async (folder) => {
    const run = await startOf(folder, csv(Row), { compact: { size: 1000 } });
    run.writer.write(batchOf(1));
    const committables = run.writer.preCommit(false);
    rmSync(join(folder, `.${(committables[0] as CompletePart).path}.inprogress`));
    await assert.rejects(run.sink.commit(committables), { message: /cannot be committed/ });
  });
});

test('a version of the job without compaction shows what waits, one with it takes parts from before', async () => {
  await inFolder(async (folder) => {
    const first = await startOf(folder, csv(Row), { compact: { size: 1000 } });
    const committed = await first.checkpoint(1);
    first.writer.close();
    const plain = sinkOf(folder, csv(Row), { rolling: EACH });
    await plain.commit(committed);
    await plain.prepare({ jobId: 'job', stepId: 'job', restored: [] });
    const writer = plain.createWriter(contextOf({ runId: 'job-1' }));
    writer.write(batchOf(2));
    const parts = writer.preCommit(false);
    await plain.commit(parts);
    writer.close();
    assert.deepEqual(visibleNumbers(folder, csv(Row)), [1, 2]);
    const again = sinkOf(folder, csv(Row), { rolling: EACH, compact: { size: 1000 } });
    await again.commit(parts);
    await again.prepare({ jobId: 'job', stepId: 'job', restored: [] });
    await again.finish();
    assert.deepEqual(visibleNumbers(folder, csv(Row)), [1, 2]);
  });
});

test('old results are replaced when the first new ones are seen', async () => {
  await inFolder(async (folder) => {
    const old = await startOf(folder, csv(Row), {});
    await old.checkpoint(1);
    old.writer.close();
    const sink: FileSink = sinkOf(folder, csv(Row), {
      rolling: EACH,
      existing: 'replace',
      compact: { checkpoints: 2 },
    });
    await sink.prepare({ jobId: 'new', stepId: 'new', restored: null });
    const writer = sink.createWriter(contextOf({ runId: 'new-0' }));
    for (const [n, seen] of [
      [2, [1]],
      [3, [2, 3]],
    ] as const) {
      writer.write(batchOf(n));
      await sink.commit(writer.preCommit(false));
      assert.deepEqual(visibleNumbers(folder, csv(Row)), seen);
    }
    writer.close();
  });
});

test('of a run that was given up nothing is left when another job begins', async () => {
  await inFolder(async (folder) => {
    const first = await startOf(folder, csv(Row), { compact: { size: 1000 } });
    await first.checkpoint(1);
    first.writer.close();
    await sinkOf(folder, csv(Row)).prepare({ jobId: 'new', stepId: 'new', restored: null });
    assert.deepEqual(filesIn(folder), []);
  });
});

test('what is known of parts that are dealt with stays small', async () => {
  await inFolder(async (folder) => {
    const run = await startOf(folder, csv(Row), { compact: { checkpoints: 2 } });
    for (let n = 0; n < 40; n++) await run.checkpoint(n);
    assert.ok(statSync(join(folder, LEDGER)).size < 300);
    assert.equal(shown(folder).length, 20);
  });
});

test('compaction that never comes, or cannot be, is refused', () => {
  for (const [compact, message] of [
    [{}, /a size, a number of checkpoints, or both/],
    [{ size: 0 }, /compact: size/],
    [{ checkpoints: 1.5 }, /compact: checkpoints/],
    [{ count: 1 }, /unknown option 'count'/],
  ] as const) {
    assert.throws(() => files('out', csv(), { compact } as never), {
      code: 'JOB_DEFINITION',
      message,
    });
  }
  const { of: _, ...alone } = parquet();
  assert.throws(() => files('out', alone as FileFormat, { compact: { size: 1 } }), {
    code: 'JOB_DEFINITION',
    message: /compact/,
  });
});

test('metrics count the parts that are committed, not the ends of their writers', async () => {
  await inFolder(async (folder) => {
    const numbers = job(import.meta, 'counted parts', (flow) => {
      flow
        .from(collection([{ n: 1 }, { n: 2 }], Row), { parallelism: 1 })
        .rebalance()
        .to(files(join(folder, 'out'), csv(Row), { compact: { size: 1_000_000 } }));
    });
    const client = await numbers.start({ threads: 0, parallelism: 2 });
    await client.result();
    const [{ committed } = { committed: 0 }] = client.metrics().commits;
    assert.equal(committed, 2);
  });
});
