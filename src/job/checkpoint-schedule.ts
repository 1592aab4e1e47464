/**
 * When checkpoints are taken: so often, with so long a pause behind each, whatever has become of it. More failures in a row than
 * are tolerated fail the job; of others a warning says that there has been one.
 */
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';

export type ScheduleOptions = {
  readonly settings: CheckpointSettings;
  /** Takes one; resolves when it is complete and committed, rejects where `onFailed` has been told. */
  readonly take: () => Promise<unknown>;
  /** Too many have failed. */
  readonly onFailure: (error: unknown) => void;
  readonly warn: (message: string) => void;
};

export class CheckpointSchedule {
  readonly #options: ScheduleOptions;
  /** In a row. */
  #failures = 0;
  #hasStarted = false;
  #isOver = false;
  #cancelTimer: () => void = () => {};

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** The first is due in so long. */
  start(): void {
    this.#hasStarted = true;
    this.#awaitNext(systemClock.monotonic());
  }

  #awaitNext(lastStartMs: number): void {
    if (this.#isOver) return;
    const { everyMs, minPauseMs } = this.#options.settings;
    const nowMs = systemClock.monotonic();
    const dueMs = Math.max(lastStartMs + everyMs, nowMs + minPauseMs);
    this.#cancelTimer();
    this.#cancelTimer = after(dueMs - nowMs, () => this.#take());
  }

  #take(): void {
    const startMs = systemClock.monotonic();
    this.#options
      .take()
      .catch(() => {})
      .then(() => this.#awaitNext(startMs));
  }

  /** One has failed, be it of this schedule or asked for. */
  onFailed(error: unknown): void {
    const { settings, onFailure, warn } = this.#options;
    if (this.#isOver) return;
    this.#failures++;
    if (this.#failures > settings.tolerableFailures) onFailure(error);
    else warn(`a checkpoint failed and is left out: ${messageOf(error)}`);
  }

  /** One is complete, be it of this schedule or asked for. */
  onSuccess(): void {
    this.#failures = 0;
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelTimer();
  }

  /** Nothing was stopped after all: the next is due in as long as the first was. */
  goOn(): void {
    this.#isOver = false;
    if (this.#hasStarted) this.start();
  }
}
