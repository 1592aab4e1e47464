/**
 * Exactly once: a job is killed at every point of its life, loses all that was not synced, goes on with another
 * parallelism, and is killed again. In the end each row is in a finished file once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { Random } from '../../src/base/random.ts';
import { avro } from '../../src/connector/file/avro/avro.ts';
import { csv } from '../../src/connector/file/csv.ts';
import type { FileSink, FileSinkOptions } from '../../src/connector/file/file-sink.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import type { PartWriter } from '../../src/connector/file/sink/part-writer.ts';
import type { Schema } from '../../src/data/schema.ts';
import type { PlainData } from '../../src/operator/source.ts';
import { FORMAT_KINDS } from './format-kinds.ts';
import { inFolder } from './read-all.ts';
import {
  batchOf,
  checkpointOf,
  contextOf,
  FragileDisk,
  filesIn,
  freeFormOf,
  isHidden,
  Row,
  sinkOf,
  visibleNumbers,
} from './sink-run.ts';

const ROWS = 16;
const BATCH = 2;
/** Writes between two checkpoints. */
const INTERVAL = 3;

type Case = {
  readonly what: string;
  readonly format: FileFormat;
  readonly options: Partial<FileSinkOptions>;
  /** Null: free-form rows. */
  readonly schema: Schema | null;
  /** Whether all rows of a checkpoint are visible when it is complete. */
  readonly isAllVisible: boolean;
  /** Whether it is also killed at each change of a commit to the disk. */
  readonly diesInCommit?: boolean;
};

const CASES: readonly Case[] = [
  { what: 'csv', format: csv(Row), options: {}, schema: Row, isAllVisible: false },
  {
    what: 'csv, free-form rows, small parts',
    format: csv(),
    options: { rolling: { size: 24 } },
    schema: null,
    isAllVisible: false,
  },
  {
    what: 'csv, a part each checkpoint',
    format: csv(Row),
    options: { rolling: { onCheckpoint: true } },
    schema: Row,
    isAllVisible: true,
  },
  {
    what: 'csv, parts complete by time',
    format: csv(Row),
    options: { rolling: { age: 2, inactivity: 5 } },
    schema: Row,
    isAllVisible: false,
  },
  { what: 'jsonLines', format: jsonLines(Row), options: {}, schema: Row, isAllVisible: false },
  {
    what: 'jsonLines, in buckets',
    format: jsonLines(Row),
    options: { bucket: (({ n }: { n: number }) => `third/${n % 3}`) as never, existing: 'replace' },
    schema: Row,
    isAllVisible: false,
  },
  ...FORMAT_KINDS.filter(({ isText }) => !isText).map(({ name, of }) => ({
    what: name,
    format: of(Row) as FileFormat,
    options: {},
    schema: Row,
    isAllVisible: of(Row).createEncoder(Row).snapshot === undefined,
  })),
  {
    what: 'avro, free-form rows',
    format: avro(),
    options: { rolling: { size: 24 } },
    schema: null,
    isAllVisible: false,
  },
  ...FORMAT_KINDS.filter(({ name }) => /^(csv|avro|parquet|arrow stream)$/.test(name)).map(
    ({ name, of }) => ({
      what: `${name}, compacted every two checkpoints`,
      format: of(Row) as FileFormat,
      options: { rolling: { onCheckpoint: true }, compact: { checkpoints: 2 } },
      schema: Row,
      isAllVisible: false,
      diesInCommit: true,
    }),
  ),
  {
    what: 'csv, in buckets, free-form rows, compacted by size',
    format: csv(),
    options: {
      rolling: { onCheckpoint: true },
      bucket: (({ n }: { n: number }) => `third/${n % 3}`) as never,
      compact: { size: 24 },
      existing: 'replace',
    },
    schema: null,
    isAllVisible: false,
    diesInCommit: true,
  },
];

type Checkpoint = {
  readonly nextRow: number;
  readonly committables: readonly PlainData[];
  readonly states: readonly PlainData[];
};

class Killed extends Error {}

const isKill = (error: unknown): boolean =>
  error instanceof Killed || (error instanceof Error && error.cause instanceof Killed);

/** A job with a source of numbers, and what is durable of it. */
class Job {
  readonly #case: Case;
  readonly #folder: string;
  readonly #disk = new FragileDisk(() => {
    if (this.#isInCommit) this.#mayDie();
  });
  readonly #clock = new VirtualClock();
  #last: Checkpoint | null = null;
  #attempt = 0;
  /** Points until it is killed. */
  #left = Infinity;
  #isInCommit = false;

  constructor(which: Case, folder: string) {
    this.#case = which;
    this.#folder = folder;
  }

  /** Runs from the last checkpoint until the end, or so many points; whether it came to its end. */
  async run(parallelism: number, points: number): Promise<boolean> {
    this.#left = points;
    try {
      await this.#work(parallelism);
    } catch (error) {
      this.#isInCommit = false;
      if (!isKill(error)) throw error;
      this.#disk.crash();
      this.#check();
      return false;
    }
    this.#check();
    return true;
  }

  #mayDie(): void {
    if (this.#left-- <= 0) throw new Killed();
  }

  async #work(parallelism: number): Promise<void> {
    const { format, options } = this.#case;
    const sink = sinkOf(this.#folder, format, options, this.#disk);
    if (this.#last !== null) await this.#commit(sink, this.#last);
    await sink.prepare({ jobId: 'job', stepId: 'job', restored: this.#last?.states ?? null });
    this.#mayDie();
    const writers = this.#writers(sink, parallelism);
    this.#mayDie();
    for (let row = this.#last?.nextRow ?? 0; row < ROWS; row += BATCH) {
      const write = row / BATCH;
      this.#write(writers[write % parallelism]!, row);
      this.#mayDie();
      if (write % INTERVAL === INTERVAL - 1) await this.#checkpoint(sink, writers, row + BATCH);
    }
    const committables = writers.flatMap((writer) => writer.preCommit(true));
    this.#mayDie();
    await this.#complete(sink, { nextRow: ROWS, committables, states: [] });
    for (const writer of writers) writer.close();
    this.#isInCommit = this.#case.diesInCommit === true;
    await sink.finish();
    this.#isInCommit = false;
  }

  #writers(sink: FileSink, parallelism: number): PartWriter[] {
    const runId = `job-${this.#attempt++}`;
    const states = this.#last?.states ?? [];
    return Array.from({ length: parallelism }, (_, subtask) => {
      const restored = states.filter((_, n) => (n + this.#attempt) % parallelism === subtask);
      const { schema } = this.#case;
      return sink.createWriter(
        contextOf({ subtask, parallelism, runId, restored, schema, clock: this.#clock }),
      );
    });
  }

  #write(writer: PartWriter, row: number): void {
    const nowMs = this.#clock.now() + 1;
    this.#clock.advanceTo(nowMs);
    if (writer.wakeAtMs! <= nowMs) writer.advanceTime!(nowMs);
    const numbers = Array.from({ length: BATCH }, (_, n) => row + n);
    if (this.#case.schema !== null) writer.write(batchOf(...numbers));
    else writer.write(freeFormOf(numbers.map((n) => ({ n, text: 'x' }))));
  }

  async #checkpoint(
    sink: FileSink,
    writers: readonly PartWriter[],
    nextRow: number,
  ): Promise<void> {
    const committables: PlainData[] = [];
    const states: PlainData[] = [];
    for (const writer of writers) {
      committables.push(...writer.preCommit(false));
      this.#mayDie();
      states.push(...writer.snapshot!());
      this.#mayDie();
    }
    await this.#complete(sink, { nextRow, committables, states });
  }

  async #complete(sink: FileSink, checkpoint: Checkpoint): Promise<void> {
    this.#last = JSON.parse(JSON.stringify(checkpoint)) as Checkpoint;
    this.#mayDie();
    await this.#commit(sink, this.#last);
  }

  async #commit(sink: FileSink, { committables, nextRow }: Checkpoint): Promise<void> {
    this.#isInCommit = this.#case.diesInCommit === true;
    await sink.commit(committables.slice(0, 1));
    this.#mayDie();
    await sink.commit(committables);
    this.#isInCommit = false;
    this.#mayDie();
    if (!this.#case.isAllVisible) return;
    assert.equal(visibleNumbers(this.#folder, this.#case.format).length, nextRow);
  }

  /** Nothing is visible that is not of a complete checkpoint, nothing twice. */
  #check(): void {
    const seen = visibleNumbers(this.#folder, this.#case.format);
    assert.equal(new Set(seen).size, seen.length, `twice: ${seen.join(' ')}`);
    assert.ok(seen.every((n) => n < (this.#last?.nextRow ?? 0)));
  }
}

for (const which of CASES) {
  test(`killed anywhere, twice, with 1, 2 and 1 subtasks: ${which.what}`, async () => {
    const random = new Random(2026);
    let isThrough = false;
    for (let first = 0; !isThrough; first++) {
      for (let again = 0; again < (which.diesInCommit ? 1 : 3); again++) {
        await inFolder(async (folder) => {
          const second = random.below(35);
          const place = `killed after ${first} and ${second} points`;
          const job = new Job(which, folder);
          isThrough = await job.run(1, first);
          await job.run(2, second);
          assert.ok(await job.run(1, Infinity));
          const all = Array.from({ length: ROWS }, (_, n) => n);
          assert.deepEqual(visibleNumbers(folder, which.format), all, place);
          const hidden = filesIn(folder).filter(isHidden);
          assert.deepEqual(hidden, which.diesInCommit ? ['.part-job.compaction'] : [], place);
        });
      }
      assert.ok(first < 300, 'the job comes to its end');
    }
  });
}

/** Case 10: 42, checkpoint 0, 43, checkpoint 1, 44, checkpoint 2. */
async function case10(folder: string, isLastSnapshotTaken = true) {
  const sink = sinkOf(folder, csv(Row), { rolling: { onCheckpoint: true } });
  await sink.prepare({ jobId: 'job', stepId: 'job', restored: null });
  const writer = sink.createWriter(contextOf());
  const checkpoints = [42, 43].map((n) => {
    writer.write(batchOf(n));
    return checkpointOf(writer);
  });
  writer.write(batchOf(44));
  if (isLastSnapshotTaken) checkpoints.push(checkpointOf(writer));
  /** What is not known to be committed belongs to the next complete checkpoint too. */
  const upTo = (id: number) => checkpoints.slice(0, id + 1).flatMap((one) => one.committables);
  return {
    sink,
    writer,
    checkpoints,
    complete: (id: number) => sink.commit(upTo(id)),
    async restore(id: number) {
      const next = sinkOf(folder, csv(Row), { rolling: { onCheckpoint: true } });
      await next.commit(upTo(id));
      await next.prepare({ jobId: 'job', stepId: 'job', restored: checkpoints[id]!.states });
    },
    finished: () => visibleNumbers(folder, csv(Row)),
    hidden: () => filesIn(folder).filter(isHidden).length,
  };
}

test('case 10: what is committed, by which checkpoints are complete', async () => {
  await inFolder(async (folder) => {
    const run = await case10(folder);
    await run.complete(1);
    assert.deepEqual(run.finished(), [42, 43]);
    assert.equal(run.hidden(), 1, '44 waits');
  });
  await inFolder(async (folder) => {
    const run = await case10(folder);
    await run.complete(2);
    await run.complete(1);
    assert.deepEqual(run.finished(), [42, 43, 44], 'a late completion is harmless');
  });
  await inFolder(async (folder) => {
    const run = await case10(folder);
    run.writer.close();
    await run.restore(1);
    assert.deepEqual(run.finished(), [42, 43], 'committed on restore');
    assert.equal(run.hidden(), 0, '44 is aborted');
  });
  await inFolder(async (folder) => {
    const run = await case10(folder, false);
    const last = run.writer.preCommit(true);
    await run.complete(1);
    assert.deepEqual(run.finished(), [42, 43]);
    assert.equal(run.hidden(), 1, '44 waits for the next checkpoint');
    assert.throws(() => run.writer.write(batchOf(45)), /no rows follow the end/);
    run.checkpoints.push({ committables: last, states: run.writer.snapshot!() });
    assert.deepEqual(run.writer.preCommit(false), [], 'a later checkpoint has nothing more');
    run.writer.close();
    await run.restore(2);
    assert.deepEqual(run.finished(), [42, 43, 44], 'nothing is aborted behind the end');
  });
});
