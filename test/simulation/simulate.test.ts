/**
 * Simulated runs of whole jobs: `SIMULATIONS=1000000 npm run test:sim` for as many as you like, `SEED=7` for one. By default
 * 2000, on seeds that follow from the commit, and those that failed once (old-seeds.ts).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { EngineError } from '../../src/base/errors.ts';
import type { Batch } from '../../src/data/batch.ts';
import {
  type SimulatedJobLike,
  type SimulationResult,
  simulate,
  simulateWith,
} from '../../src/testing/simulate.ts';
import { SimulatedSink } from '../../src/testing/simulation/simulated-sink.ts';
import {
  asking,
  connected,
  functions,
  joins,
  kinds,
  partitions,
  rolling,
  stages,
  windows,
} from './jobs.ts';
import { OLD_SEEDS } from './old-seeds.ts';

/** Held against a naive evaluation, and against an undisturbed run. */
const EVALUATED: readonly SimulatedJobLike[] = [
  windows,
  functions,
  rolling,
  partitions,
  stages,
  joins,
  kinds,
];
const RUN: readonly SimulatedJobLike[] = [connected, asking];
const JOBS = [...EVALUATED, ...RUN];
const RUNS = Number(process.env.SIMULATIONS ?? 2000);

/** From the commit, so that each has seeds of its own; without one, always the same. */
function firstSeed(): number {
  const { SEED } = process.env;
  if (SEED !== undefined) return Number(SEED);
  try {
    const commit = execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], { encoding: 'utf8' });
    return Number.parseInt(commit, 16);
  } catch {
    return 1;
  }
}

for (const [n, job] of JOBS.entries()) {
  test(`job '${job.name}' commits each row once, whatever happens`, async (context) => {
    const runs = process.env.SEED === undefined ? Math.ceil(RUNS / JOBS.length) : 1;
    const seed = firstSeed() + n * RUNS;
    const total = { crashes: 0, checkpoints: 0, rounds: 0 };
    const oracle = EVALUATED.includes(job) ? 'naive' : 'undisturbed';
    const add = ({ runs: ofJob, checkpoints, rounds }: SimulationResult): void => {
      total.crashes += ofJob - 1;
      total.checkpoints += checkpoints;
      total.rounds += rounds;
    };
    const simulated = async (of: number): Promise<void> => {
      const result = await simulate(job, { seed: of });
      assert.equal(result.oracle, oracle);
      add(result);
    };
    for (const old of OLD_SEEDS) await simulated(old);
    for (let run = 0; run < runs; run++) await simulated(seed + run);
    context.diagnostic(`seeds ${seed} to ${seed + runs - 1}: ${JSON.stringify(total)}`);
    if (runs > 100) {
      assert.ok(total.crashes > runs / 2, 'processes have died');
      assert.ok(total.checkpoints > runs, 'checkpoints were taken');
    }
  });
}

test('the same seed is the same run', async () => {
  const one = await simulate(windows, { seed: 5 });
  assert.deepEqual(await simulate(windows, { seed: 5 }), one);
  assert.ok(one.rows['output counted'] !== 0);
});

/** Lets everybody see rows at once. */
class HastySink extends SimulatedSink {
  readonly #rows: (row: unknown) => void;

  constructor(...[node, world, conditions]: ConstructorParameters<typeof SimulatedSink>) {
    super(node, world, conditions);
    this.#rows = (row) => {
      const tokens = world.committed.get(node) ?? new Map();
      world.committed.set(node, tokens);
      tokens.set(`hasty ${tokens.size}`, [{ row, text: JSON.stringify(row) }]);
    };
  }

  override createWriter() {
    return {
      isBusy: false,
      write: (batch: Batch) => {
        for (const row of batch.rowObjects()) this.#rows(row);
      },
      preCommit: () => [],
      close() {},
    };
  }
}

test('a sink that does not wait for the checkpoint is found out, with a seed and a short scenario', async () => {
  const crashes = { crashes: true, disk: false, slowSinks: false, delays: false };
  let found: EngineError | null = null;
  for (let seed = 0; seed < 50 && found === null; seed++) {
    const hasty = (...how: ConstructorParameters<typeof SimulatedSink>) => new HastySink(...how);
    await simulateWith(functions, seed, { faults: crashes }, { makeSink: hasty }).catch(
      (error: EngineError) => {
        found = error;
      },
    );
  }
  const { code, message } = found! as EngineError;
  assert.equal(code, 'SIMULATION_FAILED');
  assert.match(message, /too many/);
  assert.match(message, /simulate\.replay\(job, \d+\)/);
  assert.ok(message.split('round ').length <= 4, `a few events are enough: ${message}`);
});

test('a replay tells what happens', async () => {
  const lines: string[] = [];
  await simulate.replay(windows, 3, {}, (line) => void lines.push(line));
  assert.match(lines.join('\n'), /seed 3, subtasks \d/);
});
