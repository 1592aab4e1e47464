/** Sinks as steps of a job: several that write to one place, and what they do when the job is complete. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import { csv, type ExistingPolicy, files, jsonLines } from '../../src/connector/file/index.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { defineSink } from '../../src/connector/kit/index.ts';
import { record, t } from '../../src/data/schema.ts';
import type { RunOptions } from '../../src/job/job.ts';
import type { Sink } from '../../src/operator/sink.ts';

const Row = record({ id: t.int32 });
const ROWS = 20_000;
const ALL = Array.from({ length: ROWS }, (_, id) => id);

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sinks-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Even rows into one sink, odd ones into the other; the first run fails in the middle. */
async function runWith(
  even: Sink<{ id: number }>,
  odd: Sink<{ id: number }>,
  options: RunOptions,
): Promise<void> {
  let hasFailed = false;
  const twoSinks = job(import.meta, `two sinks ${name++}`, (flow) => {
    const rows = flow
      .from(generate({ schema: Row, count: ROWS, row: (id) => ({ id }) }), { rate: 100_000 })
      .filter(({ id }) => {
        const fails = id === ROWS / 2 && !hasFailed && options.restart !== undefined;
        hasFailed ||= fails;
        if (fails) throw new Error('once');
        return true;
      });
    rows.filter(({ id }) => id % 2 === 0).to(even);
    rows.filter(({ id }) => id % 2 === 1).to(odd);
  });
  const { state } = await twoSinks.run({ threads: 0, parallelism: 1, ...options });
  assert.equal(state, 'finished');
}
let name = 0;

const again = (dir: string): RunOptions => ({
  checkpoints: { dir, every: 10 },
  restart: { strategy: 'fixedDelay', delay: 1, attempts: 3 },
});

function idsIn(folder: string): readonly number[] {
  const parts = readdirSync(folder).filter((file) => !file.startsWith('.'));
  const texts = parts.map((file) => readFileSync(join(folder, file), 'utf8'));
  return texts
    .flatMap((text) => text.match(/\d+/g) ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

for (const [what, other] of [
  ['of one format', csv()],
  ['of two formats', jsonLines()],
] as const) {
  test(`two sinks ${what} write into one folder, also over a failure`, async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      await runWith(files(out, csv()), files(out, other), again(join(folder, 'state')));
      assert.deepEqual(idsIn(out), ALL);
    });
  });
}

test('one sink of two steps', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const sink = files(out, csv());
    await runWith(sink, sink, {});
    assert.deepEqual(idsIn(out), ALL);
  });
});

test('one sink of two steps, whose parts become larger ones, also over a failure', async () => {
  for (const compact of [{ size: 2000 }, { checkpoints: 3 }]) {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const sink = files(out, csv(), { compact, rolling: { onCheckpoint: true } });
      await runWith(sink, sink, again(join(folder, 'state')));
      assert.deepEqual(idsIn(out), ALL);
      const hidden = readdirSync(out).filter((file) => file.startsWith('.'));
      assert.equal(hidden.filter((file) => file.endsWith('.compaction')).length, 2);
      assert.equal(hidden.length, 2, 'nothing waits any more');
    });
  }
});

test('a sink of two steps has ids of its runs that differ by step', async () => {
  const staged = new Map<string, readonly number[]>();
  const shown = new Map<string, readonly number[]>();
  const sink = defineSink({
    name: 'shown',
    open({ runId, subtask }) {
      let waiting: number[] = [];
      let count = 0;
      return {
        write: (rows: readonly { id: number }[]) => void waiting.push(...rows.map(({ id }) => id)),
        preCommit() {
          const token = `${runId}-${subtask}-${count++}`;
          staged.set(token, waiting);
          waiting = [];
          return [token];
        },
      };
    },
    commit(tokens) {
      for (const token of tokens) shown.set(token, staged.get(token)!);
    },
  });
  await inFolder(async (folder) => {
    await runWith(sink, sink, again(folder));
    const ids = [...shown.values()].flat().sort((a, b) => a - b);
    assert.deepEqual(ids, ALL);
  });
});

for (const isCheckpointed of [false, true]) {
  test(`results without a row replace old ones, ${isCheckpointed ? 'with' : 'without'} checkpoints`, async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const write = async (count: number, existing: ExistingPolicy): Promise<void> => {
        const rows = job(import.meta, `rows ${name++}`, (flow) => {
          const some = flow.from(generate({ schema: Row, count, row: (id) => ({ id }) }));
          some.to(files(out, csv(), { existing }));
        });
        const dir = join(folder, `state-${count}`);
        const options = isCheckpointed ? { checkpoints: { dir, every: 10 } } : {};
        await rows.run({ threads: 0, parallelism: 1, ...options });
      };
      await write(3, 'replace');
      assert.deepEqual(idsIn(out), [0, 1, 2]);
      await write(0, 'keep');
      assert.deepEqual(idsIn(out), [0, 1, 2]);
      if (isCheckpointed) rmSync(join(folder, 'state-0'), { recursive: true });
      await write(0, 'replace');
      assert.deepEqual(readdirSync(out), []);
    });
  });
}
