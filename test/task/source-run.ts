/** Source subtasks that read scripts, one poll at each millisecond of a virtual clock. */
import { VirtualClock } from '../../src/base/clock.ts';
import { type BatchSlices, WHOLE_BATCHES } from '../../src/channel/batch-slices.ts';
import { Batch } from '../../src/data/batch.ts';
import { SharedCounters } from '../../src/metrics/shared-counters.ts';
import type { OperatorContext, Output } from '../../src/operator/operator.ts';
import type { PollResult, Source, SourceAssignment } from '../../src/operator/source.ts';
import { Alignment } from '../../src/task/alignment.ts';
import { SourceInput } from '../../src/task/source-input.ts';
import { SplitQueue } from '../../src/task/split-queue.ts';
import { fromItsStart, type SplitState, type SplitToRead } from '../../src/task/split-state.ts';
import type { AlignmentSpec } from '../../src/time/watermark.ts';

/** Timestamps of a batch, or nothing now. */
export type Step = readonly number[] | 'idle';

/** A source whose splits give the timestamps of a script, an array to a batch. */
/** `finished`: readers can finish, and those that are told to are put there. */
function scripted(
  splits: readonly (readonly Step[])[],
  assignment: Source['assignment'],
  finished: number[] | null,
) {
  const opened: number[] = [];
  /** How often readers were asked how far they are. */
  const asked = { times: 0 };
  const source: Source<number> = {
    name: 'scripted',
    descriptor: null,
    schema: null,
    isBounded: true,
    assignment,
    discoverSplits: async () => [],
    createReader: (split) => {
      const number = Number(split.id);
      const script = [...splits[number]!];
      opened.push(number);
      return {
        wakeAtMs: Infinity,
        poll(): PollResult {
          const step = script.shift();
          if (step === undefined) return 'end';
          if (step === 'idle') return 'idle';
          return new Batch({ rowCount: step.length, schema: null, rows: step });
        },
        ...(finished === null ? {} : { finish: () => void finished.push(number) }),
        position: () => null,
        progress: () => {
          asked.times++;
          return 1 - script.length / splits[number]!.length;
        },
        close() {},
      };
    },
  };
  return { source: source as Source, opened, asked };
}

/** The splits of a subtask, those of each stage counted in the shared counters. */
export function queueOf(
  assignment: Source['assignment'],
  splits: readonly SplitToRead[],
  counters: SharedCounters,
  share: { readonly subtask: number; readonly parallelism: number },
  isOpen = false,
): SplitQueue {
  const stages: readonly SourceAssignment[] =
    typeof assignment === 'string' ? [assignment] : assignment;
  const ofStage = (n: number) => splits.filter(({ split }) => (split.stage ?? 0) === n);
  return new SplitQueue(
    stages.map((one, n) => ({
      assignment: one,
      splits: ofStage(n),
      claim: () => counters.claimSplit(n),
      claimedCount: () => counters.splitsClaimed(n),
      onRead: () => counters.splitRead(n),
      readCount: () => counters.splitsRead(n),
    })),
    share,
    isOpen,
  );
}

type Options = {
  splits: readonly (readonly Step[])[];
  assignment?: Source['assignment'];
  /** Of each split. */
  stages?: readonly number[];
  rate?: number;
  /** As those of `scripted`. */
  finished?: number[];
  slices?: BatchSlices;
  idlenessMs?: number;
  subtask?: number;
  parallelism?: number;
  /** Splits that are there at the start, where the others come later [all]. */
  known?: number;
  /** `with`: the words of the group. */
  alignment?: Omit<AlignmentSpec, 'group'> & { readonly with: readonly number[] };
  /** Its counters among those of all; the number of the subtask when left out. */
  word?: number;
  /** What subtasks share. */
  clock?: VirtualClock;
  counters?: SharedCounters;
};

export function countersOf(subtasks: number): SharedCounters {
  return new SharedCounters({
    workers: 0,
    operatorSlots: subtasks,
    subtasks,
    outputs: 0,
    stages: 2,
  });
}

export function setUp(options: Options) {
  const { splits, assignment = 'spread', rate = null, idlenessMs = null } = options;
  const { slices = WHOLE_BATCHES } = options;
  const { subtask = 0, parallelism = 1, stages, alignment, word = subtask } = options;
  const { clock = new VirtualClock(0), counters = countersOf(parallelism) } = options;
  const { source, opened, asked } = scripted(splits, assignment, options.finished ?? null);
  const log: string[] = [];
  /** Splits as each checkpoint has them. */
  const states = new Map<number, readonly SplitState[]>();
  const output: Output & { isReady: boolean; takesTime: boolean } = {
    isReady: true,
    takesTime: true,
    emit: (batch) => log.push(batch.rowObjects().join(' ')),
    watermark: (watermark) => log.push(`W${watermark}`),
    idle: (isIdle) => log.push(isIdle ? 'idle' : 'active'),
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  const all = splits.map((_, n) => {
    const stage = stages?.[n];
    return fromItsStart({
      id: `${n}`,
      weight: 10,
      detail: null,
      ...(stage === undefined ? {} : { stage }),
    });
  });
  const known = options.known ?? all.length;
  const share = { subtask, parallelism };
  const isOpen = options.known !== undefined;
  const read: string[] = [];
  const input = new SourceInput({
    source,
    splits: queueOf(assignment, all.slice(0, known), counters, share, isOpen),
    eventTime: {
      timestamp: { kind: 'function' },
      watermark: { kind: 'monotonous', outOfOrdernessMs: 0, idlenessMs, alignment: null },
    },
    functions: [(row: number) => row],
    rate,
    context: {
      name: 'scripted',
      watermarkIntervalMs: 10,
      subtask,
      parallelism,
      metrics: counters.operator(word),
      snapshot: (checkpoint: number) => ({
        items: (_state: string, _mode: string, items: readonly SplitState[]) =>
          states.set(checkpoint, items),
      }),
      wake() {},
    } as unknown as OperatorContext,
    progress: counters.subtask(word),
    siblings: Array.from({ length: parallelism }, (_, n) => counters.subtask(n)),
    alignment:
      alignment === undefined
        ? null
        : new Alignment(
            { group: 'all', ...alignment },
            alignment.with.map((n) => counters.subtask(n)),
          ),
    slices,
    clock,
    commands: counters,
    output,
    sides: new Map(),
    onSkipped() {},
    onSplitRead: (id) => void read.push(id),
  });
  /** Polls once at each of so many milliseconds. */
  const run = (ms: number): string[] => {
    log.length = 0;
    for (let n = 0; n < ms && !input.hasEnded; n++) {
      input.poll();
      clock.advanceTo(clock.now() + 1);
    }
    return [...log];
  };
  /** Tells it of the splits up to `end`, and of those that are remembered elsewhere. */
  const find = (end: number, remembered: string[] = []): void => {
    input.onFound({ first: known, splits: all.slice(known, end), remembered });
  };
  return { input, run, find, read, opened, asked, counters, log, states, output, clock };
}
