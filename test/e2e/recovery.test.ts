/** Jobs that fail in many ways, in real threads and processes, and go on from their checkpoints: nothing is lost or doubled. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckpointOptions, JobClient, RunOptions } from 'millrace';
import type { Manifest } from '../../src/checkpoint/checkpoint.ts';
import { inFolder } from '../connector/read-all.ts';
import { checkpointsOf, damage } from './checkpoint-files.ts';
import { jobFile, millrace, startMillrace } from './command-line.ts';
import { STILL_KEYS, STILL_ROWS } from './jobs/mostly-still.ts';
import {
  badCommits,
  changing,
  counting,
  filing,
  filingToo,
  KEYS,
  passing,
  ROWS,
  shortAndLong,
  slow,
  stalling,
} from './jobs/recovering.ts';

type Count = { readonly key: number; readonly one: number };

function checkpointsIn(folder: string, more: Partial<CheckpointOptions> = {}): CheckpointOptions {
  return { dir: `${folder}/state`, every: '40 ms', ...more };
}

const AT_ONCE = { strategy: 'fixedDelay', attempts: 3, delay: '1 ms' } as const;

function optionsIn(folder: string, more: RunOptions = {}): RunOptions {
  return {
    threads: 1,
    parallelism: 2,
    checkpoints: checkpointsIn(folder),
    restart: AT_ONCE,
    ...more,
  };
}

/** Every key counts from 1 on, without a gap and without a number that comes twice. */
function checkCounts(counts: readonly Count[], keys = KEYS, rows = ROWS): void {
  const byKey = new Map<number, number[]>();
  for (const { key, one } of counts) byKey.set(key, [...(byKey.get(key) ?? []), one]);
  assert.equal(byKey.size, keys);
  assert.equal(counts.length, rows);
  for (const [key, ones] of byKey) {
    const sorted = ones.toSorted((a, b) => a - b);
    const wrong = sorted.findIndex((one, n) => one !== n + 1);
    assert.equal(wrong, -1, `key ${key}: ${sorted[wrong]} in place of ${wrong + 1}`);
  }
}

function countsIn(folder: string): Count[] {
  return readdirSync(folder).flatMap((name) => {
    assert.match(name, /^part-.*\.csv$/);
    const [header, ...lines] = readFileSync(`${folder}/${name}`, 'utf8').trimEnd().split('\n');
    assert.equal(header, 'key,one');
    return lines.map((line) => {
      const [key, one] = line.split(',').map(Number);
      return { key: key!, one: one! };
    });
  });
}

function checkpointIds(folder: string): number[] {
  return checkpointsOf(`${folder}/state`);
}

function timesIn(marker: string): number {
  return existsSync(marker) ? readFileSync(marker).length : 0;
}

/** Waits until a checkpoint is there that is newer than those before. */
async function newerCheckpoint(folder: string, than = 0): Promise<number> {
  // The alarm for a job that hangs.
  for (let n = 0; n < 60_000; n++) {
    const newest = checkpointIds(folder).at(-1) ?? 0;
    if (newest > than) return newest;
    await sleep(2);
  }
  throw new Error(`no checkpoint of ${folder} is newer than ${than}`);
}

/** Cancels a job once there are checkpoints of it. */
async function cancelAfter(client: JobClient, folder: string, checkpoints = 2): Promise<void> {
  let newest = checkpointIds(folder).at(-1) ?? 0;
  for (let n = 0; n < checkpoints; n++) newest = await newerCheckpoint(folder, newest);
  await client.cancel();
  await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
}

/** Not all rows are read before there are checkpoints behind parts of them. */
function paced(folder: string): { readonly each: number; readonly checkpoints: string } {
  return { each: ROWS / 4, checkpoints: `${folder}/state` };
}

/** Rows from this one on do not come, so that the job is cancelled in its middle. */
const HELD = { holdAt: ROWS / 2 };

/** Silence for what is expected. */
function withoutWarnings<T>(run: () => Promise<T>): Promise<T> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  return run().finally(() => {
    process.emitWarning = emitWarning;
  });
}

for (const [how, places] of [
  [
    'throw',
    [
      { threads: 0 },
      { threads: 0, parallelism: 3 },
      { threads: 1 },
      { threads: 2, parallelism: 3 },
    ],
  ],
  ['exit', [{ threads: 2 }]],
  ['heap', [{ threads: 1, threadHeapMb: 64 }]],
] as const) {
  test(`${how}: the job goes on from its last checkpoint, each row counts once`, async () => {
    for (const place of places) {
      await inFolder(async (folder) => {
        const marker = `${folder}/marker`;
        const params = { how, marker, times: 2, ...paced(folder) };
        const { counts } = await withoutWarnings(() =>
          counting.collect(optionsIn(folder, { params, ...place })),
        );
        checkCounts(counts as Count[]);
        assert.equal(timesIn(marker), 3, 'twice disturbed, then let alone');
      });
    }
  });
}

test('a function of an aggregate throws: windows have each row once', async () => {
  await inFolder(async (folder) => {
    const marker = `${folder}/marker`;
    const params = { how: 'aggregate', marker, times: 1, ...paced(folder) };
    const { counts, windows } = await withoutWarnings(() =>
      counting.collect(optionsIn(folder, { params })),
    );
    checkCounts(counts as Count[]);
    const rows = (windows as { rows: number }[]).map((window) => window.rows);
    assert.deepEqual(
      rows,
      rows.map(() => 1000 / KEYS),
    );
    assert.equal(rows.length, (ROWS / 1000) * KEYS);
  });
});

test('a job without checkpoints begins anew, and its rows come once', async () => {
  await inFolder(async (folder) => {
    const params = { how: 'throw', marker: `${folder}/marker`, times: 2 };
    for (const threads of [0, 1]) {
      const { counts } = await withoutWarnings(() =>
        counting.collect({ threads, params, restart: AT_ONCE }),
      );
      checkCounts(counts as Count[]);
    }
  });
});

test('what always fails fails the job, with the error of the user, after so many attempts', async () => {
  await inFolder(async (folder) => {
    const marker = `${folder}/marker`;
    const params = { how: 'throw', marker, times: 1000, ...paced(folder) };
    const options = optionsIn(folder, { params, restart: { ...AT_ONCE, attempts: 2 } });
    await withoutWarnings(() =>
      assert.rejects(counting.collect(options), {
        code: 'USER_FUNCTION',
        message: /row 28000 is bad/,
      }),
    );
    assert.equal(timesIn(marker), 3);
    // The next process has its attempts too, and goes on.
    const { counts } = await counting.collect({ ...options, params: {} });
    assert.ok(
      counts.length > 0 && counts.length < ROWS,
      'what was committed before is not repeated',
    );
    const most = counts.reduce((sum, { one }) => Math.max(sum, one), 0);
    assert.equal(most, ROWS / KEYS);
  });
});

test('unaligned: rows in flight are part of the checkpoint, whatever the number of subtasks behind', async () => {
  for (const { unaligned = true, ...place } of [
    { threads: 0, parallelism: 3 },
    { threads: 1, parallelism: 2 },
    { threads: 2, parallelism: 3 },
    { threads: 2, parallelism: 3, unaligned: { after: '2 ms' } as const },
  ]) {
    await inFolder(async (folder) => {
      const marker = `${folder}/marker`;
      const checkpoints = checkpointsIn(folder, { unaligned });
      const params = { out: `${folder}/out`, how: 'throw', marker, times: 2, ...paced(folder) };
      const options = optionsIn(folder, { params, checkpoints, ...place });
      // The first process is left to itself only once; the next one has other subtasks, and no failure.
      await withoutWarnings(() =>
        assert.rejects(filing.run({ ...options, restart: { ...AT_ONCE, attempts: 1 } })),
      );
      assert.ok(checkpointIds(folder).length > 0);
      await filing.run({ ...options, threads: 2, parallelism: 1 });
      checkCounts(countsIn(`${folder}/out`));
    });
  }
});

/** Rows in flight that the newest checkpoint has, by the step they are on their way to. */
function rowsInFlight(folder: string): ReadonlyMap<string, number> {
  const newest = checkpointIds(folder).at(-1);
  if (newest === undefined) return new Map();
  const path = `${folder}/state/checkpoint-${newest}/manifest.json`;
  const { manifest } = JSON.parse(readFileSync(path, 'utf8')) as { manifest: Manifest };
  return new Map(
    manifest.operators.flatMap(({ states }) =>
      states.flatMap(({ name, parts }): [string, number][] => {
        const to = /^in flight to (\w+)/.exec(name)?.[1];
        const blocks = parts.flatMap((part) => part.blocks);
        return to === undefined ? [] : [[to, blocks.length]];
      }),
    ),
  );
}

/** Takes checkpoints until one has rows in flight to the slow step: at a moment when it has come by its time there are none. */
async function checkpointInFlight(client: JobClient, folder: string): Promise<void> {
  for (let n = 0; n < 200; n++) {
    await client.checkpoint();
    if (rowsInFlight(folder).has('slow')) return;
  }
  throw new Error('no checkpoint has rows in flight');
}

test('unaligned: a checkpoint has what is in front of a slow step, and goes on only where it leads', async () => {
  await inFolder(async (folder) => {
    // Each is asked for: none comes between one that is looked at and the end.
    const checkpoints = checkpointsIn(folder, { unaligned: true, every: '1 h' });
    const options: RunOptions = { threads: 2, parallelism: 2, checkpoints };
    const client = await slow.start(options);
    client.result().catch(() => {});
    await checkpointInFlight(client, folder);
    await client.savepoint(`${folder}/savepoint`);
    await checkpointInFlight(client, folder);
    await client.cancel();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
    assert.ok(rowsInFlight(folder).get('slow')! > 0);
    const params = { way: 'another' };
    await assert.rejects(slow.start({ ...options, params }), {
      code: 'STATE_INCOMPATIBLE',
      message: /unaligned checkpoint, with rows of 'generate' in flight to slow/,
    });
    // A savepoint has nothing in flight.
    const restoreFrom = `${folder}/savepoint`;
    const other = await slow.start({ threads: 2, params, restoreFrom });
    await other.cancel();
    await assert.rejects(other.result(), { code: 'JOB_CANCELLED' });
  });
});

test('unaligned after a while: what waits in front of a slow step holds a checkpoint up no longer', async () => {
  for (const after of ['5 ms', '10 min'] as const) {
    await inFolder(async (folder) => {
      const checkpoints = checkpointsIn(folder, { unaligned: { after }, every: '10 min' });
      const options = { threads: 2, parallelism: 2, checkpoints } as const;
      const client = await slow.start(options);
      client.result().catch(() => {});
      while (client.status().records < 10_000) await sleep(5);
      if (after === '5 ms') await checkpointInFlight(client, folder);
      else await client.checkpoint();
      assert.equal(rowsInFlight(folder).has('slow'), after === '5 ms');
      await client.cancel();
      const again = await slow.start({ ...options, parallelism: 1 });
      assert.equal(again.metrics().checkpoints.restored, checkpointIds(folder).at(-1));
      await again.cancel();
      await assert.rejects(again.result(), { code: 'JOB_CANCELLED' });
    });
  }
});

test('at least once: nothing is lost', async () => {
  await inFolder(async (folder) => {
    const params = { how: 'throw', marker: `${folder}/marker`, times: 2, ...paced(folder) };
    const checkpoints = checkpointsIn(folder, { mode: 'atLeastOnce' });
    const { counts } = await withoutWarnings(() =>
      counting.collect(optionsIn(folder, { params, checkpoints, threads: 2, parallelism: 3 })),
    );
    for (let key = 0; key < KEYS; key++) {
      const ones = counts.filter((count) => count.key === key).map(({ one }) => one);
      assert.ok(Math.max(...ones) >= ROWS / KEYS);
    }
  });
});

for (const [when, params] of [
  ['in the middle', { from: 2 }],
  ['in the middle, twice', { from: 2, times: 2 }],
  ['in the middle, when all was done', { from: 2, behind: true }],
] as const) {
  test(`a commit fails ${when}: it is tried again from the checkpoint, each row comes once`, async () => {
    await inFolder(async (folder) => {
      const out = `${folder}/out`;
      const marker = `${folder}/marker`;
      await withoutWarnings(() =>
        badCommits.run(optionsIn(folder, { params: { out, marker, ...paced(folder), ...params } })),
      );
      checkCounts(countsIn(out));
      assert.ok(timesIn(marker) > 3);
    });
  });
}

test('a commit fails at the end: it alone is tried again, with checkpoints and without', async () => {
  for (const checkpoints of [undefined, { every: '1 h' }] as const) {
    for (const behind of [false, true]) {
      await inFolder(async (folder) => {
        const out = `${folder}/out`;
        const marker = `${folder}/marker`;
        const params = { out, marker, behind, times: 2 };
        const result = await withoutWarnings(() =>
          badCommits.run({
            threads: 1,
            params,
            restart: AT_ONCE,
            ...(checkpoints === undefined
              ? {}
              : { checkpoints: checkpointsIn(folder, checkpoints) }),
          }),
        );
        checkCounts(countsIn(out));
        assert.equal(timesIn(marker), 3);
        assert.equal(result.operators.find(({ name }) => name === 'generate')!.recordsOut, ROWS);
      });
    }
  }
});

test('a process that ends before the last commit: the next one commits, and clears old results away', async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/out`;
    await filingToo.run({ threads: 0, params: { out } });
    const params = { out, marker: `${folder}/marker`, times: 1 };
    const checkpoints = checkpointsIn(folder, { every: '1 h' });
    const options: RunOptions = { threads: 1, params, checkpoints, restart: 'none' };
    await assert.rejects(badCommits.run(options), { message: /commit 1 is bad/ });
    const result = await badCommits.run(options);
    assert.deepEqual(result.operators, [], 'nothing runs');
    checkCounts(countsIn(out));
    await badCommits.run(options);
    checkCounts(countsIn(out));
  });
});

test('a source that was read before stays read, over several restarts', async () => {
  await inFolder(async (folder) => {
    const marker = `${folder}/marker`;
    const params = { marker, times: 3, ...paced(folder) };
    const { counts } = await withoutWarnings(() =>
      shortAndLong.collect(optionsIn(folder, { params, threads: 2 })),
    );
    checkLongAndShort(counts);
    assert.ok(timesIn(marker) > 3);
  });
});

function checkLongAndShort(counts: readonly Count[]): void {
  checkCounts(
    counts.filter(({ key }) => key < KEYS),
    KEYS,
    2000,
  );
  checkCounts(counts.filter(({ key }) => key >= KEYS));
}

test('a job that was cancelled goes on later, with another number of subtasks; one that is finished does nothing', async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/out`;
    for (const place of [{ threads: 1 }, { threads: 0, parallelism: 3 }]) {
      await cancelAfter(
        await filing.start(optionsIn(folder, { params: { out, ...HELD }, ...place })),
        folder,
      );
    }
    const controller = new AbortController();
    const aborted = await filing.start(
      optionsIn(folder, {
        params: { out, ...HELD },
        parallelism: 1,
        signal: controller.signal,
      }),
    );
    await newerCheckpoint(folder, checkpointIds(folder).at(-1));
    controller.abort();
    await assert.rejects(aborted.result(), { code: 'JOB_CANCELLED' });
    const options = optionsIn(folder, { params: { out }, threads: 2, parallelism: 3 });
    const first = await filing.run(options);
    checkCounts(countsIn(out));
    const again = await filing.run(options);
    assert.equal(again.state, 'finished');
    assert.equal(again.lastCheckpoint, first.lastCheckpoint);
    checkCounts(countsIn(out));
  });
});

test('Ctrl-C, then the same command again', async () => {
  await inFolder(async (folder) => {
    const command = [
      ...['run', jobFile('recovering'), '--job', 'filing', '--no-progress'],
      ...['--checkpoint-dir', `${folder}/state`, '--checkpoint-every', '40ms'],
      ...['--param', `out=${folder}/out`],
    ];
    const running = startMillrace(...command, '--param', `holdAt=${HELD.holdAt}`);
    await newerCheckpoint(folder);
    running.process.kill('SIGINT');
    assert.equal((await running.ended).code, 130);
    const { code, stderr } = await millrace(...command, '--parallelism', 3);
    assert.equal(code, 0, stderr);
    checkCounts(countsIn(`${folder}/out`));
  });
});

test('cancel between two attempts is not lost', async () => {
  for (const delay of [0, '1 h'] as const) {
    await inFolder(async (folder) => {
      const marker = `${folder}/marker`;
      const params = { how: 'throw', marker, times: 1000 };
      const restart = { strategy: 'fixedDelay', attempts: 1000, delay } as const;
      await withoutWarnings(async () => {
        const client = await counting.start(
          optionsIn(folder, { params, restart, outputs: false } as RunOptions),
        );
        while (timesIn(marker) === 0) await sleep(2);
        await sleep(20);
        await client.cancel();
        assert.equal(client.status().state, 'cancelled');
        await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
      });
    });
  }
});

test('between two attempts a job is stopped where its last checkpoint is, and told to wait with a savepoint', async () => {
  await inFolder(async (folder) => {
    const marker = `${folder}/marker`;
    const restart = { strategy: 'fixedDelay', attempts: 1000, delay: '1 h' } as const;
    const params = { how: 'throw', marker, times: 1, ...paced(folder) };
    const disturbed = { params, restart, outputs: false };
    await withoutWarnings(async () => {
      const client = await counting.start(optionsIn(folder, disturbed as RunOptions));
      while (!client.metrics().isRestarting) await sleep(2);
      await assert.rejects(client.savepoint(`${folder}/saved`), { code: 'JOB_RESTARTING' });
      await assert.rejects(client.stop({ savepoint: `${folder}/saved` }), {
        code: 'JOB_RESTARTING',
        message: /waits for its next attempt: stop it without savepoint and drain/,
      });
      await assert.rejects(client.stop({ drain: true }), { code: 'JOB_RESTARTING' });
      const { state, lastCheckpoint } = await client.stop();
      assert.equal(state, 'stopped');
      assert.match(lastCheckpoint!, /checkpoint-\d+$/);
    });
    const { counts } = await counting.collect(optionsIn(folder, { params: { marker, times: 0 } }));
    assert.ok(counts.length > 0);
  });
});

test('incremental checkpoints, killed and started again: only what has changed is written, and no row is lost or doubled', async () => {
  await inFolder(async (folder) => {
    const state = `${folder}/state`;
    const command = (...more: readonly (string | number)[]) => [
      ...['run', jobFile('mostly-still'), '--no-progress', '--threads', 1, '--parallelism', 2],
      ...['--checkpoint-dir', state, '--checkpoint-every', '40ms', '--incremental'],
      ...['--param', `out=${folder}/out`, ...more],
    ];
    type Summary = {
      uid: string;
      states: { deltas: number; deltaBytes: number; storedBytes: number }[];
    };
    for (let life = 0; life < 3; life++) {
      const held = ['--param', 'each=700', '--param', `checkpoints=${state}`];
      const running = startMillrace(...command(...held));
      let newest = checkpointIds(folder).at(-1) ?? 0;
      for (let n = 0; n < 8; n++) newest = await newerCheckpoint(folder, newest);
      running.process.kill('SIGKILL');
      assert.equal((await running.ended).code, null);
      const { stdout } = await millrace('snapshot', 'inspect', state, '--json');
      const { operators } = JSON.parse(stdout) as { operators: Summary[] };
      for (const uid of ['sums', 'counts']) {
        const [one] = operators.find((operator) => operator.uid === uid)!.states;
        if (life > 0) assert.ok(one!.deltas > 0, `${uid} of life ${life} has deltas`);
      }
      const exported = await millrace(
        'snapshot',
        'export',
        state,
        '--uid',
        'counts',
        '--state',
        'state/count',
      );
      const keys = exported.stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Count).key);
      assert.equal(new Set(keys).size, keys.length, 'each key is exported once');
    }
    const { code, stderr } = await millrace(
      ...command('--param', 'rate=1000000'),
      '--parallelism',
      3,
    );
    assert.equal(code, 0, stderr);
    for (const output of ['sums', 'counts']) {
      checkCounts(countsIn(`${folder}/out/${output}`), STILL_KEYS, STILL_ROWS);
    }
    assert.equal(checkpointIds(folder).length, 1, 'the last one needs no other');
  });
});

test('two processes on one directory: the second is refused', async () => {
  await inFolder(async (folder) => {
    const command = [
      ...['run', jobFile('recovering'), '--job', 'filing', '--no-progress', '--threads', 1],
      ...['--checkpoint-dir', `${folder}/state`, '--checkpoint-every', '40ms'],
      ...['--param', 'rate=1000', '--param'],
    ];
    const first = startMillrace(...command, `out=${folder}/one`);
    await newerCheckpoint(folder);
    const second = await millrace(...command, `out=${folder}/two`);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /CHECKPOINT_LOCKED/);
    first.process.kill('SIGKILL');
    await first.ended;
    const third = startMillrace(...command, `out=${folder}/one`);
    await newerCheckpoint(folder, checkpointIds(folder).at(-1));
    third.process.kill('SIGKILL');
    await third.ended;
  });
});

test('CHECKPOINT_TIMEOUT: a sink that stalls fails the job, unless failures are tolerated', async () => {
  await inFolder(async (folder) => {
    const params = { stall: 400 };
    const forEver = { stall: 1e9 };
    const checkpoints = checkpointsIn(folder, { every: '20 ms', timeout: '50 ms' });
    const options = optionsIn(folder, { params, checkpoints, restart: 'none' });
    await assert.rejects(stalling.run({ ...options, params: forEver }), {
      code: 'CHECKPOINT_TIMEOUT',
    });
    const tolerant = { ...options, checkpoints: { ...checkpoints, tolerableFailures: 1000 } };
    const { lastCheckpoint } = await withoutWarnings(() => stalling.run(tolerant));
    assert.notEqual(lastCheckpoint, null);
  });
});

test('STATE_UNKNOWN: state of a step that is gone is refused, or dropped', async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/out`;
    const with2 = optionsIn(folder, { params: { out, steps: 'count sum' } });
    const held = optionsIn(folder, { params: { ...with2.params, ...HELD } });
    await cancelAfter(await changing.start(held), folder);
    const with1 = optionsIn(folder, { params: { out, steps: 'count' } });
    await assert.rejects(changing.run(with1), { code: 'STATE_UNKNOWN', message: /uid sums/ });
    await changing.run({ ...with1, allowDroppedState: true });
    const [part] = readdirSync(`${out}/counts`);
    const lines = readFileSync(`${out}/counts/${part}`, 'utf8').trimEnd().split('\n');
    assert.ok(lines[1]!.endsWith(`,${ROWS / KEYS}`), lines[1]);
  });
});

test('STATE_INCOMPATIBLE: other aggregates, another number of key groups, another job', async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/out`;
    const options = optionsIn(folder, { params: { out, steps: 'count' } });
    const held = { ...options.params, ...HELD };
    await cancelAfter(await changing.start({ ...options, params: held }), folder);
    const refused = { code: 'STATE_INCOMPATIBLE' };
    await assert.rejects(changing.run({ ...options, params: { out, steps: 'mean' } }), refused);
    await assert.rejects(changing.run({ ...options, maxParallelism: 64 }), refused);
    await assert.rejects(changing.run({ ...options, parallelism: 129 }), refused);
    await assert.rejects(filingToo.run({ ...options, params: { out } }), refused);
    await changing.run({ ...options, maxParallelism: 128 });
  });
});

test('fresh begins anew, and goes on from its own checkpoints; restoreFrom takes those of another directory', async () => {
  await inFolder(async (folder) => {
    const params = { out: `${folder}/out` };
    const held = { ...params, ...HELD };
    await cancelAfter(await filing.start(optionsIn(folder, { params: held })), folder);
    const before = checkpointIds(folder).at(-1)!;
    const elsewhere = `${folder}/elsewhere`;
    const restored = optionsIn(elsewhere, {
      params,
      restoreFrom: `${folder}/state/checkpoint-${before}`,
    });
    await filing.run(restored);
    checkCounts(countsIn(params.out));
    // What the directory itself has comes first.
    assert.equal((await filing.run(restored)).operators.length, 0);
    const result = await filing.run(optionsIn(folder, { params, fresh: true }));
    assert.equal(result.operators.find(({ name }) => name === 'generate')!.recordsOut, ROWS);
    checkCounts(countsIn(params.out));
    assert.ok(checkpointIds(folder).at(-1)! > before);
    await assert.rejects(
      filing.run({
        ...restored,
        checkpoints: checkpointsIn(`${folder}/new`),
        restoreFrom: `${folder}/none`,
      }),
      {
        code: 'CHECKPOINT_NOT_FOUND',
      },
    );
  });
});

test('outputs of the program go on behind a barrier', async () => {
  await inFolder(async (folder) => {
    const params = paced(folder);
    const client = await passing.start(optionsIn(folder, { parallelism: 1, params }));
    const numbers: number[] = [];
    for await (const n of client.outputs.numbers) numbers.push(n);
    assert.deepEqual(
      numbers,
      Array.from({ length: ROWS }, (_, n) => n),
    );
    await client.result();
    assert.ok(checkpointIds(folder).at(-1)! > 3);
  });
});

test('a damaged checkpoint under file sinks: parts that go on are cut back', async () => {
  await inFolder(async (folder) => {
    const params = { out: `${folder}/out`, rate: 30_000 };
    const checkpoints = checkpointsIn(folder, { retained: 2 });
    const options = optionsIn(folder, { params, checkpoints });
    const held = { ...params, ...HELD };
    await cancelAfter(await filing.start({ ...options, params: held }), folder, 5);
    damage(`${folder}/state`, checkpointIds(folder).at(-1)!);
    await withoutWarnings(() => filing.run(options));
    checkCounts(countsIn(params.out));
  });
});

test('a damaged checkpoint under file sinks: what it had made visible comes again, and a warning says so', async () => {
  await inFolder(async (folder) => {
    const params = { out: `${folder}/out`, rolls: true, rate: 30_000 };
    const checkpoints = checkpointsIn(folder, { retained: 2 });
    const options = optionsIn(folder, { params, checkpoints });
    const held = { ...params, ...HELD };
    await cancelAfter(await filing.start({ ...options, params: held }), folder, 5);
    const newest = checkpointIds(folder).at(-1)!;
    damage(`${folder}/state`, newest!);
    const warned: string[] = [];
    const onWarning = ({ message }: Error): unknown => warned.push(message);
    process.on('warning', onWarning);
    await filing.run(options);
    process.off('warning', onWarning);
    assert.match(
      warned.join(),
      new RegExp(`checkpoint ${newest} is damaged .* may come once more`),
    );
    const counts = countsIn(params.out);
    // Nothing is lost, and only what lay between the two checkpoints is there twice.
    const distinct = new Set(counts.map(({ key, one }) => `${key} ${one}`));
    assert.equal(distinct.size, ROWS);
    assert.ok(counts.length < 2 * ROWS);
  });
});

test('a damaged checkpoint: the one before it is taken', async () => {
  await inFolder(async (folder) => {
    const params = { how: 'throw', marker: `${folder}/marker`, times: 1, ...paced(folder) };
    const checkpoints = checkpointsIn(folder, { retained: 2 });
    const options = optionsIn(folder, { params, checkpoints, restart: 'none' });
    await assert.rejects(counting.collect(options), { code: 'USER_FUNCTION' });
    const [older, newest] = checkpointIds(folder).slice(-2);
    damage(`${folder}/state`, newest!);
    const { counts } = await withoutWarnings(() => counting.collect(options));
    assert.ok(checkpointIds(folder).at(-1)! > newest!);
    for (let key = 0; key < KEYS; key++) {
      const ones = counts.filter((count) => count.key === key).map(({ one }) => one);
      // From the older checkpoint on, without a gap.
      const least = Math.min(...ones);
      assert.ok(least > 1, `${older}`);
      assert.equal(ones.length, ROWS / KEYS - least + 1);
      assert.equal(new Set(ones).size, ones.length);
    }
  });
});
