/** The automaton of random patterns against trying everything, on short random inputs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Random } from '../../../src/base/random.ts';
import { compilePattern } from '../../../src/operator/cep/compile-pattern.ts';
import { Matcher } from '../../../src/operator/cep/matcher.ts';
import {
  type Condition,
  type ConditionContext,
  type Contiguity,
  namesOf,
  type PatternSpec,
  type SkipSpec,
  type StepSpec,
} from '../../../src/operator/cep/pattern-spec.ts';
import { noRuns, packRuns, unpackRuns } from '../../../src/operator/cep/runs.ts';
import { type Event, SlowPattern, skipped } from './slow-patterns.ts';

const CONTIGUITIES: readonly Contiguity[] = ['strict', 'relaxed', 'any'];

type Case = {
  readonly pattern: PatternSpec;
  readonly conditions: readonly Condition[];
  readonly events: readonly Event[];
};

class Cases {
  readonly #random: Random;
  #conditions: Condition[] = [];
  #names = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  #chance(part: number): boolean {
    return this.#random.float() < part;
  }

  next(hasGaps: boolean): Case {
    this.#conditions = [];
    this.#names = 0;
    const hasGroup = this.#chance(0.3);
    const steps = this.#steps(1 + this.#random.below(3), !hasGroup, hasGroup);
    const last = steps.at(-1)!;
    const endsInQuiet = last.isNegative && last.contiguity === 'relaxed';
    const withinMs = endsInQuiet || this.#chance(0.5) ? 2 + this.#random.below(8) : null;
    const gapped = hasGaps ? steps.map((step, s) => this.#gapped(step, steps[s - 1])) : steps;
    let time = 0;
    const events = Array.from({ length: 6 }, () => {
      time += this.#random.below(3);
      return { v: this.#random.pick(['a', 'b', 'c']), n: this.#random.below(4), time };
    });
    return { pattern: { steps: gapped, withinMs }, conditions: this.#conditions, events };
  }

  /** A step of one record behind another of one record. */
  #gapped(step: StepSpec, previous: StepSpec | undefined): StepSpec {
    const isPlain = (of: StepSpec | undefined): boolean =>
      of !== undefined &&
      of.of.kind === 'record' &&
      !of.isNegative &&
      !of.isOptional &&
      of.min === 1 &&
      of.max === 1;
    return isPlain(step) && isPlain(previous)
      ? { ...step, gapMs: 1 + this.#random.below(3) }
      : step;
  }

  #steps(count: number, mayForbid: boolean, mayGroup: boolean): StepSpec[] {
    const steps: StepSpec[] = [];
    for (let s = 0; s < count; s++) {
      const previous = steps.at(-1);
      if (mayForbid && previous !== undefined && !previous.isOptional && this.#chance(0.35)) {
        steps.push(this.#forbidden());
        if (s === count - 1 && this.#chance(0.5)) break;
      }
      steps.push(this.#step(steps.at(-1), mayGroup));
    }
    return steps;
  }

  #base(): StepSpec {
    return {
      name: `s${this.#names++}`,
      contiguity: this.#random.pick(CONTIGUITIES),
      isNegative: false,
      of: { kind: 'record', condition: this.#condition() },
      min: 1,
      max: 1,
      isOptional: false,
      isGreedy: false,
      inner: 'relaxed',
      until: null,
      gapMs: null,
    };
  }

  #forbidden(): StepSpec {
    const contiguity = this.#random.pick(['strict', 'relaxed'] as const);
    return { ...this.#base(), isNegative: true, contiguity };
  }

  #step(previous: StepSpec | undefined, mayGroup: boolean): StepSpec {
    const base = this.#base();
    const isGroup = mayGroup && this.#chance(0.4);
    const of = isGroup ? ({ kind: 'group', steps: this.#group() } as const) : base.of;
    const min = 1 + this.#random.below(2);
    const isRepeated = this.#chance(0.5);
    const max = this.#chance(0.5) ? null : min + this.#random.below(2);
    const inner = isRepeated ? this.#random.pick(CONTIGUITIES) : 'relaxed';
    return {
      ...base,
      of,
      ...(isRepeated ? { min, max } : {}),
      inner,
      isOptional: previous?.isGreedy !== true && !isGroup && this.#chance(0.25),
      isGreedy: isRepeated && !isGroup && inner !== 'any' && this.#chance(0.4),
      until: isRepeated && max === null && this.#chance(0.3) ? this.#condition() : null,
    };
  }

  /** Not all of it may be left out. */
  #group(): StepSpec[] {
    const steps = this.#steps(1 + this.#random.below(2), false, false);
    return steps.map((step, s) => (s === 0 ? { ...step, isOptional: false } : step));
  }

  #condition(): number {
    const { pick, below } = {
      pick: this.#random.pick.bind(this.#random),
      below: (n: number) => this.#random.below(n),
    };
    const values = pick(['a', 'b', 'c', 'ab', 'bc', 'ac']);
    const name = `s${below(3)}`;
    const simple = (row: Event): boolean => values.includes(row.v);
    const iterative = (row: Event, ctx: ConditionContext): boolean =>
      values.includes(row.v) && (ctx.matched(name) as Event[]).every(({ n }) => n <= row.n);
    return this.#conditions.push((this.#chance(0.3) ? iterative : simple) as Condition) - 1;
  }
}

type Found = {
  readonly rows: Readonly<Record<string, readonly number[]>>;
  readonly moment: number;
};

/** What the automaton finds, when; its runs are packed and unpacked between records. */
function foundBy({ pattern, conditions, events }: Case, skip: SkipSpec): Found[] {
  const found: Found[] = [];
  let moment = 0;
  const nfa = compilePattern(pattern);
  const matcher = new Matcher(nfa, conditions, skip, {
    match(match) {
      const rows: Record<string, number[]> = {};
      for (const [name, of] of Object.entries(match)) {
        if (of.length > 0) rows[name] = of.map((row) => events.indexOf(row as Event));
      }
      found.push({ rows, moment });
    },
    timedOut: null,
  });
  let key = noRuns();
  events.forEach((event, at) => {
    moment = at * 2;
    matcher.expire(key, event.time);
    moment++;
    matcher.take(key, event, event.time, true);
    key = unpackRuns(packRuns(key));
  });
  moment = events.length * 2;
  matcher.expire(key, Infinity);
  return found;
}

function textsOf(matches: readonly Pick<Found, 'rows'>[]): string[] {
  return matches.map(({ rows }) => JSON.stringify(Object.entries(rows).sort())).sort();
}

/** A condition may ask for a step that the pattern does not have: then it has no records. */
function withNames({ pattern, conditions, events }: Case): Case {
  const names = new Set(namesOf(pattern.steps));
  const asked = conditions.map(
    (condition): Condition =>
      condition.length === 1
        ? condition
        : (row, ctx) =>
            condition(row, {
              ...ctx,
              matched: (name) => (names.has(name) ? ctx.matched(name) : []),
            }),
  );
  return { pattern, conditions: asked, events };
}

const CASES = 3000;

for (const seed of [1, 2, 3]) {
  test(`${CASES} random patterns find what trying everything finds, seed ${seed}`, () => {
    const cases = new Cases(seed);
    let count = 0;
    for (let c = 0; c < CASES; c++) {
      const of = withNames(cases.next(c % 3 === 0));
      const expected = new SlowPattern(of.pattern, of.conditions, of.events).matches();
      const found = foundBy(of, { kind: 'none' });
      count += found.length;
      expected.forEach((matches, moment) => {
        const got = found.filter((match) => match.moment === moment);
        const note = `seed ${seed}, case ${c}, moment ${moment}: ${shown(of)}`;
        assert.deepEqual(textsOf(got), textsOf(matches), note);
      });
    }
    assert.ok(count > CASES, `${count} matches`);
  });

  test(`random skip strategies leave what they should, seed ${seed}`, () => {
    const cases = new Cases(seed + 100);
    const random = new Random(seed);
    let dropped = 0;
    for (let c = 0; c < CASES; c++) {
      const of = withNames(cases.next(false));
      const step = random.pick(namesOf(of.pattern.steps));
      const skip = random.pick<SkipSpec>([
        { kind: 'toNext' },
        { kind: 'pastLast' },
        { kind: 'toFirst', step },
        { kind: 'toLast', step },
      ]);
      const slow = new SlowPattern(of.pattern, of.conditions, of.events);
      const all = slow.matches().map((): Ordered[] => []);
      for (const { rows, moment } of foundBy(of, { kind: 'none' }))
        all[moment]!.push(ordered(rows));
      const expected = skipped(all, (moment) => slow.begunAt(moment), skip);
      const found = foundBy(of, skip);
      dropped += all.flat().length - found.length;
      assert.deepEqual(
        found.map(({ rows }) => rows),
        expected.map(({ rows }) => rows),
        `seed ${seed}, case ${c}, ${inspect(skip)}: ${shown(of)}`,
      );
    }
    assert.ok(dropped > CASES / 10, `${dropped} matches skipped`);
  });
}

type Ordered = { rows: Found['rows']; places: readonly number[]; steps: readonly string[] };

function ordered(rows: Found['rows']): Ordered {
  const taken = Object.entries(rows).flatMap(([name, places]) =>
    places.map((place) => ({ name, place })),
  );
  taken.sort((a, b) => a.place - b.place);
  return {
    rows,
    places: taken.map(({ place }) => place),
    steps: taken.map(({ name }) => name),
  };
}

function shown({ pattern, conditions, events }: Case): string {
  return inspect({ pattern, conditions: conditions.map(String), events }, { depth: 9 });
}
