/** Checkpoints whose bytes have changed: threads find that when they take their state, and nothing outside has changed by then. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOptions } from 'millrace';
import type { Manifest } from '../../src/checkpoint/checkpoint.ts';
import { inFolder } from '../connector/read-all.ts';
import { checkpointsOf, damage } from './checkpoint-files.ts';
import { noted } from './jobs/noting-sink.ts';

const AT_ONCE = { strategy: 'fixedDelay', attempts: 3, delay: '1 ms' } as const;

function optionsIn(folder: string, more: RunOptions = {}): RunOptions {
  return {
    threads: 2,
    params: { notes: `${folder}/notes` },
    checkpoints: { dir: `${folder}/state`, every: '40 ms', retained: 2 },
    restart: AT_ONCE,
    ...more,
  };
}

/** What the sink has been asked for since the notes were thrown away. */
function notesIn(folder: string): { readonly what: string; readonly value: number[] }[] {
  const lines = readFileSync(`${folder}/notes`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [, what, value] = /^(\w+) (.*)$/.exec(line)!;
    return { what: what!, value: JSON.parse(value!) as number[] };
  });
}

/** Runs the job until it has several checkpoints, and gives the two newest. */
async function twoCheckpoints(folder: string, options: RunOptions): Promise<[number, number]> {
  const params = { ...options.params, rate: 3000, holdAt: 30_000 };
  const client = await noted.start({ ...options, params });
  while ((checkpointsOf(`${folder}/state`).at(-1) ?? 0) < 4) await sleep(2);
  await client.cancel();
  await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
  rmSync(`${folder}/notes`);
  const [older, newest] = checkpointsOf(`${folder}/state`).slice(-2);
  return [older!, newest!];
}

/** What the sink has prepared with a checkpoint. */
function preparedWith(folder: string, checkpoint: number): number {
  const text = readFileSync(`${folder}/state/checkpoint-${checkpoint}/manifest.json`, 'utf8');
  const { manifest } = JSON.parse(text) as { readonly manifest: Manifest };
  return manifest.operators.find(({ uid }) => uid === 'noting')!.committables[0] as number;
}

/** The warnings of the process meanwhile. */
async function warningsOf(run: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = [];
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error) => void warnings.push(String(warning));
  try {
    await run();
  } finally {
    process.emitWarning = emitWarning;
  }
  return warnings;
}

for (const threads of [0, 2]) {
  test(`${threads} threads: what a damaged checkpoint had prepared is not committed, its writers are not opened`, async () => {
    await inFolder(async (folder) => {
      const options = optionsIn(folder, { threads });
      const [older, newest] = await twoCheckpoints(folder, options);
      const prepared = preparedWith(folder, older);
      damage(`${folder}/state`, newest);
      const warnings = await warningsOf(() => noted.run(options));
      assert.match(warnings.join(), new RegExp(`checkpoint ${newest} is damaged and left out`));
      const notes = notesIn(folder);
      assert.deepEqual(notes.slice(0, 3), [
        { what: 'commit', value: [prepared] },
        { what: 'prepare', value: [prepared] },
        { what: 'writer', value: [prepared] },
      ]);
      assert.equal(notes.filter(({ what }) => what === 'prepare').length, 1);
    });
  });
}

test('state that no thread takes is verified too', async () => {
  await inFolder(async (folder) => {
    const options = optionsIn(folder);
    const [older, newest] = await twoCheckpoints(folder, options);
    const prepared = preparedWith(folder, older);
    damage(`${folder}/state`, newest);
    const params = { ...options.params, counts: false };
    const dropping = { ...options, params, allowDroppedState: true };
    const warnings = await warningsOf(() => noted.run(dropping));
    assert.match(warnings.join(), new RegExp(`checkpoint ${newest} is damaged and left out`));
    assert.deepEqual(notesIn(folder)[0], { what: 'commit', value: [prepared] });
  });
});

test('a checkpoint whose state a thread refuses changes nothing outside', async () => {
  await inFolder(async (folder) => {
    const options = optionsIn(folder);
    await twoCheckpoints(folder, options);
    const params = { ...options.params, other: true };
    await assert.rejects(noted.run({ ...options, params }), { code: /^STATE_/ });
    assert.equal(existsSync(`${folder}/notes`), false);
  });
});

test('a job that fails while it runs, and finds its last checkpoint damaged, goes on from the one before', async () => {
  await inFolder(async (folder) => {
    const state = `${folder}/state`;
    const paced = { rate: 30_000, each: 10_000, checkpoints: state };
    const params = { notes: `${folder}/notes`, breaks: state, ...paced };
    const warnings = await warningsOf(() => noted.run(optionsIn(folder, { params })));
    const older = readFileSync(`${state}.broken`, 'utf8');
    assert.match(warnings.join(), /noted' failed and goes on in 1 ms/);
    assert.match(warnings.join(), /checkpoint \d+ is damaged and left out/);
    const log = notesIn(folder).map(({ what }) => what);
    assert.equal(log.filter((what) => what === 'prepare').length, 2, `from ${older} on`);
  });
});

test('where none is whole, and with a savepoint, the job does not start, and is not tried again', async () => {
  await inFolder(async (folder) => {
    const options = optionsIn(folder);
    const [older, newest] = await twoCheckpoints(folder, options);
    const restoreFrom = `${folder}/state/checkpoint-${newest}`;
    for (const id of [older, newest]) damage(`${folder}/state`, id);
    const warnings = await warningsOf(async () => {
      await assert.rejects(noted.start(options), {
        code: 'CHECKPOINT_DAMAGED',
        message: /^no checkpoint in .* is whole: .*start from a savepoint/,
      });
      const checkpoints = { dir: `${folder}/new`, every: '40 ms' } as const;
      await assert.rejects(noted.start({ ...options, restoreFrom, checkpoints }), {
        code: 'CHECKPOINT_DAMAGED',
        message: new RegExp(`checkpoint-${newest}/state, byte \\d+: `),
      });
    });
    assert.doesNotMatch(warnings.join(), /goes on in/);
    assert.equal(existsSync(`${folder}/notes`), false, 'nothing outside was touched');
  });
});

test('what a job meets at its work says nothing of the checkpoint that it goes on from', async () => {
  await inFolder(async (folder) => {
    const params = { notes: `${folder}/notes`, fails: true };
    const warnings = await warningsOf(() =>
      assert.rejects(noted.run(optionsIn(folder, { params })), {
        code: 'CHECKPOINT_DAMAGED',
        message: 'that of another job',
      }),
    );
    assert.deepEqual(warnings, []);
  });
});
