/**
 * Deterministic simulation of a job: crashes at any step, failed and torn writes, slow sinks, late timers, other numbers of
 * subtasks after each crash; all decided by one seed. What the sinks have committed in the end must be what they commit when
 * nothing happens, row for row.
 */
import { EngineError } from '../base/errors.ts';
import { checkOptions, choice, type OptionRules, wholeNumber } from '../base/options.ts';
import { Random } from '../base/random.ts';
import { randomId } from '../base/random-id.ts';
import type { BuiltJob, JobParams } from '../graph/job-registry.ts';
import { shownRows, without } from './rows.ts';
import {
  describeScenario,
  drawScenario,
  type Faults,
  type Scenario,
} from './simulation/scenario.ts';
import {
  checkCanBeSimulated,
  type MakeSink,
  SimulatedJob,
  type SimulationStats,
} from './simulation/simulated-job.ts';
import { SimulatedWorld } from './simulation/simulated-sink.ts';

/** A job as `job(...)` makes it. */
export type SimulatedJobLike = {
  readonly name: string;
  build(params: JobParams, collects: boolean): BuiltJob;
};

export type SimulateOptions = {
  /** Decides everything; by chance when left out. */
  readonly seed?: number;
  readonly faults?: Faults;
  readonly params?: JobParams;
};

export type SimulationResult = SimulationStats & {
  readonly seed: number;
  /** Rows that each sink and output has committed, by the name of its step. */
  readonly rows: Readonly<Record<string, number>>;
};

const SIMULATE_OPTIONS: OptionRules<SimulateOptions> = {
  seed: wholeNumber(0),
  faults: (what, value) => checkOptions(what, value as Faults, FAULTS),
  params: true,
};

const FAULTS: OptionRules<Faults> = {
  crashes: choice(true, false),
  disk: choice(true, false),
  slowSinks: choice(true, false),
  delays: choice(true, false),
};

const UNDISTURBED: Scenario = {
  seed: 1,
  parallelism: [1],
  isUnaligned: false,
  isIncremental: false,
  hasRings: false,
  events: [],
};

/**
 * Runs a job that comes to its end through a scenario of faults, and compares what its sinks have committed with an
 * undisturbed run. Sinks of the job are replaced; its result must not depend on the order of records of different
 * subtasks. Rejects with SIMULATION_FAILED, which tells the seed and a short scenario that fails.
 *
 *   for (let seed = 0; seed < 100; seed++) await simulate(flights, { seed, params: { input: 'sample.csv' } });
 */
export async function simulate(
  job: SimulatedJobLike,
  options: SimulateOptions = {},
): Promise<SimulationResult> {
  checkOptions('simulate', options, SIMULATE_OPTIONS);
  const { seed = Number.parseInt(randomId(), 16), faults = {}, params = {} } = options;
  return await simulateWith(job, seed, faults, params);
}

/** The same seed again, with what happens told line by line: `simulate.replay(job, 7)`. */
simulate.replay = async (
  job: SimulatedJobLike,
  seed: number,
  options: Omit<SimulateOptions, 'seed'> = {},
  tell: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): Promise<SimulationResult> => {
  const { faults = {}, params = {} } = options;
  const build = (): BuiltJob => builtOf(job, params);
  const undisturbed = await outcomeOf(build(), UNDISTURBED);
  tell(describeScenario(drawScenario(seed, undisturbed.stats.rounds, faults, new Random(0))));
  return await simulateWith(job, seed, faults, params);
};

/** With sinks of another kind: for tests of the simulation itself. */
export async function simulateWith(
  job: SimulatedJobLike,
  seed: number,
  faults: Faults,
  params: JobParams,
  makeSink?: MakeSink,
): Promise<SimulationResult> {
  const build = (): BuiltJob => builtOf(job, params);
  const expected = await outcomeOf(build(), UNDISTURBED);
  const scenario = drawScenario(seed, expected.stats.rounds, faults, new Random(0));
  const differs = async (tried: Scenario): Promise<string | null> =>
    differenceOf(expected.rows, await rowsOrError(build(), tried, makeSink));
  const { rows, stats } = await rowsOrError(build(), scenario, makeSink);
  const difference = differenceOf(expected.rows, { rows, stats });
  if (difference === null) return { seed, ...stats, rows: countsOf(build(), rows!) };
  const short = await shrink(scenario, differs);
  throw new EngineError(
    'SIMULATION_FAILED',
    `job '${job.name}', seed ${seed}: ${(await differs(short)) ?? difference}\nThis is enough to make it fail:\n` +
      `${describeScenario(short)}\nPlay it again by simulate.replay(job, ${seed})`,
  );
}

function builtOf(job: SimulatedJobLike, params: JobParams): BuiltJob {
  const built = job.build(params, true);
  checkCanBeSimulated(built);
  return built;
}

type Rows = ReadonlyMap<number, readonly string[]>;
type Outcome = { readonly rows: Rows; readonly stats: SimulationStats };
type Failed = { readonly rows: null; readonly stats: SimulationStats; readonly error: unknown };

async function outcomeOf(
  built: BuiltJob,
  scenario: Scenario,
  makeSink?: MakeSink,
): Promise<Outcome> {
  const world = new SimulatedWorld();
  const simulated = new SimulatedJob(built, scenario, world, makeSink);
  await simulated.run();
  const ends = built.graph.nodes.filter(
    ({ operator }) => operator.type === 'sink' || operator.type === 'collect',
  );
  return {
    rows: new Map(ends.map(({ id }) => [id, world.rowsOf(id)])),
    stats: simulated.stats,
  };
}

async function rowsOrError(
  built: BuiltJob,
  scenario: Scenario,
  makeSink?: MakeSink,
): Promise<Outcome | Failed> {
  try {
    return await outcomeOf(built, scenario, makeSink);
  } catch (error) {
    return { rows: null, stats: { rounds: 0, runs: 0, checkpoints: 0 }, error };
  }
}

/** What is wrong with an outcome; null when nothing is. */
function differenceOf(
  expected: Rows,
  outcome: Outcome | Failed | { readonly rows: Rows | null; readonly stats: SimulationStats },
): string | null {
  if (outcome.rows === null) {
    const { error } = outcome as Failed;
    return `it failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  for (const [node, rows] of expected) {
    const got = outcome.rows.get(node)!;
    const missing = without(rows, got);
    const extra = without(got, rows);
    if (missing.length === 0 && extra.length === 0) continue;
    return (
      `sink ${node} committed ${got.length} rows where ${rows.length} were to come; ` +
      `missing ${shownRows(missing)}; too many ${shownRows(extra)}`
    );
  }
  return null;
}

/** Leaves out events, one after the other, as long as it fails without them. */
async function shrink(
  scenario: Scenario,
  differs: (scenario: Scenario) => Promise<string | null>,
): Promise<Scenario> {
  let short = scenario;
  for (let at = short.events.length - 1; at >= 0; at--) {
    const tried = { ...short, events: short.events.filter((_, n) => n !== at) };
    if ((await differs(tried)) !== null) short = tried;
  }
  const alone = { ...short, parallelism: [1] };
  return (await differs(alone)) === null ? short : alone;
}

function countsOf({ graph }: BuiltJob, rows: Rows): Record<string, number> {
  return Object.fromEntries([...rows].map(([node, of]) => [graph.nodes[node]!.uid, of.length]));
}
