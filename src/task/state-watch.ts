/**
 * Counts what the operators of a thread keep by key, and writes it where those find it who watch the job, whether the thread has
 * time for them or not. It does so between two rounds, about once a second, and more seldom where counting takes long each time:
 * no more than a thousandth of the time goes into it.
 */
import type { Clock } from '../base/clock.ts';
import { STATE_LOOK_MS, STATE_LOOK_SHARE } from '../base/limits.ts';
import { newStateCell, type StateCell, writeStateCounts } from '../metrics/state-numbers.ts';
import type { Operator } from '../operator/operator.ts';

/** Tells of a state; `slot`: counter slot of its operator. */
export type TellState = (slot: number, cell: StateCell) => void;

export class StateWatch {
  readonly #clock: Clock;
  readonly #tell: TellState;
  /** Of each subtask that has some. */
  readonly #operators = new Map<number, WatchedOperator[]>();
  #dueMs = -Infinity;
  /** What the last look took. */
  #tookMs = 0;

  constructor(clock: Clock, tell: TellState) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** `slot`: counter slot of the operator in its subtask. */
  add(subtask: number, slot: number, operator: Operator): void {
    if (operator.look === undefined) return;
    const watched = new WatchedOperator(operator, (cell) => this.#tell(slot, cell));
    this.#operators.set(subtask, [...(this.#operators.get(subtask) ?? []), watched]);
  }

  /** `nowMs`: by the monotonic clock. */
  beginRound(nowMs: number): void {
    if (nowMs < this.#dueMs || this.#operators.size === 0) return;
    const startMs = this.#clock.monotonic();
    for (const operators of this.#operators.values()) for (const one of operators) one.count();
    const endMs = this.#clock.monotonic();
    const tookMs = endMs - startMs;
    // A look that is slow alone was held up by something else: new code, or another process.
    const slowMs = Math.min(tookMs, this.#tookMs);
    this.#tookMs = tookMs;
    this.#dueMs = endMs + Math.max(STATE_LOOK_MS, slowMs * STATE_LOOK_SHARE);
  }

  /** What a subtask has kept to its end. */
  onEnd(subtask: number): void {
    for (const operator of this.#operators.get(subtask) ?? []) operator.count();
    this.#operators.delete(subtask);
  }
}

class WatchedOperator {
  readonly #operator: Operator;
  readonly #tell: (cell: StateCell) => void;
  readonly #cells = new Map<string, StateCell>();

  constructor(operator: Operator, tell: (cell: StateCell) => void) {
    this.#operator = operator;
    this.#tell = tell;
  }

  count(): void {
    for (const { name, kind, ...counts } of this.#operator.look!()?.sizes() ?? []) {
      const known = this.#cells.get(name);
      const cell = known ?? newStateCell(name, kind);
      writeStateCounts(cell, counts);
      if (known !== undefined) continue;
      this.#cells.set(name, cell);
      this.#tell(cell);
    }
  }
}
