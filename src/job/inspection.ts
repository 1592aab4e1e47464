/**
 * What one can look at in the threads of a running job, beside the numbers in shared memory: their stacks, their state by key,
 * the records that pass. Each look asks the threads that have it (task/question.ts), and is bounded in time and size.
 */
import { systemClock } from '../base/clock.ts';
import { delay } from '../base/event-loop.ts';
import {
  PROFILE_INTERVAL_US,
  TAP_WAIT_MS,
  TAPPED_BYTES_MAX,
  THREAD_DUMP_MS,
} from '../base/limits.ts';
import type { ShownValue } from '../base/shown-value.ts';
import { CALLER, type ExecutionGraph } from '../graph/execution-graph.ts';
import type { NodeId } from '../graph/graph.ts';
import type { StateSize } from '../operator/state-look.ts';
import type {
  Question,
  StackSample,
  StateOfKey,
  StatesOfOperator,
  TappedRecords,
} from '../task/question.ts';
import { type Flame, flameOf } from './flame.ts';
import type { Reply } from './thread-asker.ts';

/** The threads of an attempt, to be asked. */
export interface AskedThreads {
  readonly execution: ExecutionGraph;
  /** Name of the subtask that a worker is working at; null for none. */
  runningIn(worker: number): string | null;
  ask(worker: number, question: Question): Promise<Reply>;
}

export type ThreadStack = { readonly name: string; readonly stack: readonly string[] };

/** The states of one operator, over all subtasks. */
export type OperatorStates = {
  readonly node: NodeId;
  /** Null where there are too many to count. */
  readonly keys: number | null;
  readonly states: readonly StateSize[];
};

/** How often an edge is asked for records that have passed, and a profile whether its job still runs. */
const LOOK_MS = 50;

export class Inspection {
  readonly #threads: () => AskedThreads | null;
  #isProfiling = false;
  readonly #tapped = new Set<number>();

  /** `threads`: of the attempt that runs now; null for none. */
  constructor(threads: () => AskedThreads | null) {
    this.#threads = threads;
  }

  /** Where the subtasks of a task have spent their time from now on; null while another profile is taken. */
  async flame(task: number, ms: number): Promise<Flame | null> {
    const threads = this.#threads();
    if (threads === null) return flameOf('', []);
    const { tasks, subtasks } = threads.execution;
    const own = subtasks.filter((subtask) => subtask.task === task);
    const samples = await this.#profile(threads, new Set(own.map(({ worker }) => worker)), ms);
    if (samples === null) return null;
    const ids = new Set(own.map(({ id }) => id));
    const ofTask = [...samples.values()]
      .flatMap((found) => found ?? [])
      .filter(({ subtask }) => subtask !== null && ids.has(subtask));
    return flameOf(tasks[task]!.name, ofTask);
  }

  /** The stack that each thread is in most of the time of a short look; null while a profile is taken. */
  async threadDump(): Promise<readonly ThreadStack[] | null> {
    const threads = this.#threads();
    if (threads === null) return [];
    const workers = workersOf(threads);
    const samples = await this.#profile(threads, workers, THREAD_DUMP_MS);
    if (samples === null) return null;
    return [...workers].map((worker) => ({
      name: worker === CALLER ? 'caller' : `millrace ${worker}`,
      stack: stackOf(threads, worker, samples.get(worker) ?? null),
    }));
  }

  /** By worker; null for one that has not answered. Null while another profile is taken. */
  async #profile(
    threads: AskedThreads,
    workers: ReadonlySet<number>,
    ms: number,
  ): Promise<ReadonlyMap<number, readonly StackSample[] | null> | null> {
    if (this.#isProfiling) return null;
    this.#isProfiling = true;
    try {
      const intervalUs = PROFILE_INTERVAL_US;
      await askAll(threads, workers, { type: 'startProfile', intervalUs });
      const end = systemClock.monotonic() + ms;
      for (let left = ms; left > 0 && this.#threads() === threads; ) {
        await delay(Math.min(left, LOOK_MS));
        left = end - systemClock.monotonic();
      }
      const replies = await askAll<StackSample[]>(threads, workers, { type: 'stopProfile' });
      return new Map([...workers].map((worker, n) => [worker, replies[n]!]));
    } finally {
      this.#isProfiling = false;
    }
  }

  /** The first records that cross an exchange from now on; null while someone else looks at it. */
  async tap(exchange: number, count: number): Promise<TappedRecords | null> {
    const threads = this.#threads();
    if (threads === null) return { records: [], passed: 0 };
    if (this.#tapped.has(exchange)) return null;
    this.#tapped.add(exchange);
    try {
      return await tapped(threads, exchange, count);
    } finally {
      this.#tapped.delete(exchange);
    }
  }

  /** The keyed states that can be looked at, by operator; null where a thread has not answered. */
  async states(): Promise<readonly OperatorStates[] | null> {
    const threads = this.#threads();
    if (threads === null) return [];
    const replies = await askAll<StatesOfOperator[]>(threads, workersOf(threads), {
      type: 'states',
    });
    if (replies.includes(null)) return null;
    const byNode = new Map<NodeId, OperatorStates>();
    for (const found of replies.flatMap((reply) => reply ?? [])) {
      byNode.set(found.node, together(byNode.get(found.node), found));
    }
    return [...byNode.values()];
  }

  /**
   * What a key has in a state; null for nothing, and 'silent' where a thread that may have it has not answered. EngineError
   * KEY_INVALID where it can be no key of the operator.
   */
  async lookUp(node: NodeId, state: string, key: unknown): Promise<StateOfKey | 'silent' | null> {
    const threads = this.#threads();
    if (threads === null) return null;
    const question = { type: 'lookUp', node, state, key } as const;
    const replies = await Promise.all(
      Array.from(workersWith(threads, node), (worker) => threads.ask(worker, question)),
    );
    const answers = replies.map((reply) => reply?.answer as StateOfKey | null | undefined);
    const found = answers.find((answer) => answer !== null && answer !== undefined);
    return found ?? (replies.includes(null) ? 'silent' : null);
  }
}

function workersOf({ execution }: AskedThreads): ReadonlySet<number> {
  return new Set([CALLER, ...execution.subtasks.map(({ worker }) => worker)]);
}

/** Those that a step runs in. */
function workersWith({ execution }: AskedThreads, node: NodeId): ReadonlySet<number> {
  const { tasks, subtasks } = execution;
  const own = subtasks.filter(({ task }) =>
    tasks[task]!.operators.some(({ nodes }) => nodes.includes(node)),
  );
  return new Set(own.map(({ worker }) => worker));
}

/** Null for a thread that has not answered. */
async function askAll<T>(
  threads: AskedThreads,
  workers: Iterable<number>,
  question: Question,
): Promise<(T | null)[]> {
  return await Promise.all(
    Array.from(workers, async (worker) => {
      const reply = await threads.ask(worker, question);
      return (reply?.answer ?? null) as T | null;
    }),
  );
}

/** Innermost frame first. */
function stackOf(
  threads: AskedThreads,
  worker: number,
  samples: readonly StackSample[] | null,
): readonly string[] {
  if (samples === null) {
    const at = threads.runningIn(worker);
    return [`did not answer: it is ${at === null ? 'not at a subtask' : `in a step of '${at}'`}`];
  }
  const [most] = samples;
  if (most === undefined) return [];
  const { execution } = threads;
  const place =
    most.subtask === null
      ? []
      : [`in '${execution.tasks[execution.subtasks[most.subtask]!.task]!.name}'`];
  return [...most.frames].reverse().concat(place);
}

async function tapped(
  threads: AskedThreads,
  exchange: number,
  count: number,
): Promise<TappedRecords> {
  const { exchanges, subtasks } = threads.execution;
  const from = exchanges[exchange]!.fromTask;
  const workers = new Set(subtasks.filter(({ task }) => task === from).map(({ worker }) => worker));
  const records: ShownValue[] = [];
  let passed = 0;
  let bytes = 0;
  await askAll(threads, workers, { type: 'startTap', exchange, records: count });
  for (let ms = 0; ms < TAP_WAIT_MS; ms += LOOK_MS) {
    for (const read of await askAll<TappedRecords>(threads, workers, {
      type: 'readTap',
      exchange,
    })) {
      if (read === null) continue;
      passed += read.passed;
      for (const record of read.records) {
        if (records.length >= count || bytes >= TAPPED_BYTES_MAX) break;
        records.push(record);
        bytes += JSON.stringify(record).length;
      }
    }
    if (records.length >= count || bytes >= TAPPED_BYTES_MAX) break;
    await delay(LOOK_MS);
  }
  await askAll(threads, workers, { type: 'stopTap', exchange });
  return { records, passed };
}

function together(all: OperatorStates | undefined, one: StatesOfOperator): OperatorStates {
  if (all === undefined) return { node: one.node, keys: one.keys, states: one.states };
  return {
    node: all.node,
    keys: sumOf(all.keys, one.keys),
    states: all.states.map(({ name, kind, keys, windows }, n) => {
      const more = one.states[n]!;
      return { name, kind, keys: sumOf(keys, more.keys), windows: sumOf(windows, more.windows) };
    }),
  };
}

function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
