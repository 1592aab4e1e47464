/**
 * Deterministic simulation of a job: crashes at any step, failed and torn writes, slow sinks, late timers, other numbers of
 * subtasks after each crash; all decided by one seed. What the sinks have committed in the end must be what comes out
 * by a naive evaluation of the job, or else what they commit when nothing happens, row for row.
 */
import { EngineError } from '../base/errors.ts';
import { checkOptions, choice, type OptionRules, wholeNumber } from '../base/options.ts';
import { Random } from '../base/random.ts';
import { randomId } from '../base/random-id.ts';
import type { BuiltJob, JobParams } from '../graph/job-registry.ts';
import { RUN_OPTIONS } from '../job/job.ts';
import { endsOf, type Oracle, type OracleKind, oracleOf } from './simulation/oracle.ts';
import {
  describeScenario,
  drawScenario,
  type Faults,
  type Scenario,
  UNDISTURBED,
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
  /**
   * What the job is held against: a naive evaluation of its graph, which shares no operator with the engine, or an undisturbed
   * run of the job itself. Left out, it is naive where the job has no step without such an evaluation. With 'naive', a job that
   * has one is refused with JOB_DEFINITION.
   */
  readonly oracle?: OracleKind;
};

export type SimulationResult = SimulationStats & {
  readonly seed: number;
  /** What the job was held against. */
  readonly oracle: OracleKind;
  /** The step for which there is no naive evaluation, and why; null where there is one, or none was wanted. */
  readonly notEvaluated: string | null;
  /** Rows that each sink and output has committed, by the name of its step. */
  readonly rows: Readonly<Record<string, number>>;
};

const SIMULATE_OPTIONS: OptionRules<SimulateOptions> = {
  seed: wholeNumber(0),
  faults: (what, value) => checkOptions(what, value as Faults, FAULTS),
  params: RUN_OPTIONS.params,
  oracle: choice('naive', 'undisturbed'),
};

const FAULTS: OptionRules<Faults> = {
  crashes: choice(true, false),
  disk: choice(true, false),
  slowSinks: choice(true, false),
  delays: choice(true, false),
};

/**
 * Runs a job that comes to its end through a scenario of faults, and compares what its sinks have committed with a naive
 * evaluation of the job, or with an undisturbed run. Sinks of the job are replaced; its result must not depend on the order of
 * records of different subtasks. Rejects with SIMULATION_FAILED, which tells the seed and a short scenario that fails.
 *
 *   for (let seed = 0; seed < 100; seed++) await simulate(flights, { seed, params: { input: 'sample.csv' } });
 */
export async function simulate(
  job: SimulatedJobLike,
  options: SimulateOptions = {},
): Promise<SimulationResult> {
  checkOptions('simulate', options, SIMULATE_OPTIONS);
  const { seed = Number.parseInt(randomId(), 16), ...how } = options;
  return await simulateWith(job, seed, how);
}

/** The same seed again, with what happens told line by line: `simulate.replay(job, 7)`. */
simulate.replay = async (
  job: SimulatedJobLike,
  seed: number,
  options: Omit<SimulateOptions, 'seed'> = {},
  tell: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): Promise<SimulationResult> => {
  checkOptions('simulate.replay', options, SIMULATE_OPTIONS);
  return await simulateWith(job, seed, options, { tell });
};

/** For tests of the simulation itself. */
export type SimulationParts = {
  /** Makes sinks of another kind. */
  readonly makeSink?: MakeSink;
  /** Told what happens, before it does. */
  readonly tell?: (line: string) => void;
};

export async function simulateWith(
  job: SimulatedJobLike,
  seed: number,
  how: Omit<SimulateOptions, 'seed'>,
  parts: SimulationParts = {},
): Promise<SimulationResult> {
  const simulated = await simulationOf(job, how, parts);
  return await simulated(seed);
}

/**
 * Runs of one job under many seeds. What they are held against depends on no seed, and is found out once: what the job reads must
 * stay as it is.
 */
export async function simulationOf(
  job: SimulatedJobLike,
  { faults = {}, params = {}, oracle: wanted }: Omit<SimulateOptions, 'seed'> = {},
  { makeSink, tell }: SimulationParts = {},
): Promise<(seed: number) => Promise<SimulationResult>> {
  const build = (): BuiltJob => builtOf(job, params);
  const undisturbed = await outcomeOf(build(), UNDISTURBED);
  const oracle = await oracleOf(build(), undisturbed.world, wanted ?? null);
  if (wanted === 'naive') checkIsNaive(job, oracle);
  const differs = async (tried: Scenario): Promise<string | null> =>
    differenceOf(oracle, await outcomeOrError(build(), tried, makeSink));
  return async (seed) => {
    const scenario = drawScenario(seed, undisturbed.stats.rounds, faults, new Random(0));
    tell?.(describeScenario(scenario));
    tell?.(describeOracle(oracle));
    const outcome = await outcomeOrError(build(), scenario, makeSink);
    const difference = differenceOf(oracle, outcome);
    if (difference === null) return resultOf(seed, oracle, build(), outcome as Outcome);
    const short = await shrink(scenario, differs);
    throw new EngineError(
      'SIMULATION_FAILED',
      `job '${job.name}', seed ${seed}: ${(await differs(short)) ?? difference}\nThis is enough to make it fail:\n` +
        `${describeScenario(short)}\n${describeOracle(oracle)}\n${hintOf(short)}Play it again by simulate.replay(job, ${seed})`,
    );
  };
}

function checkIsNaive(job: SimulatedJobLike, { because }: Oracle): void {
  if (because === null) return;
  throw new EngineError(
    'JOB_DEFINITION',
    `job '${job.name}' has no naive evaluation: ${because}; leave the oracle out, and an undisturbed run takes its place`,
  );
}

function describeOracle({ kind, because }: Oracle): string {
  if (kind === 'naive') return '  held against a naive evaluation of the job';
  const why = because === null ? '' : `, since ${because}`;
  return `  held against an undisturbed run of the job${why}`;
}

/** Where to look when a job differs though nothing has happened to it; empty where something has. */
function hintOf({ events, parallelism }: Scenario): string {
  if (events.length > 0) return '';
  const why = 'what the job commits depends on';
  return parallelism[0] === 1
    ? `Nothing fails in it: ${why} what a function keeps outside of its state, or on chance\n`
    : `Nothing fails in it, there are only several subtasks: ${why} the order of records of different subtasks, ` +
        'or on what a function keeps outside of its state\n';
}

function builtOf(job: SimulatedJobLike, params: JobParams): BuiltJob {
  const built = job.build(params, true);
  checkCanBeSimulated(built);
  return built;
}

type Outcome = { readonly world: SimulatedWorld; readonly stats: SimulationStats };
type Failed = { readonly error: unknown };

async function outcomeOf(
  built: BuiltJob,
  scenario: Scenario,
  makeSink?: MakeSink,
): Promise<Outcome> {
  const world = new SimulatedWorld();
  const simulated = new SimulatedJob(built, scenario, world, makeSink);
  await simulated.run();
  return { world, stats: simulated.stats };
}

async function outcomeOrError(
  built: BuiltJob,
  scenario: Scenario,
  makeSink?: MakeSink,
): Promise<Outcome | Failed> {
  try {
    return await outcomeOf(built, scenario, makeSink);
  } catch (error) {
    return { error };
  }
}

/** What is wrong with an outcome; null when nothing is. */
function differenceOf(oracle: Oracle, outcome: Outcome | Failed): string | null {
  if ('world' in outcome) return oracle.differenceOf(outcome.world);
  const { error } = outcome;
  return `it failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
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

function resultOf(
  seed: number,
  { kind, because }: Oracle,
  { graph }: BuiltJob,
  { world, stats }: Outcome,
): SimulationResult {
  const rows = endsOf(graph).map((node) => [graph.nodes[node]!.uid, world.rowsOf(node).length]);
  return { seed, ...stats, oracle: kind, notEvaluated: because, rows: Object.fromEntries(rows) };
}
