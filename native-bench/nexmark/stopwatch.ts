/**
 * Measures the part of a run that is behind the warm-up: from the first segment that counts to the last end of a sink. The
 * threads of a job share it. It starts when so many segments have been read by all of them together.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const KEY = 'nexmark stopwatch';

/** Of the shared memory: two counters, and numbers behind them. */
const SEGMENTS = 0;
const READERS = 1;
const START_MS = 1;
const START_CPU_SECONDS = 2;
const STOP_MS = 3;
const STOP_CPU_SECONDS = 4;
const BYTES = 5 * 8;

type Shared = { readonly memory: SharedArrayBuffer; readonly warmUpSegments: number };

export type Lap = {
  readonly ms: number;
  /** Of all threads of the process: user and system. */
  readonly cpuSeconds: number;
};

export class Stopwatch {
  readonly #warmUpSegments: number;
  readonly #counters: Int32Array;
  readonly #numbers: Float64Array;

  constructor({ memory, warmUpSegments }: Shared) {
    this.#warmUpSegments = warmUpSegments;
    this.#counters = new Int32Array(memory, 0, 2);
    this.#numbers = new Float64Array(memory);
  }

  /** To be called by each reader once, before it reads. */
  enter(): void {
    Atomics.add(this.#counters, READERS, 1);
  }

  /** Whether so many readers have entered: a thread that still starts would take its time from those that read. */
  hasEntered(readers: number): boolean {
    return Atomics.load(this.#counters, READERS) >= readers;
  }

  /** To be called before each segment. */
  beforeSegment(): void {
    if (Atomics.add(this.#counters, SEGMENTS, 1) !== this.#warmUpSegments) return;
    this.#numbers[START_MS] = nowMs();
    this.#numbers[START_CPU_SECONDS] = cpuSeconds();
  }

  /** To be called wherever an end is reached; the last one counts. */
  stop(): void {
    this.#numbers[STOP_MS] = nowMs();
    this.#numbers[STOP_CPU_SECONDS] = cpuSeconds();
  }

  /** What has passed between; an Error when it was never started. */
  read(): Lap {
    const [, startMs, startCpuSeconds, stopMs, stopCpuSeconds] = this.#numbers;
    if (startMs === 0) throw new Error('no event was behind the warm-up');
    return { ms: stopMs! - startMs!, cpuSeconds: stopCpuSeconds! - startCpuSeconds! };
  }
}

/** A stopwatch for what this thread starts from now on, in all of its threads. */
export function provideStopwatch(warmUpSegments: number): Stopwatch {
  const shared: Shared = { memory: new SharedArrayBuffer(BYTES), warmUpSegments };
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
