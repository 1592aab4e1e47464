/**
 * Simulated runs of whole jobs: `SIMULATIONS=1000000 npm run test:sim` for as many as you like, `SEED=7` for one. By default
 * 2000, on seeds that follow from the commit, and those that failed once (old-seeds.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import { value } from '../../src/api/state.ts';
import type { EngineError } from '../../src/base/errors.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { Batch } from '../../src/data/batch.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import {
  type SimulatedJobLike,
  type SimulationResult,
  simulate,
  simulateWith,
  simulationOf,
} from '../../src/testing/simulate.ts';
import { SimulatedSink } from '../../src/testing/simulation/simulated-sink.ts';
import { firstSeed } from './first-seed.ts';
import {
  asking,
  connected,
  finding,
  functions,
  groups,
  joins,
  kinds,
  partitions,
  rolling,
  stages,
  ways,
  windows,
} from './jobs.ts';
import { OLD_SEEDS } from './old-seeds.ts';

const Paid = record({ user: t.int32, amount: t.float64 });

/** Held against a naive evaluation, and against an undisturbed run. */
const EVALUATED: readonly SimulatedJobLike[] = [
  windows,
  functions,
  groups,
  rolling,
  partitions,
  stages,
  joins,
  kinds,
  ways,
];
const RUN: readonly SimulatedJobLike[] = [connected, asking, finding];
const JOBS = [...EVALUATED, ...RUN];
const RUNS = Number(process.env.SIMULATIONS ?? 2000);

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
    const simulation = await simulationOf(job);
    const simulated = async (of: number): Promise<void> => {
      const result = await simulation(of);
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

test('a job has no more subtasks than one of its steps may have', async () => {
  const alone = job(import.meta, 'alone', (flow) => ({
    sums: flow
      .from(collection([{ n: 1 }]))
      .keyBy('n')
      .sum('n')
      .maxParallelism(1),
  }));
  for (let seed = 0; seed < 10; seed++) await simulate(alone, { seed });
});

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

function totals(name: string, keepsState: boolean) {
  return job(import.meta, name, (flow) => {
    const seen = new Map<number, number>();
    const amounts = Array.from({ length: 60 }, (_, n) => ({ user: n % 3, amount: n }));
    const sums = flow
      .from(collection(amounts, Paid))
      .rebalance()
      .filter(() => true)
      .keyBy('user')
      .process({
        emits: Paid,
        state: { total: value(t.float64, { default: 0 }) },
        onRecord({ user, amount }, { state, emit }) {
          const total = (keepsState ? state.total.get() : (seen.get(user) ?? 0)) + amount;
          if (keepsState) state.total.set(total);
          else seen.set(user, total);
          emit({ user, amount: total });
        },
      });
    return { sums };
  });
}

const inOrder = totals('totals one by one', true);
const inVariable = totals('totals in a variable', false);

test('where nothing fails in the scenario, the report says where to look', async () => {
  const calm = { crashes: false, disk: false, slowSinks: false, delays: false };
  const reported = async (tried: SimulatedJobLike): Promise<string> => {
    for (let seed = 0; seed < 40; seed++) {
      const error = await simulate(tried, { seed, faults: calm }).catch((one: Error) => one);
      if (error instanceof Error) return error.message;
    }
    return 'none has failed';
  };
  assert.match(
    await reported(inOrder),
    /Nothing fails in it, there are only several .* depends on the order of records of different subtasks/,
  );
  assert.match(await reported(inVariable), /Nothing fails in it.* keeps outside of its state/);
});

test('a replay tells what happens', async () => {
  const lines: string[] = [];
  await simulate.replay(windows, 3, {}, (line) => void lines.push(line));
  assert.match(lines.join('\n'), /seed 3, subtasks \d/);
});

const Measure = record({
  id: t.int64,
  whole: t.float64,
  text: t.string,
  part: t.float64,
  sum: t.float64,
});
type Measure = RowOf<typeof Measure>;

const MEASURE: Measure = {
  id: 2n ** 60n,
  whole: 2 ** 60,
  text: "order's 12345678901234567 of 0.1234567890123",
  part: 0.3,
  sum: 3,
};
const measures = job(import.meta, 'measures', (flow) => ({
  measures: flow.from(collection([MEASURE], Measure)),
}));

/** Whether a job is found out whose sinks are given other fields. */
async function isWrong(change: Partial<Measure>): Promise<boolean> {
  class ChangingSink extends SimulatedSink {
    override createWriter(...context: Parameters<SimulatedSink['createWriter']>) {
      const writer = super.createWriter(...context);
      const { write } = writer;
      return Object.assign(writer, {
        write(batch: Batch) {
          const rows = batch.rowObjects().map((row) => ({ ...(row as Measure), ...change }));
          write(new Batch({ rowCount: rows.length, schema: null, rows, timestamps: null }));
        },
      });
    }
  }
  const makeSink = (...how: ConstructorParameters<typeof SimulatedSink>) =>
    new ChangingSink(...how);
  const found = await simulateWith(measures, 1, {}, { makeSink }).then(
    () => null,
    ({ message }: EngineError) => message,
  );
  if (found !== null) assert.match(found, /committed 1 rows .* missing \{.* too many \{/);
  return found !== null;
}

test('whole numbers and texts are compared exactly, fractions by 1e-9 of their size', async () => {
  assert.ok(!(await isWrong({})));
  assert.ok(await isWrong({ id: MEASURE.id + 1n }));
  assert.ok(await isWrong({ whole: MEASURE.whole + 256 }));
  assert.ok(await isWrong({ text: MEASURE.text.replace('567 of', '568 of') }));
  assert.ok(await isWrong({ text: MEASURE.text.replace('0123', '0124') }));
  assert.ok(await isWrong({ text: `${MEASURE.text}4` }));
  assert.ok(await isWrong({ part: 0.300001 }));
  assert.ok(!(await isWrong({ part: 0.1 + 0.2, sum: 2.9999999999999996 })));
});
