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
  readonly proceeds: Draft[];
  readonly stops: readonly number[];
  readonly gapMs: number;
  readonly end: 'complete' | 'atEnd' | null;
};

/** What is around a sequence of steps. */
type Around = {
  readonly contiguity: Contiguity;
  readonly blocks: readonly number[];
  readonly stops: readonly number[];
  readonly until: readonly number[];
};

/** How a step takes its record, in one place of it. */
type Place = Around & { readonly gapMs: number };

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
    for (let s = steps.length - 1; s >= 0; s--) {
      const step = steps[s]!;
      if (step.isNegative) {
        next = this.#negative(step, next, s === steps.length - 1);
        continue;
      }
      const before = {
        contiguity: s === 0 ? around.contiguity : step.contiguity,
        blocks: s === 0 ? around.blocks : blocksBefore(steps, s),
        stops: [...(s === 0 ? around.stops : []), ...stopsBefore(steps, s)],
        until: around.until,
      };
      next = this.#step(step, next, before, stopsBehind(steps[s + 1]));
    }
    return next;
  }

  /** notFollowedBy in front of a step is in its states; here are the others. */
  #negative(step: StepSpec, next: Draft, isLast: boolean): Draft {
    const stops = [conditionOf(step)];
    const gapMs = step.gapMs ?? Infinity;
    if (step.contiguity === 'strict') {
      const draft = this.#draft({ stops, gapMs, ...(isLast ? {} : { proceeds: [next] }) });
      if (isLast) draft.waits.push(passing(DONE));
      return draft;
    }
    if (!isLast) return next;
    const draft = this.#draft({ stops, gapMs, end: 'atEnd' });
    draft.waits.push(passing(draft.id));
    return draft;
  }

  /** `stops` are those of a notFollowedBy behind: they hold between the rounds too. */
  #step(step: StepSpec, follows: Draft, before: Around, stops: readonly number[]): Draft {
    const gapMs = step.gapMs ?? Infinity;
    const until = step.until === null ? before.until : [...before.until, step.until];
    const first: Place = { ...before, until, gapMs };
    const again: Place = { contiguity: step.inner, blocks: [], stops, until, gapMs };
    let next = follows;
    const { min, max } = step;
    if (max === null) {
      const loop = this.#draft({ proceeds: [], stops, gapMs });
      loop.proceeds.push(this.#round(step, loop, again), follows);
      next = loop;
    } else {
      for (let n = min; n < max; n++) next = this.#orNot(this.#round(step, next, again), follows);
    }
    for (let n = 1; n < min; n++) next = this.#round(step, next, again);
    const entry = this.#round(step, next, first);
    return step.isOptional ? this.#orNot(entry, follows) : entry;
  }

  #orNot(entry: Draft, follows: Draft): Draft {
    return this.#draft({ proceeds: [entry, follows], gapMs: entry.gapMs });
  }

  #round(step: StepSpec, next: Draft, place: Place): Draft {
    if (step.of.kind === 'group') return this.#sequence(step.of.steps, next, place);
    const draft = this.#draft({ stops: place.stops, gapMs: place.gapMs });
    draft.waits.push({
      step: this.#names.indexOf(step.name),
      condition: step.of.condition,
      contiguity: place.contiguity,
      until: place.until,
      blocks: place.blocks,
      taken: next.id,
      ignored: draft.id,
    });
    return draft;
  }
}

/** A wait that takes nothing. */
function passing(ignored: number): Wait {
  return {
    step: NO_STEP,
    condition: NO_STEP,
    contiguity: 'any',
    until: [],
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
  const step = steps.slice(0, at).findLast(({ isNegative }) => !isNegative);
  return step?.isGreedy ? [conditionOf(step)] : [];
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

/** A draft with all that it proceeds to. */
function stateOf(draft: Draft): NfaState {
  const found = new Set<Draft>();
  const visit = (at: Draft): void => {
    if (found.has(at)) return;
    found.add(at);
    at.proceeds.forEach(visit);
  };
  visit(draft);
  const all = [...found];
  return {
    waits: all.flatMap(({ waits }) => waits),
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
