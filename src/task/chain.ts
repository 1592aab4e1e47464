/**
 * The operators of one subtask, joined by direct calls: a tree with the head first, output gates at the leaves.
 *
 * Only a head may have two inputs: behind it there is one way to each operator.
 *
 * A batch goes through the whole tree in one call. An operator that has to pause (its output is not ready) keeps
 * its place; the subtask then calls `resume`, which lets the operators farthest down finish first, and feeds the
 * head only when nothing is pending, and with batches only when none is full.
 */
import { EngineError, namedError } from '../base/errors.ts';
import type { OutputGate } from '../channel/output-gate.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import {
  type Operator,
  type OperatorContext,
  type Output,
  type SideOutputs,
  takesTime,
} from '../operator/operator.ts';
import { closeAll } from './close-all.ts';
import { type Placement, PlacementCheck } from './placement-check.ts';

/** An operator, its context, and what it feeds: operators by their number in the chain, and gates. */
export type ChainLink = {
  readonly operator: Operator;
  readonly context: OperatorContext;
  readonly next: readonly number[];
  readonly gates: readonly OutputGate[];
  /** Gates of side outputs, by the name of the output. */
  readonly sides: SideGates;
  /** Where the user vouches that rows lie by key; left out where an exchange sees to that. */
  readonly placement?: Placement;
  /** Called when the operator has its state: refuses what is left of it. */
  readonly checkTaken?: () => void;
};

/** Where the input of a subtask goes. `input`: which one of the head operator, where it has two. */
export interface ChainHead extends Output {
  emit(batch: Batch, input?: number): void;
  /** `alignmentMs`: how long the first channel with the barrier has waited for the last; 0 when left out. */
  barrier(checkpoint: number, alignmentMs?: number): void;
}

export type SideGates = ReadonlyMap<string, readonly OutputGate[]>;

const NO_SIDES: SideGates = new Map();

/** State that cannot be taken is told by its name, where the operator has not said whose it is. */
function namedIfNot(operator: string, error: unknown): unknown {
  const isNamed = !(error instanceof EngineError) || error.code !== 'STATE_INCOMPATIBLE';
  return isNamed || error.message.startsWith('operator ') ? error : namedError(operator, error);
}

export class Chain {
  readonly #links: readonly ChainLink[];
  readonly #operators: readonly Operator[];
  /** Those that may be full, and those that may wait for events. */
  readonly #asynchronous: readonly Operator[];
  readonly #waiting: readonly Operator[];
  /** Output of each operator. */
  readonly #outputs: readonly Output[];
  /** All that its operators send to, side outputs too. */
  readonly gates: readonly OutputGate[];
  /** Where the input of the subtask goes: the head operators, and gates right behind a source. */
  readonly head: ChainHead;
  /** Side outputs of a source. */
  readonly headSides: SideOutputs;

  /** Links in topological order; `heads` are those that take the subtask's input, as do `headGates`. */
  constructor(
    links: readonly ChainLink[],
    heads: readonly number[],
    headGates: readonly OutputGate[],
    headSides: SideGates = NO_SIDES,
  ) {
    this.#links = links;
    this.#operators = links.map((link) => link.operator);
    this.#asynchronous = this.#operators.filter(({ isFull }) => isFull !== undefined);
    this.#waiting = this.#operators.filter(({ waitsForEvents }) => waitsForEvents !== undefined);
    const sidesOf = [headSides, ...links.map((link) => link.sides)];
    this.gates = [
      ...headGates,
      ...links.flatMap((link) => link.gates),
      ...sidesOf.flatMap((sides) => [...sides.values()].flat()),
    ];
    const outputs: Output[] = new Array(links.length);
    const outputTo = (
      next: readonly number[],
      gates: readonly OutputGate[],
      sides: SideGates,
    ): Output => {
      const followers = next.map((n) => new OperatorOutput(links[n]!, outputs[n]!));
      const besides = [...sides.values()].flat().map((gate) => new ControlOnly(gate));
      const targets: Output[] = [...followers, ...gates, ...besides];
      return targets.length === 1 ? targets[0]! : new FanOut(targets);
    };
    for (let n = links.length - 1; n >= 0; n--) {
      const { next, gates, sides } = links[n]!;
      outputs[n] = outputTo(next, gates, sides);
    }
    this.#outputs = outputs;
    this.head = outputTo(heads, headGates, headSides);
    this.headSides = sideOutputs(headSides);
  }

  open(): void {
    this.#links.forEach(({ operator, context, sides, checkTaken }, n) => {
      try {
        operator.open(context, this.#outputs[n]!, sideOutputs(sides));
      } catch (error) {
        throw namedIfNot(context.name, error);
      }
      checkTaken?.();
    });
  }

  begin(): void {
    for (const operator of this.#operators) operator.begin?.();
  }

  /** The head first. */
  get operators(): readonly Operator[] {
    return this.#operators;
  }

  /** Whether every gate has room: only then may operators go on. */
  get isOutputReady(): boolean {
    for (const gate of this.gates) if (!gate.isReady) return false;
    return true;
  }

  get hasPendingWork(): boolean {
    for (const operator of this.#operators) if (operator.hasPendingWork) return true;
    return false;
  }

  /** Whether its head may be given no batch now. */
  get isFull(): boolean {
    for (const operator of this.#asynchronous) if (operator.isFull === true) return true;
    return false;
  }

  /** Whether an operator waits for the event loop. */
  get waitsForEvents(): boolean {
    for (const operator of this.#waiting) if (operator.waitsForEvents === true) return true;
    return false;
  }

  /**
   * Lets the pending operator that is farthest down do a slice of its work. False when nothing moved: it waits
   * for something outside, such as a sink that is busy.
   */
  resume(): boolean {
    for (let n = this.#operators.length - 1; n >= 0; n--) {
      const operator = this.#operators[n]!;
      if (!operator.hasPendingWork) continue;
      // A full operator farther down holds it up; what comes back to that one makes room.
      if (!this.#outputs[n]!.isReady) return false;
      operator.resume();
      return !operator.hasPendingWork || !this.#outputs[n]!.isReady;
    }
    return false;
  }

  /** When `advanceAsynchronous` is due, in ms of the clock. */
  get asynchronousAtMs(): number {
    let due = Infinity;
    for (const operator of this.#asynchronous) due = Math.min(due, operator.wakeAtMs);
    return due;
  }

  /** Runs what is due of operators with asynchronous work, whatever is pending at others; true when something was. */
  advanceAsynchronous(nowMs: number): boolean {
    let ran = false;
    for (const operator of this.#asynchronous) {
      if (operator.hasPendingWork || operator.wakeAtMs > nowMs) continue;
      operator.advanceTime(nowMs);
      ran = true;
    }
    return ran;
  }

  retry(): boolean {
    let moved = false;
    for (const gate of this.gates) if (gate.retry()) moved = true;
    return moved;
  }

  flush(): boolean {
    let had = false;
    for (const gate of this.gates) if (gate.flush()) had = true;
    return had;
  }

  publish(): void {
    for (const gate of this.gates) gate.publish();
  }

  get hasPartial(): boolean {
    for (const gate of this.gates) if (gate.hasPartial) return true;
    return false;
  }

  /** Whether the clock will give an operator something to do. */
  get awaitsClock(): boolean {
    for (const operator of this.#operators) if (operator.wakeAtMs !== Infinity) return true;
    return false;
  }

  get wakeAtMs(): number {
    let due = Infinity;
    for (const operator of this.#operators) due = Math.min(due, operator.wakeAtMs);
    return due;
  }

  /** Runs what is due by the clock, when nothing is pending; true when something was. */
  advanceTime(nowMs: number): boolean {
    let ran = false;
    for (const operator of this.#operators) {
      if (operator.wakeAtMs > nowMs) continue;
      operator.advanceTime(nowMs);
      ran = true;
      if (this.hasPendingWork) break;
    }
    return ran;
  }

  close(): void {
    closeAll(this.#operators);
  }
}

/** The output of an operator that has one follower. */
class OperatorOutput implements Output {
  readonly #operator: Operator;
  readonly #output: Output;
  readonly #placement: PlacementCheck | null;

  constructor({ operator, placement }: ChainLink, output: Output) {
    this.#operator = operator;
    this.#output = output;
    this.#placement = placement === undefined ? null : new PlacementCheck(placement);
  }

  get isReady(): boolean {
    const operator = this.#operator;
    return !operator.hasPendingWork && operator.isFull !== true && this.#output.isReady;
  }

  get takesTime(): boolean {
    return !this.#operator.hasPendingWork && takesTime(this.#output);
  }

  emit(batch: Batch, input = 0): void {
    this.#placement?.check(batch, input);
    this.#operator.processBatch(batch, input);
  }

  watermark(watermark: Watermark): void {
    this.#operator.processWatermark(watermark);
  }

  idle(isIdle: boolean): void {
    this.#operator.processIdle(isIdle);
  }

  barrier(checkpoint: number): void {
    this.#operator.processBarrier(checkpoint);
  }

  end(): void {
    this.#operator.finish();
  }
}

function sideOutputs(sides: SideGates): SideOutputs {
  return new Map([...sides].map(([name, gates]) => [name, new FanOut(gates)]));
}

/** A gate of a side output as a target of the main one: batches pass it by. */
class ControlOnly implements Output {
  readonly #gate: OutputGate;

  constructor(gate: OutputGate) {
    this.#gate = gate;
  }

  get isReady(): boolean {
    return this.#gate.isReady;
  }

  emit(): void {}

  watermark(watermark: Watermark): void {
    this.#gate.watermark(watermark);
  }

  idle(isIdle: boolean): void {
    this.#gate.idle(isIdle);
  }

  barrier(checkpoint: number): void {
    this.#gate.barrier(checkpoint);
  }

  end(): void {
    this.#gate.end();
  }
}

/** The output of an operator that feeds several, or none. */
class FanOut implements Output {
  readonly #targets: readonly Output[];

  constructor(targets: readonly Output[]) {
    this.#targets = targets;
  }

  get isReady(): boolean {
    for (const target of this.#targets) if (!target.isReady) return false;
    return true;
  }

  get takesTime(): boolean {
    for (const target of this.#targets) if (!takesTime(target)) return false;
    return true;
  }

  emit(batch: Batch): void {
    for (const target of this.#targets) target.emit(batch);
  }

  watermark(watermark: Watermark): void {
    for (const target of this.#targets) target.watermark(watermark);
  }

  idle(isIdle: boolean): void {
    for (const target of this.#targets) target.idle(isIdle);
  }

  barrier(checkpoint: number): void {
    for (const target of this.#targets) target.barrier(checkpoint);
  }

  end(): void {
    for (const target of this.#targets) target.end();
  }
}
