/**
 * Runs the automaton of a pattern over the records of a key: pure logic, without time of its own, batches or state tables.
 *
 *   (expire → take)*   for each record of the key, in their order
 *    expire            when time has passed without one
 *
 * Matches come out in the order of their first records. Where matches are skipped, one waits until no run that began
 * earlier is left.
 */
import { EngineError } from '../../base/errors.ts';
import { answeredNow } from '../../base/thenable.ts';
import { DONE, type Nfa, NO_STEP, type Wait } from './nfa.ts';
import type { Condition, ConditionContext, Match, SkipSpec } from './pattern-spec.ts';
import type { HeldMatch, KeyRuns, MatchNode, Run } from './runs.ts';

/** What becomes of matches; `time` is that of the match. */
export type MatchOutput = {
  match(match: Match, time: number): void;
  /** A partial match whose time is over; null when nobody wants them. */
  readonly timedOut: ((match: Match, time: number) => void) | null;
};

const UNKNOWN = 0;
const HOLDS = 1;
const FAILS = 2;

export class Matcher {
  readonly #nfa: Nfa;
  readonly #conditions: readonly Condition[];
  /** Whether a condition looks at the record alone, so that its answer is one for all runs. */
  readonly #isSimple: readonly boolean[];
  readonly #answers: Uint8Array;
  readonly #skip: SkipSpec;
  readonly #skipStep: number;
  readonly #output: MatchOutput;
  readonly #hasGaps: boolean;
  readonly #context: Context;
  #row: unknown;
  #time = 0;
  /** Runs and matches that come of the current record. */
  #next: Run[] = [];
  #found: HeldMatch[] = [];

  constructor(nfa: Nfa, conditions: readonly Condition[], skip: SkipSpec, output: MatchOutput) {
    this.#nfa = nfa;
    this.#conditions = conditions;
    this.#isSimple = conditions.map((condition) => condition.length === 1);
    this.#answers = new Uint8Array(conditions.length);
    this.#skip = skip;
    this.#skipStep = 'step' in skip ? nfa.steps.indexOf(skip.step) : NO_STEP;
    this.#output = output;
    this.#hasGaps = nfa.states.some(({ gapMs }) => gapMs !== Infinity);
    this.#context = new Context(nfa.steps);
  }

  /** When the first of the runs is over, unless a record comes before; Infinity for never. */
  dueTime({ runs }: KeyRuns): number {
    const { withinMs } = this.#nfa;
    if (runs.length === 0) return Infinity;
    if (!this.#hasGaps) return runs[0]!.startTime + withinMs;
    return runs.reduce((due, run) => Math.min(due, this.#endOf(run)), Infinity);
  }

  #endOf({ state, startTime, lastTime }: Run): number {
    return Math.min(startTime + this.#nfa.withinMs, lastTime + this.#nfa.states[state]!.gapMs);
  }

  /** Source of whether a match may begin with a record, from `row`, `ctx` and `conditions`. */
  get startSource(): string {
    const waits = this.#nfa.states[0]!.waits.filter(({ step }) => step !== NO_STEP);
    const numbers = [...new Set(waits.map(({ condition }) => condition))];
    return numbers.map((n) => `conditions[${n}](row, ctx)`).join(' || ');
  }

  /** What conditions get before there is anything of a match. */
  startContext(): Context {
    this.#context.enter(null);
    return this.#context;
  }

  /** Ends the runs whose time is over at `time`. */
  expire(key: KeyRuns, time: number): void {
    if (time < this.dueTime(key)) return;
    const kept: Run[] = [];
    for (const run of key.runs) {
      const end = this.#endOf(run);
      if (time < end) kept.push(run);
      else if (this.#nfa.states[run.state]!.isCompleteAtEnd) {
        this.#found.push({ node: run.node, start: run.start, time: end });
      } else this.#output.timedOut?.(matchOf(this.#nfa.steps, run.node), end);
    }
    key.runs = kept;
    this.#complete(key);
  }

  /** The next record of the key; `mayStart` is false when it is known that no match begins with it. */
  take(key: KeyRuns, row: unknown, time: number, mayStart: boolean): void {
    const { runs } = key;
    this.#row = row;
    this.#time = time;
    this.#context.timestamp = time;
    this.#answers.fill(UNKNOWN);
    const place = key.nextPlace++;
    const next: Run[] = [];
    this.#next = next;
    for (let r = 0; r < runs.length; r++) this.#advance(runs[r]!, place);
    if (mayStart) this.#start(place);
    key.runs = next;
    this.#complete(key);
  }

  #start(place: number): void {
    this.#context.enter(null);
    for (const wait of this.#nfa.states[0]!.waits) {
      if (wait.step === NO_STEP || this.#isOver(wait) || !this.#holds(wait.condition)) continue;
      if (this.#isRefused(wait)) continue;
      const node = { row: this.#row, place, step: wait.step, previous: null };
      this.#reach(wait.taken, node, place, this.#time);
    }
  }

  #advance(run: Run, place: number): void {
    const { waits, stops } = this.#nfa.states[run.state]!;
    this.#context.enter(run.node);
    for (let s = 0; s < stops.length; s++) if (this.#holds(stops[s]!)) return;
    for (let w = 0; w < waits.length; w++) {
      const wait = waits[w]!;
      if (this.#isOver(wait)) continue;
      const isFit = wait.step !== NO_STEP && this.#holds(wait.condition);
      if (isFit && !this.#isRefused(wait)) {
        const node = { row: this.#row, place, step: wait.step, previous: run.node };
        this.#reach(wait.taken, node, run.start, run.startTime);
      }
      if (wait.contiguity === 'any' || (wait.contiguity === 'relaxed' && !isFit)) {
        this.#ignore(run, wait.ignored);
      }
    }
  }

  /** The record is left out. */
  #ignore(run: Run, state: number): void {
    if (state === DONE) {
      this.#found.push({ node: run.node, start: run.start, time: this.#time });
    } else if (state === run.state) this.#next.push(run);
    else this.#next.push({ ...run, state });
  }

  #reach(state: number, node: MatchNode, start: number, startTime: number): void {
    const { isComplete, waits } = this.#nfa.states[state]!;
    if (isComplete) this.#found.push({ node, start, time: this.#time });
    if (waits.length === 0) return;
    this.#next.push({ state, node, start, startTime, lastTime: this.#time });
  }

  #isOver({ until, needs, blocks }: Wait): boolean {
    for (let i = 0; i < until.length; i++) if (this.#holds(until[i]!)) return true;
    for (let i = 0; i < needs.length; i++) if (!this.#holds(needs[i]!)) return true;
    for (let i = 0; i < blocks.length; i++) if (this.#holds(blocks[i]!)) return true;
    return false;
  }

  #isRefused({ refuses }: Wait): boolean {
    for (let i = 0; i < refuses.length; i++) if (this.#holds(refuses[i]!)) return true;
    return false;
  }

  #holds(condition: number): boolean {
    if (!this.#isSimple[condition]) return this.#ask(condition);
    if (this.#answers[condition] === UNKNOWN) {
      this.#answers[condition] = this.#ask(condition) ? HOLDS : FAILS;
    }
    return this.#answers[condition] === HOLDS;
  }

  #ask(condition: number): boolean {
    const answer: unknown = this.#conditions[condition]!(this.#row, this.#context);
    return typeof answer === 'boolean' ? answer : Boolean(answeredNow(answer));
  }

  /** Hands over what was found, as far as no earlier run is in the way, and ends what it makes impossible. */
  #complete(key: KeyRuns): void {
    const found = this.#found;
    if (found.length === 0 && key.held.length === 0) return;
    this.#found = [];
    if (this.#skip.kind === 'none') {
      for (const { node, time } of found) this.#emit(node, time);
      return;
    }
    for (const match of found) hold(key.held, match);
    this.#release(key);
  }

  /**
   * Hands over what is held as far as no earlier run is in the way. Both lists are in the order of their first records, so that
   * what goes is the beginning of each, and is cut off once: many matches may have waited for one run.
   */
  #release(key: KeyRuns): void {
    const { held, runs } = key;
    let [next, firstRun] = [0, 0];
    for (let first = held[0]; first !== undefined; first = held[next]) {
      if (firstRun < runs.length && runs[firstRun]!.start < first.start) break;
      next++;
      const from = this.#firstKept(first);
      while (firstRun < runs.length && runs[firstRun]!.start < from) firstRun++;
      while (next < held.length && held[next]!.start < from) next++;
      this.#emit(first.node, first.time);
    }
    if (next > 0) key.held = held.slice(next);
    if (firstRun > 0) key.runs = runs.slice(firstRun);
  }

  #emit(node: MatchNode, time: number): void {
    this.#output.match(matchOf(this.#nfa.steps, node), time);
  }

  /** The place from which on matches may begin, beside one that was found. */
  #firstKept({ node, start }: HeldMatch): number {
    if (this.#skip.kind === 'toNext') return start + 1;
    if (this.#skip.kind === 'pastLast') return node.place + 1;
    const places: number[] = [];
    for (let at: MatchNode | null = node; at !== null; at = at.previous) {
      if (at.step === this.#skipStep) places.push(at.place);
    }
    // From the last to the first. A match without the step skips nothing.
    return (this.#skip.kind === 'toLast' ? places[0] : places.at(-1)) ?? 0;
  }
}

/** Puts a match behind those that began no later: mostly all of them. */
function hold(held: HeldMatch[], match: HeldMatch): void {
  let low = 0;
  let high = held.length;
  if (high > 0 && held[high - 1]!.start <= match.start) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (held[middle]!.start <= match.start) low = middle + 1;
    else high = middle;
  }
  held.splice(low, 0, match);
}

/** What conditions get: one object for all, about the run that is being looked at. */
export class Context implements ConditionContext {
  timestamp = 0;
  readonly #steps: readonly string[];
  #node: MatchNode | null = null;

  constructor(steps: readonly string[]) {
    this.#steps = steps;
  }

  enter(node: MatchNode | null): void {
    this.#node = node;
  }

  readonly matched = (name: string): readonly unknown[] => {
    const step = this.#steps.indexOf(name);
    if (step < 0) throw unknownStep(name, this.#steps);
    const rows: unknown[] = [];
    for (let at = this.#node; at !== null; at = at.previous) {
      if (at.step === step) rows.push(at.row);
    }
    return rows.reverse();
  };
}

function unknownStep(name: string, steps: readonly string[]): EngineError {
  return new EngineError(
    'JOB_DEFINITION',
    `ctx.matched: no step of the pattern is called '${name}'; there are: ${steps.join(', ')}`,
  );
}

/** The records of each step, also of those that have none. */
export function matchOf(steps: readonly string[], last: MatchNode): Match {
  const rows: unknown[][] = steps.map(() => []);
  for (let at: MatchNode | null = last; at !== null; at = at.previous) rows[at.step]!.push(at.row);
  const match: Record<string, readonly unknown[]> = {};
  for (let s = 0; s < steps.length; s++) match[steps[s]!] = rows[s]!.reverse();
  return match;
}
