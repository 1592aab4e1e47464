/**
 * A random job that is changed while it runs: simulated, stopped with a savepoint in some round, and gone on with as another version.
 * What its unchanged outputs have of both together must be what the job gives when nothing happens; a change that state cannot be
 * carried over must be refused, by the documented code and the step. What `millrace diff` says of the two versions must be true.
 */
import { EngineError } from '../../../src/base/errors.ts';
import { Random } from '../../../src/base/random.ts';
import type { StoredCheckpoint } from '../../../src/checkpoint/checkpoint.ts';
import { compareJobs } from '../../../src/graph/compare-jobs.ts';
import type { BuiltJob } from '../../../src/graph/job-registry.ts';
import { jobShape } from '../../../src/graph/job-shape.ts';
import { keptStatesOf } from '../../../src/graph/kept-states.ts';
import { isOfUse } from '../../../src/task/untaken-state.ts';
import { oracleOf } from '../../../src/testing/simulation/oracle.ts';
import {
  describeScenario,
  drawScenario,
  type Scenario,
  UNDISTURBED,
} from '../../../src/testing/simulation/scenario.ts';
import { type NextVersion, SimulatedJob } from '../../../src/testing/simulation/simulated-job.ts';
import { SimulatedWorld } from '../../../src/testing/simulation/simulated-sink.ts';
import { drawChanges } from './changes.ts';
import { drawJob, jobOf, outputsOf, type RandomJob, shorterJobs } from './random-job.ts';
import { type Change, codeOfVersion, type Version, versionOf } from './versions.ts';

export type ChangedJob = { readonly job: RandomJob; readonly changes: readonly Change[] };

/** What became of a pair, for a count of what was put to the test. */
export type Outcome = 'unchanged' | 'went on' | 'went on and back' | 'refused';

/** Through rings with a watermark behind each row a run takes tens of rounds for a row, and there are several. */
const ROWS_MAX = 250;
/** Of the rounds of a job: later it has mostly come to its end. */
const CHANGED_WITHIN = 0.7;

export function drawChangedJob(seed: number): ChangedJob {
  const job = drawJob(seed);
  const few = job.steps.map((step) => ({ ...step, count: Math.min(step.count, ROWS_MAX) }));
  const drawn = { seed, steps: few };
  return { job: drawn, changes: drawChanges(new Random(seed + 2), drawn) };
}

/** The two versions, as code. */
export function codesOf({ job, changes }: ChangedJob): { was: string; now: string } {
  const [sink] = outputsOf(job).map(({ name }) => name);
  const base = versionOf(job);
  const made = (side: 'was' | 'now'): string =>
    codeOfVersion(
      changes.reduce((version: Version, change) => change[side]?.(version) ?? version, base),
      sink!,
    );
  return { was: made('was'), now: made('now') };
}

/** Changes that do something in this job. */
function effective({ job, changes }: ChangedJob): readonly Change[] {
  const base = versionOf(job);
  const code = (version: Version): string => codeOfVersion(version, '');
  return changes.filter(({ was, now }) =>
    [was, now].some((apply) => apply !== undefined && code(apply(base)) !== code(base)),
  );
}

/** Outputs that are not what they were. */
function otherOutputs({ job: { steps } }: ChangedJob, changes: readonly Change[]): Set<string> {
  const others = new Set(changes.flatMap(({ others: of }) => (of === undefined ? [] : [of])));
  for (const { name, inputs } of steps) if (inputs.some((one) => others.has(one))) others.add(name);
  return others;
}

/** What is wrong with the engine, by a pair; null when nothing is. */
export async function failureOfChanged(
  pair: ChangedJob,
  tell: (outcome: Outcome) => void = () => {},
): Promise<string | null> {
  try {
    return await differenceOf(pair, tell);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

async function differenceOf(
  pair: ChangedJob,
  tell: (outcome: Outcome) => void,
): Promise<string | null> {
  const { seed } = pair.job;
  const { was, now } = codesOf(pair);
  const build = (code: string): BuiltJob => jobOf(`changed job ${seed}`, code).build({}, true);
  const [first, next] = [build(was), build(now)];
  const nameless = [first, next].flatMap(withoutUids);
  if (nameless.length > 0) return `no uid: ${nameless.join(', ')}`;
  const undisturbed = await simulated(build(was), UNDISTURBED, []);
  const oracle = await oracleOf(first, undisturbed.world, null);
  const changes = effective(pair);
  const mayDropState = changes.some(({ drops }) => drops === true);
  const refused = refusedOf(changes, first, next);
  const compared = compareJobs(jobShape(first), next, { allowDroppedState: mayDropState });
  // And back again, where all that is new by the change goes.
  const back = { built: build(was), mayDropState: true };
  const versions = [{ built: next, mayDropState }, ...(refused === undefined ? [back] : [])];
  const scenario = scenarioOf(seed, undisturbed.job.stats.rounds, versions.length);
  const { job, world, error } = await simulated(build(was), scenario, versions);
  const { changedAt } = job;
  const told = `${describeScenario(scenario)}\n  ${changes.map(({ what }) => what).join('; ')}`;
  if (error !== null) {
    const wrong = wrongError(error, refused, next, changedAt);
    if (wrong !== null) return `${wrong}\n${told}`;
    if (compared.isCompatible) return `refused where a comparison finds nothing: ${error}\n${told}`;
    tell('refused');
    return null;
  }
  if (hadToBeRefused(refused, changedAt))
    return `not refused: ${refused!.uids.join(', ')}\n${told}`;
  const difference = oracle.differenceOf(world, otherEnds(first, otherOutputs(pair, changes)));
  if (difference !== null) return `rows: ${difference}\n${told}`;
  if (changedAt.length > 0 && !compared.isCompatible && refused === undefined) {
    const reasons = compared.obstacles.map(({ reason }) => reason).join('; ');
    return `it goes on where a comparison finds: ${reasons}\n${told}`;
  }
  tell((['unchanged', 'went on', 'went on and back'] as const)[changedAt.length]!);
  return null;
}

/** Steps that have state and no uid of their own. */
function withoutUids({ graph, bindings }: BuiltJob): string[] {
  return graph.nodes
    .filter((node) => {
      const own = bindings[node.id]!;
      return !own.hasOwnUid && keptStatesOf(graph, node, own).length > 0;
    })
    .map(({ uid }) => uid);
}

function scenarioOf(seed: number, rounds: number, changes: number): Scenario {
  const random = new Random(seed + 3);
  const isQuiet = random.below(2) === 0;
  const faults = isQuiet ? { crashes: false, disk: false, slowSinks: false, delays: false } : {};
  const drawn = drawScenario(seed, rounds, faults, random);
  const change = (): Scenario['events'][number] => ({
    round: random.below(Math.ceil(rounds * CHANGED_WITHIN)),
    what: 'change',
  });
  const added = [...drawn.events, ...Array.from({ length: changes }, change)];
  const events = added.toSorted((a, b) => a.round - b.round);
  return { ...drawn, events };
}

type Simulated = {
  readonly job: SimulatedJob;
  readonly world: SimulatedWorld;
  readonly error: unknown;
};

async function simulated(
  built: BuiltJob,
  scenario: Scenario,
  versions: readonly NextVersion[],
): Promise<Simulated> {
  const world = new SimulatedWorld();
  const job = new SimulatedJob(built, scenario, world, undefined, versions);
  try {
    await job.run();
    return { job, world, error: null };
  } catch (error) {
    if (versions.length === 0) throw error;
    return { job, world, error };
  }
}

/** With the steps that it is about in these versions; none where there are no such steps. */
function refusedOf(changes: readonly Change[], first: BuiltJob, next: BuiltJob): Change['refused'] {
  const refused = changes.find((change) => change.refused)?.refused;
  if (refused === undefined) return undefined;
  const has = ({ graph }: BuiltJob, uid: string): boolean =>
    graph.nodes.some((node) => node.uid === uid);
  const isLeft = refused.code === 'STATE_INCOMPATIBLE';
  const uids = refused.uids.filter((uid) => has(first, uid) && has(next, uid) === isLeft);
  return uids.length === 0 ? undefined : { ...refused, uids };
}

/** Null for an error that was to come. */
function wrongError(
  error: unknown,
  refused: Change['refused'],
  { graph }: BuiltJob,
  [changedAt]: readonly StoredCheckpoint[],
): string | null {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!(error instanceof EngineError) || refused === undefined || changedAt === undefined)
    return told;
  if (error.code !== refused.code) return `refused by another code than ${refused.code}: ${told}`;
  // Operators know no more than their names.
  const names = graph.nodes.filter(({ uid }) => refused.uids.includes(uid));
  const isNamed =
    refused.uids.some((uid) => error.message.includes(`(uid ${uid})`)) ||
    names.some(({ name }) => error.message.startsWith(`operator '${name}'`));
  return isNamed ? null : `refused without its step: ${told}`;
}

/** Whether the savepoint has something that the next version had to refuse. */
function hadToBeRefused(
  refused: Change['refused'],
  [changedAt]: readonly StoredCheckpoint[],
): boolean {
  if (refused === undefined || refused.when === 'perhaps' || changedAt === undefined) return false;
  const found = changedAt.manifest.operators.filter(({ uid }) => refused.uids.includes(uid));
  if (refused.when === 'known') return found.length > 0;
  return found.some(({ states }) => states.some((one) => one.kind === 'keyed' && isOfUse(one)));
}

/** Sinks and outputs of the first version that are not compared. */
function otherEnds({ graph, outputs }: BuiltJob, others: ReadonlySet<string>): Set<number> {
  const names = [...outputs.keys()];
  const found = names.filter((name) => others.has(name)).map((name) => outputs.get(name)!);
  const sink = graph.nodes.find(({ uid }) => uid === 'end');
  const of = sink === undefined ? undefined : graph.nodes[sink.inputs[0]!.from]!.id;
  const isOther = found.some((node) => graph.nodes[node]!.inputs[0]!.from === of);
  return new Set([...found, ...(isOther ? [sink!.id] : [])]);
}

/** Pairs that are a little shorter. */
function* shorterPairs({ job, changes }: ChangedJob): Generator<ChangedJob> {
  for (const left of changes) yield { job, changes: changes.filter((one) => one !== left) };
  for (const shorter of shorterJobs(job)) yield { job: shorter, changes };
}

/** The shortest pair found that fails, with what is wrong with it; null when all is as it should be. */
export async function shortestChangedFailure(
  pair: ChangedJob,
  fails: (pair: ChangedJob) => Promise<string | null> = failureOfChanged,
): Promise<string | null> {
  let failure = await fails(pair);
  if (failure === null) return null;
  let short = pair;
  for (let found = true; found; ) {
    found = false;
    for (const shorter of shorterPairs(short)) {
      const next = await fails(shorter);
      if (next === null || kindOf(next) !== kindOf(failure)) continue;
      [short, failure, found] = [shorter, next, true];
      break;
    }
  }
  const { was, now } = codesOf(short);
  return `seed ${pair.job.seed}: ${failure}\n\nwas:\n${was}\n\nis now:\n${now}\n`;
}

/** The first words. */
function kindOf(failure: string): string {
  return failure.replaceAll(/\d+/g, '#').slice(0, 40);
}
