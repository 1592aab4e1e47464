/**
 * From a pattern to its automaton, backwards: each step is compiled in front of what follows it.
 *
 * A step becomes a draft of a state, which may go on at once to other drafts (`proceeds`): an optional step to what
 * follows, a repeated one to its next round. When all drafts are there, each becomes a state with the waits of all that it
 * proceeds to. What has been ignored is waited for in a state of its own: there the choice to leave a step out is over.
 */
import { must } from '../../base/assert.ts';
import { DONE, type Nfa, type NfaState, NO_STEP, type Wait } from './nfa.ts';
import { type Contiguity, namesOf, type PatternSpec, type StepSpec } from './pattern-spec.ts';

type Draft = {
  readonly id: number;
  readonly waits: Wait[];
  readonly proceeds: Proceed[];
  readonly stops: readonly number[];
  readonly gapMs: number;
  readonly end: 'complete' | 'atEnd' | null;
};

/** On at once: always, only by a record for which a condition holds, or only by one for which it does not. */
type Proceed = { readonly to: Draft; readonly on: number | null; readonly notOn: number | null };

/** What follows a step; `freed` is the same by the record that ends a greedy step: its records are for the next one then. */
type Follows = { readonly next: Draft; readonly freed: Draft | null };

/** What is around a sequence of steps. */
type Around = {
  readonly contiguity: Contiguity;
  readonly blocks: readonly number[];
  readonly stops: readonly number[];
  readonly until: readonly number[];
};

/** How a step takes its record, in one place of it. */
type Place = Around & { readonly refuses: readonly number[]; readonly gapMs: number };

const OUTSIDE: Around = { contiguity: 'strict', blocks: [], stops: [], until: [] };

export function compilePattern(pattern: PatternSpec): Nfa {
  return new Compiler(pattern).compile();
}

class Compiler {
  readonly #pattern: PatternSpec;
  readonly #names: readonly string[];
  readonly #drafts: Draft[] = [];

  constructor(pattern: PatternSpec) {
    this.#pattern = pattern;
    this.#names = namesOf(pattern.steps);
  }

  compile(): Nfa {
    const complete = this.#draft({ end: 'complete' });
    const first = this.#sequence(this.#pattern.steps, complete, OUTSIDE);
    const states = this.#drafts.map((draft) => stateOf(draft));
    const { withinMs } = this.#pattern;
    return reachable({ steps: this.#names, states, withinMs: withinMs ?? Infinity }, first.id);
  }

  #draft(parts: Partial<Omit<Draft, 'id'>>): Draft {
    const draft: Draft = {
      id: this.#drafts.length,
      waits: [],
      proceeds: [],
      stops: [],
      gapMs: Infinity,
      end: null,
      ...parts,
    };
    this.#drafts.push(draft);
    return draft;
  }

  /** Steps one after the other, in front of what follows them. */
  #sequence(steps: readonly StepSpec[], follows: Draft, around: Around): Draft {
    let next = follows;
    let freed: Draft | null = null;
    for (let s = steps.length - 1; s >= 0; s--) {
      const step = steps[s]!;
      if (step.isNegative) {
        next = this.#negative(step, next, s === steps.length - 1);
        freed = freed && this.#negative(step, freed, false);
        continue;
      }
      const before = {
        contiguity: s === 0 ? around.contiguity : step.contiguity,
        blocks: s === 0 ? around.blocks : blocksBefore(steps, s),
        stops: [...(s === 0 ? around.stops : []), ...stopsBefore(steps, s)],
        until: around.until,
      };
      const behind: Follows = { next, freed };
      const stops = stopsBehind(steps[s + 1]);
      next = this.#step(step, behind, before, stops);
      freed = isEndedGreedy(positiveBefore(steps, s))
        ? this.#step(step, behind, { ...before, blocks: [] }, stops)
        : null;
    }
    return next;
  }

  /** notFollowedBy in front of a step is in its states; here are the others. */
  #negative(step: StepSpec, next: Draft, isLast: boolean): Draft {
    const stops = [conditionOf(step)];
    const gapMs = step.gapMs ?? Infinity;
    if (step.contiguity === 'strict') {
      const draft = this.#draft({ stops, gapMs, ...(isLast ? {} : { proceeds: [always(next)] }) });
      if (isLast) draft.waits.push(passing(DONE));
      return draft;
    }
    if (!isLast) return next;
    const draft = this.#draft({ stops, gapMs, end: 'atEnd' });
    draft.waits.push(passing(draft.id));
    return draft;
  }

  /** `stops` are those of a notFollowedBy behind: they hold between the rounds too. */
  #step(step: StepSpec, follows: Follows, before: Around, stops: readonly number[]): Draft {
    const gapMs = step.gapMs ?? Infinity;
    const until = step.until === null ? before.until : [...before.until, step.until];
    const again: Place = {
      contiguity: step.inner,
      blocks: [],
      stops,
      until,
      refuses: [],
      gapMs,
    };
    const first: Place =
      step.of.kind === 'group' || step.until === null
        ? { ...before, until, refuses: [], gapMs }
        : { ...before, refuses: [step.until], gapMs };
    const exits = exitsOf(step, follows);
    let { next } = follows;
    const { min, max } = step;
    if (max === null) {
      const loop = this.#draft({ proceeds: [], stops, gapMs });
      loop.proceeds.push(always(this.#round(step, loop, again)), ...exits);
      next = loop;
    } else {
      for (let n = min; n < max; n++) next = this.#orNot(this.#round(step, next, again), exits);
    }
    for (let n = 1; n < min; n++) next = this.#round(step, next, again);
    const entry = this.#round(step, next, first);
    return step.isOptional ? this.#orNot(entry, exits) : entry;
  }

  #orNot(entry: Draft, exits: readonly Proceed[]): Draft {
    return this.#draft({ proceeds: [always(entry), ...exits], gapMs: entry.gapMs });
  }

  #round(step: StepSpec, next: Draft, place: Place): Draft {
    if (step.of.kind === 'group') return this.#sequence(step.of.steps, next, place);
    const draft = this.#draft({ stops: place.stops, gapMs: place.gapMs });
    draft.waits.push({
      step: this.#names.indexOf(step.name),
      condition: step.of.condition,
      contiguity: place.contiguity,
      until: place.until,
      refuses: place.refuses,
      needs: [],
      blocks: place.blocks,
      taken: next.id,
      ignored: draft.id,
    });
    return draft;
  }
}

function always(to: Draft): Proceed {
  return { to, on: null, notOn: null };
}

/** Out of a step, behind enough of its records. */
function exitsOf({ until }: StepSpec, { next, freed }: Follows): Proceed[] {
  if (until === null || freed === null) return [always(next)];
  return [
    { to: next, on: null, notOn: until },
    { to: freed, on: until, notOn: null },
  ];
}

/** A wait that takes nothing. */
function passing(ignored: number): Wait {
  return {
    step: NO_STEP,
    condition: NO_STEP,
    contiguity: 'any',
    until: [],
    refuses: [],
    needs: [],
    blocks: [],
    taken: DONE,
    ignored,
  };
}

function conditionOf({ of }: StepSpec): number {
  return must(of.kind === 'record' ? of.condition : null, 'a condition');
}

/** Records that a greedy step could take are not for the next one that takes any. */
function blocksBefore(steps: readonly StepSpec[], at: number): readonly number[] {
  const step = positiveBefore(steps, at);
  return isGreedy(step) ? [conditionOf(step!)] : [];
}

function positiveBefore(steps: readonly StepSpec[], at: number): StepSpec | undefined {
  return steps.slice(0, at).findLast(({ isNegative }) => !isNegative);
}

/** A step of so many records, and no more, has nothing to be greedy for. */
function isGreedy(step: StepSpec | undefined): boolean {
  return step?.isGreedy === true && step.min !== step.max;
}

function isEndedGreedy(step: StepSpec | undefined): boolean {
  return isGreedy(step) && step!.until !== null;
}

/** Of each notFollowedBy before a step, also behind other such steps and optional ones. */
function stopsBefore(steps: readonly StepSpec[], at: number): readonly number[] {
  const stops: number[] = [];
  for (let s = at - 1; s >= 0; s--) {
    const step = steps[s]!;
    if (step.isNegative) {
      if (step.contiguity === 'relaxed') stops.push(conditionOf(step));
    } else if (!step.isOptional) break;
  }
  return stops;
}

function stopsBehind(step: StepSpec | undefined): readonly number[] {
  return step?.isNegative && step.contiguity === 'relaxed' ? [conditionOf(step)] : [];
}

/** A draft with all that it proceeds to; a wait further on has the conditions on the way to it. */
function stateOf(draft: Draft): NfaState {
  const found = new Set<Draft>();
  const waits: Wait[] = [];
  const visit = (at: Draft, needs: readonly number[], until: readonly number[]): void => {
    if (found.has(at)) return;
    found.add(at);
    for (const wait of at.waits) waits.push({ ...wait, needs, until: [...wait.until, ...until] });
    for (const { to, on, notOn } of at.proceeds) {
      visit(to, on === null ? needs : [...needs, on], notOn === null ? until : [...until, notOn]);
    }
  };
  visit(draft, [], []);
  const all = [...found];
  return {
    waits,
    stops: [...new Set(all.flatMap(({ stops }) => stops))],
    isComplete: all.some(({ end }) => end === 'complete'),
    isCompleteAtEnd: all.some(({ end }) => end === 'atEnd'),
    gapMs: draft.gapMs,
  };
}

/** The states that a match can come to, the first one first. */
function reachable(nfa: Nfa, first: number): Nfa {
  const order = new Map<number, number>([[DONE, DONE]]);
  const found: number[] = [];
  const queue = [first];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    if (order.has(id)) continue;
    order.set(id, found.length);
    found.push(id);
    for (const { taken, ignored } of nfa.states[id]!.waits) queue.push(taken, ignored);
  }
  const states = found.map((id) => {
    const state = nfa.states[id]!;
    const waits = state.waits.map((wait) => ({
      ...wait,
      taken: order.get(wait.taken)!,
      ignored: order.get(wait.ignored)!,
    }));
    return { ...state, waits };
  });
  return { ...nfa, states };
}
