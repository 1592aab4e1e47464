/** What a thread answers when it is asked something (question.ts). */
import { describeError } from '../base/error-transport.ts';
import { nextTurn } from '../base/event-loop.ts';
import { QUESTION_TURNS_MAX } from '../base/limits.ts';
import { shownValue } from '../base/shown-value.ts';
import type { OutputGate } from '../channel/output-gate.ts';
import type { NodeId } from '../graph/graph.ts';
import type { Operator } from '../operator/operator.ts';
import type { StateLook } from '../operator/state-look.ts';
import type { ThreadLooks } from './deployment.ts';
import { EdgeTap } from './edge-tap.ts';
import type {
  Answered,
  Asked,
  Question,
  QuestionTurn,
  StateOfKey,
  StatesOfOperator,
} from './question.ts';
import type { Scheduler } from './scheduler.ts';
import type { FoundSplits } from './split-state.ts';
import { ThreadProfile } from './thread-profile.ts';

type PlacedOperator = {
  readonly node: NodeId;
  readonly subtask: number;
  readonly operator: Operator;
};

type OpenSource = Parameters<ThreadLooks['addSource']>[1];

export class ThreadAnswers implements ThreadLooks {
  /** Null before the subtasks are there. */
  scheduler: Scheduler | null = null;
  readonly #operators: PlacedOperator[] = [];
  readonly #gates = new Map<number, OutputGate[]>();
  readonly #sources = new Map<NodeId, OpenSource[]>();
  readonly #taps = new Map<number, EdgeTap>();
  #profile: ThreadProfile | null = null;
  #seen = 0;
  /** Questions that are not answered yet. */
  readonly #open = new Set<Promise<Answered>>();

  addOperator(node: NodeId, subtask: number, operator: Operator): void {
    if (operator.look !== undefined) this.#operators.push({ node, subtask, operator });
  }

  addGate(exchange: number, gate: OutputGate): void {
    this.#gates.set(exchange, [...(this.#gates.get(exchange) ?? []), gate]);
  }

  addSource(source: NodeId, input: OpenSource): void {
    this.#sources.set(source, [...(this.#sources.get(source) ?? []), input]);
  }

  async answer({ id, question }: Asked): Promise<Answered> {
    this.#seen++;
    const answered = this.#answered(id, question);
    this.#open.add(answered);
    try {
      return await answered;
    } finally {
      this.#open.delete(answered);
    }
  }

  async #answered(id: number, question: Question): Promise<Answered> {
    try {
      return { type: 'answer', id, answer: await this.#answer(question), error: null };
    } catch (error) {
      return { type: 'answer', id, answer: null, error: describeError(error) };
    }
  }

  /** `asked`: how many questions have been sent to this thread. */
  turns(asked: () => number): QuestionTurn {
    let known = asked();
    const hasNew = (): boolean => asked() !== known;
    return {
      get isAsked() {
        return hasNew();
      },
      turn: async () => {
        known = asked();
        // Questions that came before this thread was listening are lost.
        for (let n = 0; n < QUESTION_TURNS_MAX && this.#seen < known; n++) await nextTurn();
        await Promise.all(this.#open);
      },
    };
  }

  #answer(question: Question): unknown {
    switch (question.type) {
      case 'startProfile':
        return this.#startProfile(question.intervalUs);
      case 'stopProfile':
        return this.#stopProfile();
      case 'startTap':
        return this.#startTap(question.exchange, question.records);
      case 'readTap':
        return this.#taps.get(question.exchange)?.read() ?? { records: [], passed: 0 };
      case 'stopTap':
        return this.#stopTap(question.exchange);
      case 'states':
        return this.#states();
      case 'foundSplits':
        return this.#tellFound(question.source, question.found);
      default:
        return this.#lookUp(question.node, question.state, question.key);
    }
  }

  #tellFound(source: NodeId, found: FoundSplits): null {
    for (const input of this.#sources.get(source) ?? []) input.onFound(found);
    return null;
  }

  async #startProfile(intervalUs: number): Promise<void> {
    await this.#stopProfile();
    this.#profile = await ThreadProfile.start(this.scheduler, intervalUs);
  }

  async #stopProfile(): Promise<unknown> {
    const profile = this.#profile;
    this.#profile = null;
    return (await profile?.stop()) ?? [];
  }

  #startTap(exchange: number, records: number): void {
    this.#stopTap(exchange);
    this.#taps.set(exchange, new EdgeTap(this.#gates.get(exchange) ?? [], records));
  }

  #stopTap(exchange: number): void {
    this.#taps.get(exchange)?.stop();
    this.#taps.delete(exchange);
  }

  *#looks(): Iterable<PlacedOperator & { readonly look: StateLook }> {
    for (const placed of this.#operators) {
      const look = placed.operator.look?.() ?? null;
      if (look !== null) yield { ...placed, look };
    }
  }

  #states(): StatesOfOperator[] {
    return Array.from(this.#looks(), ({ node, subtask, look }) => ({
      node,
      subtask,
      keys: look.keyCount,
      states: look.sizes(),
    }));
  }

  #lookUp(node: NodeId, state: string, key: unknown): StateOfKey | null {
    for (const { node: of, subtask, look } of this.#looks()) {
      if (of !== node) continue;
      const value = look.valueOf(state, key);
      if (value !== undefined) return { subtask, value: shownValue(value) };
    }
    return null;
  }
}
