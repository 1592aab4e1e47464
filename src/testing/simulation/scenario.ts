/**
 * What happens to a simulated job, beside its own work: drawn from a seed, then plain data, so that it can be told, played
 * again, and made shorter. Rounds count over all runs of the job; in a round every subtask has about one step.
 */
import type { Random } from '../../base/random.ts';

export type SimulationEvent =
  | { readonly round: number; readonly what: 'checkpoint' }
  /** The process dies. lost: what was not synced is gone; kept: it is there; random: some of it, some of it torn. */
  | { readonly round: number; readonly what: 'crash'; readonly disk: 'lost' | 'kept' | 'random' }
  /** The file operation after so many more fails, or the process dies in it. */
  | {
      readonly round: number;
      readonly what: 'disk';
      readonly after: number;
      readonly fault: 'ENOSPC' | 'EIO' | 'crash before' | 'crash within' | 'crash behind';
    }
  /** The process dies while it commits, behind so many committables. */
  | { readonly round: number; readonly what: 'crash in commit'; readonly after: number }
  /** A savepoint; the job goes on. */
  | { readonly round: number; readonly what: 'savepoint' }
  /** The job is stopped with a savepoint, and goes on from it, or from its last checkpoint. */
  | { readonly round: number; readonly what: 'stop'; readonly from: 'savepoint' | 'checkpoint' }
  /** The job is stopped with a savepoint, from which the next version of it goes on. */
  | { readonly round: number; readonly what: 'change' }
  /** From here on there is a checkpoint whenever subtasks have come to their end; the process dies behind so many. */
  | { readonly round: number; readonly what: 'checkpoints at ends'; readonly crashBehind: number }
  /** Sinks take nothing for so many rounds. */
  | { readonly round: number; readonly what: 'slow sinks'; readonly rounds: number }
  /** Time passes at once: timers are late. */
  | { readonly round: number; readonly what: 'delay'; readonly ms: number };

export type Scenario = {
  /** Of the order in which subtasks take their steps. */
  readonly seed: number;
  /** Subtasks of each operator, for one run after the other; the last for all that follow. */
  readonly parallelism: readonly number[];
  /** Whether checkpoints do not wait for what is on its way. */
  readonly isUnaligned: boolean;
  /** For so many rounds they wait all the same; 0 for none. */
  readonly alignedRounds: number;
  /** Whether subtasks are joined by rings, as those of different threads are, or as those of one. */
  readonly hasRings: boolean;
  /** Whether checkpoints may have what has changed alone. */
  readonly isIncremental: boolean;
  /** Whether batches are processed a few rows at a time. */
  readonly isSliced: boolean;
  /** By rising rounds. */
  readonly events: readonly SimulationEvent[];
};

/** Nothing happens. */
export const UNDISTURBED: Scenario = {
  seed: 1,
  parallelism: [1],
  isUnaligned: false,
  alignedRounds: 0,
  isIncremental: false,
  hasRings: false,
  isSliced: false,
  events: [],
};

/** Which kinds of faults there may be; all when left out. */
export type Faults = {
  /** Deaths of the process. */
  readonly crashes?: boolean;
  /** Failed and torn writes, deaths while a file is written. */
  readonly disk?: boolean;
  readonly slowSinks?: boolean;
  readonly delays?: boolean;
};

const CHECKPOINTS_MAX = 12;
const FAULTS_MAX = 8;
const STOPS_MAX = 2;
const PARALLELISM_MAX = 3;
const ENDS_MAX = 3;
const ALIGNED_ROUNDS_MAX = 20;
/** Operations of a checkpoint of a small job. */
const OPERATIONS_MAX = 24;

/** A scenario for a job that takes about so many rounds undisturbed. */
export function drawScenario(
  seed: number,
  rounds: number,
  faults: Faults,
  random: Random,
): Scenario {
  random.reseed(seed);
  const within = (): number => random.below(Math.ceil(rounds * 1.5) + 1);
  const events: SimulationEvent[] = [];
  for (let n = random.below(CHECKPOINTS_MAX + 1); n > 0; n--) {
    events.push({ round: within(), what: 'checkpoint' });
  }
  const kinds = drawers(faults, random);
  for (let n = random.below(FAULTS_MAX + 1); n > 0 && kinds.length > 0; n--) {
    events.push(random.pick(kinds)(within()));
  }
  const parallelism = Array.from({ length: 6 }, () => 1 + random.below(PARALLELISM_MAX));
  const isUnaligned = random.below(2) === 0;
  const hasRings = random.below(2) === 0;
  const isIncremental = random.below(2) === 0;
  const isSliced = random.below(2) === 0;
  const alignedRounds = random.below(2) === 0 ? 0 : random.below(ALIGNED_ROUNDS_MAX + 1);
  for (let n = random.below(STOPS_MAX + 1); n > 0; n--) {
    events.push(random.pick(STOPS)(within(), random));
  }
  if (faults.crashes !== false && random.below(3) === 0) {
    const crashBehind = 1 + random.below(ENDS_MAX);
    events.push({ round: within(), what: 'checkpoints at ends', crashBehind });
  }
  events.sort((a, b) => a.round - b.round);
  const how = { isUnaligned, alignedRounds, hasRings, isIncremental, isSliced };
  return { seed, parallelism, ...how, events };
}

/** What users do, which is no fault. */
const STOPS: readonly ((round: number, random: Random) => SimulationEvent)[] = [
  (round) => ({ round, what: 'savepoint' }),
  (round, random) => ({ round, what: 'stop', from: random.pick(['savepoint', 'checkpoint']) }),
];

function drawers(faults: Faults, random: Random): ((round: number) => SimulationEvent)[] {
  const { crashes = true, disk = true, slowSinks = true, delays = true } = faults;
  const drawn: ((round: number) => SimulationEvent)[] = [];
  if (crashes) {
    drawn.push(
      (round) => ({ round, what: 'crash', disk: random.pick(['lost', 'kept', 'random']) }),
      (round) => ({ round, what: 'crash in commit', after: random.below(3) }),
    );
  }
  if (disk) {
    const kinds = ['ENOSPC', 'EIO', 'crash before', 'crash within', 'crash behind'] as const;
    const allowed = crashes ? kinds : kinds.slice(0, 2);
    drawn.push((round) => ({
      round,
      what: 'disk',
      after: random.below(OPERATIONS_MAX),
      fault: random.pick(allowed),
    }));
  }
  if (slowSinks) drawn.push((round) => ({ round, what: 'slow sinks', rounds: random.below(50) }));
  if (delays) drawn.push((round) => ({ round, what: 'delay', ms: random.below(100_000) }));
  return drawn;
}

/** In words, one line an event. */
export function describeScenario(scenario: Scenario): string {
  const {
    seed,
    parallelism,
    isUnaligned,
    alignedRounds,
    hasRings,
    isIncremental,
    isSliced,
    events,
  } = scenario;
  const lines = events.map(({ round, what, ...how }) => {
    const details = Object.entries(how).map(([name, value]) => `${name} ${value}`);
    return `  round ${round}: ${[what, ...details].join(', ')}`;
  });
  const kind = `${isUnaligned ? `unaligned${alignedRounds > 0 ? ` after ${alignedRounds} rounds` : ''}` : 'aligned'}${isIncremental ? ', incremental' : ''}`;
  const subtasks = `subtasks ${parallelism.join(', ')}, joined by ${hasRings ? 'rings' : 'queues'}${isSliced ? ', batches in slices' : ''}`;
  const first = `  seed ${seed}, ${subtasks}, ${kind} checkpoints`;
  return [first, ...lines].join('\n');
}
