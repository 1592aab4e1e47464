/**
 * Measures the part of a run that is behind the warm-up: from the first segment that counts until the program reads it. The
 * threads of a job share it; the one that comes to such a segment first starts it.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const KEY = 'nexmark stopwatch';

/** Words of the shared memory: whether it runs, and since when by the clock and by the processors. */
const RUNS = 0;
const START_MS = 1;
const START_CPU_SECONDS = 2;

type Shared = { readonly memory: SharedArrayBuffer; readonly fromSegment: number };

export type Lap = {
  readonly ms: number;
  /** Of all threads of the process: user and system. */
  readonly cpuSeconds: number;
};

export class Stopwatch {
  readonly #fromSegment: number;
  readonly #runs: Int32Array;
  readonly #numbers: Float64Array;
  #isRunning = false;

  constructor({ memory, fromSegment }: Shared) {
    this.#fromSegment = fromSegment;
    this.#runs = new Int32Array(memory, 0, 1);
    this.#numbers = new Float64Array(memory);
  }

  /** To be called before each segment. */
  reach(segment: number): void {
    if (this.#isRunning || segment < this.#fromSegment) return;
    this.#isRunning = true;
    if (Atomics.exchange(this.#runs, RUNS, 1) === 1) return;
    this.#numbers[START_MS] = nowMs();
    this.#numbers[START_CPU_SECONDS] = cpuSeconds();
  }

  /** What has passed; an Error when it was never started. */
  read(): Lap {
    if (this.#runs[RUNS] === 0) throw new Error('no event was behind the warm-up');
    return {
      ms: nowMs() - this.#numbers[START_MS]!,
      cpuSeconds: cpuSeconds() - this.#numbers[START_CPU_SECONDS]!,
    };
  }
}

/** A stopwatch for what this thread starts from now on, in all of its threads. */
export function provideStopwatch(fromSegment: number): Stopwatch {
  const shared: Shared = { memory: new SharedArrayBuffer(24), fromSegment };
  setEnvironmentData(KEY, shared as never);
  return new Stopwatch(shared);
}

/** The one that was provided; null when nobody measures. */
export function providedStopwatch(): Stopwatch | null {
  const shared = getEnvironmentData(KEY) as Shared | undefined;
  return shared === undefined ? null : new Stopwatch(shared);
}

/** The same clock in all threads. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
