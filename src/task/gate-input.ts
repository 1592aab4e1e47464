/** Input of a subtask from channels. */
import type { InputGate } from '../channel/input-gate.ts';
import type { ChainHead } from './chain.ts';
import type { TaskInput } from './task.ts';

export class GateInput implements TaskInput {
  readonly wakeAtMs = Infinity;
  readonly controlAtMs = Infinity;
  readonly waitsForEvents = false;
  readonly #gate: InputGate;
  readonly #head: ChainHead;

  constructor(gate: InputGate, head: ChainHead) {
    this.#gate = gate;
    this.#head = head;
  }

  get hasEnded(): boolean {
    return this.#gate.hasEnded;
  }

  poll(): boolean {
    return this.#gate.poll(this.#head);
  }

  pollControl(): boolean {
    return this.#gate.pollControl(this.#head);
  }

  overtake(): boolean {
    return this.#gate.overtake(this.#head);
  }

  record(): boolean {
    return this.#gate.record();
  }

  close(): void {}
}
