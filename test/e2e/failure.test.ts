/** What a job says when a function of the user fails, or a thread dies: code, operator, file and line. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { EngineError, Job, RunOptions } from 'millrace';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { inFolder } from '../connector/read-all.ts';
import { jobFile, millrace } from './command-line.ts';
import * as jobs from './jobs/failing.ts';
import { failingSinks, failingSources, leftBehind, oddThrows } from './jobs/failing.ts';

type AnyJob = Pick<Job<unknown>, 'run'>;

const LINES = readFileSync(new URL('jobs/failing.ts', import.meta.url), 'utf8').split('\n');

/** Line number, from 1, of the n-th line that holds the text. */
function lineOf(text: string, n: number): number {
  const at = LINES.map((line, i) => [line, i] as const).filter(([line]) => line.includes(text))[n];
  return at![1] + 1;
}

async function failureOf(job: AnyJob, options: RunOptions): Promise<EngineError> {
  const thrown = await job.run(options).then(
    () => null,
    (error: EngineError) => error,
  );
  assert.ok(thrown !== null, 'the job must fail');
  return thrown;
}

/** Threads, and parallelism: more subtasks than threads too. */
const PLACES = [
  { threads: 0, parallelism: 1 },
  { threads: 0, parallelism: 2 },
  { threads: 1 },
  { threads: 2 },
  { threads: 2, parallelism: 3 },
] as const;

/** Side by side, in each place. */
async function everywhere(check: (place: RunOptions) => Promise<void>): Promise<void> {
  await Promise.all(PLACES.map(check));
}

/** Where one subtask sees all rows in order, the record that is wrong is number 5000. */
function isAlone(place: RunOptions): boolean {
  return (place.parallelism ?? place.threads) === 1;
}

const BAD = "new TypeError('row 5000 is bad')";

for (const [job, operator, n] of [
  [jobs.throwsInMap, 'doubling', 0],
  [jobs.throwsInKey, 'counting', 1],
  [jobs.throwsInSource, 'making', 2],
  [jobs.throwsInAggregate, 'adding', 3],
  [jobs.throwsInTime, 'timing', 4],
  [jobs.throwsInWatermarks, 'timing', 5],
  [jobs.throwsInPartitioner, 'receiving', 6],
  [jobs.throwsInReduce, 'joining', 7],
  [jobs.throwsInFlatMap, 'spreading', 8],
  [jobs.throwsInFilter, 'choosing', 9],
] as const) {
  test(`${job.name}: the error names the operator, and the user's file and line`, async () => {
    await everywhere(async (place) => {
      // One subtask of one thread has no exchange, and nobody to choose between.
      if (job === jobs.throwsInPartitioner && isAlone(place)) return;
      const error = await failureOf(job, place);
      const where = JSON.stringify(place);
      assert.equal(error.code, 'USER_FUNCTION', where);
      assert.match(
        error.message,
        new RegExp(`^operator '${operator}' \\(subtask \\d, record \\d+\\): row 5000 is bad\\n`),
        where,
      );
      // A source tells how many records it had given before.
      const isExact = isAlone(place) && job !== jobs.throwsInSource;
      if (isExact) assert.match(error.message, /, record 5000\)/, where);
      assert.match(error.message, new RegExp(`failing\\.ts:${lineOf(BAD, n)}:\\d+$`), where);
      assert.ok(error.cause instanceof Error && error.cause.message === 'row 5000 is bad', where);
    });
  });
}

for (const [job, code, operator, message] of [
  [jobs.keyIsUndefined, 'KEY_INVALID', 'counting', "key 'key' cannot be undefined"],
  [jobs.keyIsNaN, 'KEY_INVALID', 'counting', "key 'key' cannot be NaN"],
  [jobs.keyColumnIsNull, 'KEY_INVALID', 'counting', "key 'user' cannot be null"],
  [jobs.keyColumnIsNaN, 'KEY_INVALID', 'counting', "key 'score' cannot be NaN"],
  [jobs.keyFieldIsMissing, 'KEY_INVALID', 'counting', "key 'user' cannot be undefined"],
  [jobs.timeIsNaN, 'TIMESTAMP_INVALID', 'making', 'NaN'],
  [jobs.timeColumnIsNull, 'TIMESTAMP_INVALID', 'making', "eventTime 'day': .* got null"],
  [jobs.timeFieldIsMissing, 'TIMESTAMP_INVALID', 'making', "eventTime 'at': .* got undefined"],
  [jobs.noSuchSubtask, 'PARTITION_INVALID', 'receiving', 'partitionCustom: the function returned'],
  [jobs.doesNotFit, 'FIELD_TYPE', 'checking', 'field \'n\' wants int32, got "many"'],
] as const) {
  test(`${job.name}: ${code} names the operator and the record`, async () => {
    await everywhere(async (place) => {
      // One subtask of one thread has no exchange, and nobody to choose between.
      if (job === jobs.noSuchSubtask && isAlone(place)) return;
      const error = await failureOf(job, place);
      const where = JSON.stringify(place);
      assert.equal(error.code, code, where);
      const record = isAlone(place) ? 'record 5000' : 'record \\d+';
      assert.match(
        error.message,
        new RegExp(`^operator '${operator}' \\(subtask \\d, ${record}\\): .*${message}`),
        where,
      );
    });
  });
}

for (const [part, jobs, operator] of [
  ['sink', failingSinks, 'failing sink'],
  ['source', failingSources, 'failing source'],
] as const) {
  test(`whatever a ${part} throws names it, and the user's file and line`, async () => {
    const line = lineOf('throw new TypeError(`', 0);
    const check = async (step: string, job: AnyJob, threads: number): Promise<void> => {
      const error = await failureOf(job, { threads });
      assert.equal(error.code, 'USER_FUNCTION', `${step}, ${threads} threads`);
      assert.match(
        error.message,
        new RegExp(`^operator '${operator}'.*: ${step} fails\\n.*failing\\.ts:${line}:`),
      );
    };
    await Promise.all(jobs.flatMap(({ step, job }) => [check(step, job, 0), check(step, job, 1)]));
  });
}

test('anything may be thrown: the error says what it was, and where the step is', async () => {
  const check = async (text: string, job: AnyJob, threads: number): Promise<void> => {
    const error = await failureOf(job, { threads });
    assert.equal(error.code, 'USER_FUNCTION', text);
    const [first] = error.message.split('\n');
    assert.equal(first, `operator 'throwing' (subtask 0, record 5000): ${text}`);
    assert.match(error.message, /\n {4}at .*failing\.ts:\d+:\d+$/, text);
  };
  await Promise.all(
    oddThrows.flatMap(({ text, job }) => [check(text, job, 0), check(text, job, 1)]),
  );
});

test('a job that fails tells its first error, not what closing adds to it', async () => {
  for (const threads of [0, 1]) {
    const error = await failureOf(jobs.failsTwice, { threads });
    assert.match(error.message, /the first failure/);
  }
});

test('what functions leave behind in a thread fails the job, not only what they throw', async () => {
  for (const { text, job } of leftBehind) {
    const error = await failureOf(job, { threads: 1 });
    assert.equal(error.code, 'WORKER_DIED', text);
    assert.match(error.message, /^worker 0 died outside any operator: /);
    assert.ok(error.message.includes(text), error.message);
    assert.match(error.message, /\n {4}at .*failing\.ts:\d+:\d+$/);
  }
});

test('a job that fails leaves no file, of branches that were done neither', async () => {
  for (const threads of [0, 2]) {
    await inFolder(async (out) => {
      const error = await failureOf(jobs.failsLate, { threads, params: { out } });
      assert.match(error.message, /the other branch/);
      assert.deepEqual(readdirSync(out), []);
    });
  }
});

test('process.exit in a function fails the job, not the program', async () => {
  for (const threads of [1, 2]) {
    const error = await failureOf(jobs.exits, { threads });
    assert.equal(error.code, 'WORKER_DIED');
    assert.match(error.message, /'leaving'.*process\.exit\(3\) was called in a worker thread/);
  }
});

test('a thread that dies while it writes leaves no file behind, and none of others is touched', async () => {
  await inFolder(async (folder) => {
    const small = { threads: 1, threadHeapMb: 48, restart: 'none' } as const;
    const others = '.part-other-0-0.csv.inprogress';
    const out = `${folder}/out`;
    mkdirSync(out);
    writeFileSync(`${out}/${others}`, '');
    const error = await failureOf(jobs.fillsMemoryWriting, { ...small, params: { out } });
    assert.equal(error.code, 'WORKER_DIED');
    assert.deepEqual(readdirSync(out), [others]);
    // A checkpoint may speak of what is there.
    const checkpoints = { dir: `${folder}/state`, every: '1 ms' } as const;
    await failureOf(jobs.fillsMemoryWriting, { ...small, params: { out }, checkpoints });
    const left = readdirSync(out).filter((name) => name !== others);
    assert.ok(
      left.some((name) => name.endsWith('.inprogress')),
      `${left}`,
    );
  });
});

test('a thread that runs out of memory fails the job and names the task', async () => {
  for (const threads of [1, 2]) {
    const error = await failureOf(jobs.fillsMemory, { threads, threadHeapMb: 48 });
    assert.equal(error.code, 'WORKER_DIED');
    assert.match(error.message, /^worker \d died in '.*hoarding.*': .*memory/);
  }
});

test('threads that die before they have work fail the job', async () => {
  const run = [
    ...['run', jobFile('two-jobs'), '--job', 'short', '--threads', 1, '--thread-heap', 1],
    '--no-progress',
  ];
  await inFolder(async (folder) => {
    const [alone, watched] = await Promise.all([
      millrace(...run),
      millrace(...run, '--watch', '--checkpoint-dir', folder),
    ]);
    for (const { code, stderr } of [alone, watched]) {
      assert.equal(code, EXIT.failed, stderr);
      assert.match(stderr, /^error WORKER_DIED: (a )?worker .*died .*: .*memory limit.*\n$/);
    }
  });
});

test('a value that cannot leave its thread names the operator and the field', async () => {
  const error = await failureOf(jobs.notTransferable, { threads: 2 });
  assert.equal(error.code, 'VALUE_NOT_TRANSFERABLE');
  assert.match(error.message, /^operator 'map': field 'again' holds a function/);
});

test('a graph that differs between threads is refused', async () => {
  const error = await failureOf(jobs.differs, { threads: 1 });
  assert.equal(error.code, 'GRAPH_MISMATCH');
  assert.match(error.message, /job 'differs' built another graph in worker 0/);
});

test('a job that threads cannot find is refused', async () => {
  const error = await failureOf(jobs.absent!, { threads: 1 });
  assert.equal(error.code, 'JOB_NOT_FOUND');
  assert.match(error.message, /failing\.ts does not define job 'absent' at its top level/);
});

test('two jobs of one name are refused by threads, which could not tell them apart', async () => {
  for (const job of jobs.namesakes) {
    const error = await failureOf(job, { threads: 1 });
    assert.equal(error.code, 'JOB_DEFINITION');
    assert.match(error.message, /failing\.ts defines job 'namesake' more than once/);
    await job.run({ threads: 0 });
  }
});

test('a job that is defined again when it has run is refused by threads, which would run the first', async () => {
  assert.deepEqual(await jobs.defined.collect({ threads: 1 }), { numbers: [10] });
  const again = jobs.define(100);
  await assert.rejects(again.collect({ threads: 1 }), {
    code: 'JOB_DEFINITION',
    message: /failing\.ts defines job 'defined' more than once/,
  });
  assert.deepEqual(await again.collect({ threads: 0 }), { numbers: [100] });
});
