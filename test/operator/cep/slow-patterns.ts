/**
 * Matches by trying everything: a pattern is all the lists of records that its optional steps and repetitions allow, each
 * element with what may lie between it and the one before; a match is a list whose elements are found in the input.
 */
import type {
  Condition,
  Contiguity,
  PatternSpec,
  SkipSpec,
  StepSpec,
} from '../../../src/operator/cep/pattern-spec.ts';

export type Event = { readonly v: string; readonly n: number; readonly time: number };

type Element = {
  readonly step: string;
  readonly condition: number;
  readonly contiguity: Contiguity;
  /** None of these holds for a record from the element before, without it, up to this one. */
  readonly never: readonly number[];
  /** None of these holds for its record. */
  readonly refuses: readonly number[];
  /** This one does not hold where `never` must not, of the greedy step before; unless the record right behind the element before ends that step. */
  readonly greedy: { readonly condition: number; readonly until: number | null } | null;
  /** None of these holds for the record right behind the element before. */
  readonly notNext: readonly number[];
  readonly gapMs: number;
};

/** What comes behind the last element: nothing, or something that must not. */
type Plan = { readonly elements: readonly Element[]; readonly last: StepSpec | null };

export type SlowMatch = {
  readonly rows: Readonly<Record<string, readonly number[]>>;
  readonly places: readonly number[];
  readonly steps: readonly string[];
};

const numberOf = ({ of }: StepSpec): number => (of.kind === 'record' ? of.condition : -1);

/** Stops that hold as soon as a repeated step may be over. */
function exitStops(steps: readonly StepSpec[], s: number): readonly number[] {
  const stops: number[] = [];
  for (let j = s + 1; j < steps.length; j++) {
    const step = steps[j]!;
    if (step.isNegative) stops.push(numberOf(step));
    else {
      stops.push(...stopsBefore(steps, j));
      if (!step.isOptional) break;
    }
  }
  return stops;
}

function stopsBefore(steps: readonly StepSpec[], s: number): readonly number[] {
  const before = steps.slice(0, s).reverse();
  const end = before.findIndex((step) => !step.isNegative && !step.isOptional);
  return before
    .slice(0, end < 0 ? before.length : end)
    .filter((step) => step.isNegative && step.contiguity === 'relaxed')
    .map(numberOf);
}

type Head = Pick<Element, 'contiguity' | 'never' | 'greedy'>;

/** A list so far, and what must not come right behind it. */
type Begun = { readonly elements: readonly Element[]; readonly notNext: readonly number[] };

/** All lists that a sequence of steps allows, with at most so many elements each. */
function plansOf(steps: readonly StepSpec[], limit: number, head: Head): Element[][] {
  let plans: Begun[] = [{ elements: [], notNext: [] }];
  steps.forEach((step, s) => {
    if (step.isNegative) {
      if (step.contiguity === 'relaxed') return;
      plans = plans.map((plan) => ({ ...plan, notNext: [...plan.notNext, numberOf(step)] }));
      return;
    }
    const previous = steps.slice(0, s).findLast(({ isNegative }) => !isNegative);
    const first: Head = {
      contiguity: s === 0 ? head.contiguity : step.contiguity,
      never: [...(s === 0 ? head.never : []), ...stopsBefore(steps, s)],
      greedy: s === 0 ? head.greedy : greedyOf(previous),
    };
    const rounds = roundsOf(steps, s, limit, first);
    plans = plans
      .flatMap((plan) => rounds.map((round) => joined(plan, round)))
      .filter(({ elements }) => elements.length <= limit);
  });
  return plans.map(({ elements }) => [...elements]);
}

function greedyOf(step: StepSpec | undefined): Element['greedy'] {
  if (step?.isGreedy !== true || step.min === step.max) return null;
  return { condition: numberOf(step), until: step.until };
}

function joined(plan: Begun, [first, ...rest]: readonly Element[]): Begun {
  if (first === undefined) return plan;
  const notNext = [...first.notNext, ...plan.notNext];
  return { elements: [...plan.elements, { ...first, notNext }, ...rest], notNext: [] };
}

function roundsOf(steps: readonly StepSpec[], s: number, limit: number, first: Head): Element[][] {
  const step = steps[s]!;
  const behind = steps[s + 1];
  const until = step.until === null ? [] : [step.until];
  const inner =
    behind?.isNegative && behind.contiguity === 'relaxed' && step.of.kind === 'record'
      ? [numberOf(behind)]
      : [];
  const found: Element[][] = step.isOptional ? [[]] : [];
  let plans: Element[][] = [[]];
  for (let round = 1; round <= (step.max ?? limit) && plans.length > 0; round++) {
    const head: Head =
      round === 1
        ? { ...first, never: [...first.never, ...(step.of.kind === 'group' ? until : [])] }
        : { contiguity: step.inner, never: [...inner, ...until], greedy: null };
    const exits = round > step.min ? exitStops(steps, s) : [];
    const one: Element[][] =
      step.of.kind === 'group'
        ? plansOf(step.of.steps, limit, head).map((plan) =>
            plan.map((element) => ({ ...element, never: [...element.never, ...until] })),
          )
        : [
            [
              {
                ...head,
                refuses: round === 1 ? until : [],
                step: step.name,
                condition: numberOf(step),
                notNext: exits,
                gapMs: step.gapMs ?? Infinity,
              },
            ],
          ];
    plans = plans.flatMap((plan) => one.map((more) => [...plan, ...more]));
    plans = plans.filter(({ length }) => length <= limit);
    if (round >= step.min) found.push(...plans);
  }
  return found;
}

export class SlowPattern {
  readonly #pattern: PatternSpec;
  readonly #conditions: readonly Condition[];
  readonly #events: readonly Event[];
  readonly #plans: readonly Plan[];

  constructor(pattern: PatternSpec, conditions: readonly Condition[], events: readonly Event[]) {
    this.#pattern = pattern;
    this.#conditions = conditions;
    this.#events = events;
    const last = pattern.steps.at(-1)!;
    // One element more than there are records: something may be waited for at the end.
    const elements = plansOf(pattern.steps, events.length + 1, {
      contiguity: 'strict',
      never: [],
      greedy: null,
    });
    this.#plans = elements
      .filter(({ length }) => length > 0)
      .map((plan) => ({ elements: plan, last: last.isNegative ? last : null }));
  }

  #holds(condition: number, at: number, plan: Plan, places: readonly number[]): boolean {
    const matched = (name: string): Event[] =>
      places.filter((_, e) => plan.elements[e]!.step === name).map((place) => this.#events[place]!);
    const event = this.#events[at]!;
    return this.#conditions[condition]!(event, { matched, timestamp: event.time });
  }

  get #withinMs(): number {
    return this.#pattern.withinMs ?? Infinity;
  }

  /** Matches by when they are found: at record k in 2k + 1, by the time that is over before record k in 2k. */
  matches(): SlowMatch[][] {
    const found: SlowMatch[][] = Array.from({ length: this.#events.length * 2 + 1 }, () => []);
    for (const plan of this.#plans) {
      const names = plan.elements.map(({ step }) => step);
      this.#walk(plan, [], (places, at) => {
        const rows: Record<string, number[]> = {};
        places.forEach((place, e) => {
          rows[names[e]!] = [...(rows[names[e]!] ?? []), place];
        });
        found[at]!.push({ rows, places, steps: names });
      });
    }
    return found;
  }

  #walk(
    plan: Plan,
    places: readonly number[],
    onMatch: (places: readonly number[], at: number) => void,
  ): void {
    if (places.length === plan.elements.length) {
      const at = this.#completedAt(plan, places);
      if (at !== null) onMatch(places, at);
      return;
    }
    for (let place = (places.at(-1) ?? -1) + 1; place < this.#events.length; place++) {
      if (this.#fits(plan, places, place)) this.#walk(plan, [...places, place], onMatch);
    }
  }

  #completedAt({ last, elements }: Plan, places: readonly number[]): number | null {
    const end = places.at(-1)!;
    if (last === null) return end * 2 + 1;
    const plan = { last, elements };
    const number = numberOf(last);
    if (last.contiguity === 'strict') {
      const next = end + 1;
      const isThere = next < this.#events.length && this.#isInTime(places, next, Infinity);
      return isThere && !this.#holds(number, next, plan, places) ? next * 2 + 1 : null;
    }
    for (let at = end + 1; at < this.#events.length; at++) {
      if (!this.#isInTime(places, at, Infinity)) return at * 2;
      if (this.#holds(number, at, plan, places)) return null;
    }
    return this.#events.length * 2;
  }

  #isInTime(places: readonly number[], at: number, gapMs: number): boolean {
    if (places.length === 0) return true;
    const time = this.#events[at]!.time;
    const [first, last] = [this.#events[places[0]!]!, this.#events[places.at(-1)!]!];
    return time - first.time < this.#withinMs && time - last.time < gapMs;
  }

  /** Whether the next element may be the record of this place. */
  #fits(plan: Plan, places: readonly number[], place: number): boolean {
    const element = plan.elements[places.length]!;
    return (
      this.#waits(plan, places, place - 1) &&
      this.#isInTime(places, place, element.gapMs) &&
      !this.#isForbidden(plan, places, place) &&
      this.#holds(element.condition, place, plan, places) &&
      !element.refuses.some((condition) => this.#holds(condition, place, plan, places))
    );
  }

  #isForbidden(plan: Plan, places: readonly number[], at: number): boolean {
    const { never, notNext, greedy } = plan.elements[places.length]!;
    const behind = places.length > 0 ? places.at(-1)! + 1 : at;
    const isNext = places.length > 0 && at === behind;
    const isFreed =
      greedy === null || (greedy.until !== null && this.#holds(greedy.until, behind, plan, places));
    const forGreedy = isFreed ? [] : [greedy.condition];
    return [...never, ...forGreedy, ...(isNext ? notNext : [])].some((condition) =>
      this.#holds(condition, at, plan, places),
    );
  }

  /** Whether the next element is still waited for behind the record of a place. */
  #waits(plan: Plan, places: readonly number[], to: number): boolean {
    const { contiguity, condition, gapMs } = plan.elements[places.length]!;
    if (places.length === 0) return true;
    for (let at = places.at(-1)! + 1; at <= to; at++) {
      if (contiguity === 'strict' || !this.#isInTime(places, at, gapMs)) return false;
      if (this.#isForbidden(plan, places, at)) return false;
      if (contiguity === 'relaxed' && this.#holds(condition, at, plan, places)) return false;
    }
    return true;
  }

  /** First records of all that is begun and not over behind the record of a place. */
  begun(to: number): Set<number> {
    const starts = new Set<number>();
    for (const plan of this.#plans) this.#begun(plan, [], to, starts);
    return starts;
  }

  #begun(plan: Plan, places: readonly number[], to: number, starts: Set<number>): void {
    if (places.length === plan.elements.length) {
      if (this.#waitsForEnd(plan, places, to)) starts.add(places[0]!);
      return;
    }
    if (places.length > 0 && this.#waits(plan, places, to)) starts.add(places[0]!);
    for (let place = (places.at(-1) ?? -1) + 1; place <= to; place++) {
      if (this.#fits(plan, places, place)) this.#begun(plan, [...places, place], to, starts);
    }
  }

  #waitsForEnd(plan: Plan, places: readonly number[], to: number): boolean {
    const { last } = plan;
    if (last === null) return false;
    const end = places.at(-1)!;
    if (last.contiguity === 'strict') return end === to;
    for (let at = end + 1; at <= to; at++) {
      if (!this.#isInTime(places, at, Infinity)) return false;
      if (this.#holds(numberOf(last), at, plan, places)) return false;
    }
    return true;
  }

  /** The same at a moment as in `matches`; for patterns whose steps have no time of their own. */
  begunAt(moment: number): Set<number> {
    const to = (moment >> 1) - ((moment + 1) & 1);
    const time = this.#events[moment >> 1]?.time ?? Infinity;
    const isLeft = (start: number): boolean => time - this.#events[start]!.time < this.#withinMs;
    return new Set([...this.begun(to)].filter(isLeft));
  }
}

/** Matches that are left by a skip strategy, of all in the order in which they are found. */
export function skipped(
  found: readonly (readonly SlowMatch[])[],
  begunBehind: (event: number) => ReadonlySet<number>,
  skip: SkipSpec,
): SlowMatch[] {
  let from = 0;
  let held: SlowMatch[] = [];
  const kept: SlowMatch[] = [];
  found.forEach((matches, event) => {
    const begun = [...begunBehind(event)];
    held = [...held, ...matches]
      .filter(({ places }) => places[0]! >= from)
      .sort((a, b) => a.places[0]! - b.places[0]!);
    for (let match = held.shift(); match !== undefined; match = held.shift()) {
      const start = match.places[0]!;
      if (begun.some((other) => other >= from && other < start)) {
        held.unshift(match);
        return;
      }
      kept.push(match);
      from = Math.max(from, firstKept(match, skip));
      held = held.filter(({ places }) => places[0]! >= from);
    }
  });
  return kept;
}

function firstKept({ places, steps }: SlowMatch, skip: SkipSpec): number {
  switch (skip.kind) {
    case 'none':
      return 0;
    case 'toNext':
      return places[0]! + 1;
    case 'pastLast':
      return places.at(-1)! + 1;
    default: {
      const of = places.filter((_, e) => steps[e] === skip.step);
      return (skip.kind === 'toFirst' ? of[0] : of.at(-1)) ?? 0;
    }
  }
}
