/** What the subtasks have done in the last second: two moments of the metrics, once a second as long as a job is served. */
import { every } from '../base/event-loop.ts';
import type { JobMetrics, SubtaskMetrics } from '../job/job-metrics.ts';

export const LOOK_MS = 1000;

/** Shares of time, 0 to 1, that add up to 1. */
export type TimeShares = { readonly busy: number; readonly held: number; readonly idle: number };

export class Rates {
  readonly #look: () => JobMetrics;
  readonly #listeners = new Set<(metrics: JobMetrics) => void>();
  readonly #stop: () => void;
  #before: JobMetrics | null = null;
  #last: JobMetrics;

  constructor(look: () => JobMetrics) {
    this.#look = look;
    this.#last = look();
    this.#stop = every(LOOK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#before = this.#last;
    this.#last = this.#look();
    for (const listener of this.#listeners) listener(this.#last);
  }

  /** Called with what was seen, once a second; returns how to stop. */
  listen(listener: (metrics: JobMetrics) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Of the last second; in the first one, and after a restart, since the attempt began. */
  sharesOf(task: number, subtask: number): TimeShares {
    return timeShares(
      this.#last.tasks[task]?.subtasks[subtask],
      this.#before?.tasks[task]?.subtasks[subtask],
    );
  }

  /** Records that sources have read a second; null before there is a second. */
  get recordsPerSecond(): number | null {
    if (this.#before === null) return null;
    const ms = this.#last.elapsedMs - this.#before.elapsedMs;
    const records = this.#last.records - this.#before.records;
    return ms <= 0 ? null : Math.max(0, (records / ms) * 1000);
  }

  close(): void {
    this.#stop();
    this.#listeners.clear();
  }
}

type Times = Pick<SubtaskMetrics, 'busyMs' | 'backPressuredMs' | 'idleMs'>;

export function timeShares(last: Times | undefined, before: Times | undefined): TimeShares {
  const now = last ?? { busyMs: 0, backPressuredMs: 0, idleMs: 0 };
  const begins = before === undefined || before.busyMs > now.busyMs;
  const since = begins ? { busyMs: 0, backPressuredMs: 0, idleMs: 0 } : before;
  const busy = now.busyMs - since.busyMs;
  const held = Math.max(0, now.backPressuredMs - since.backPressuredMs);
  const all = busy + held + Math.max(0, now.idleMs - since.idleMs);
  if (all <= 0) return { busy: 0, held: 0, idle: 1 };
  return { busy: busy / all, held: held / all, idle: Math.max(0, 1 - (busy + held) / all) };
}
