/** Matches that wait for a run which began before them: what a record costs does not grow with how many they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../src/operator/cep/compile-pattern.ts';
import { Matcher } from '../../../src/operator/cep/matcher.ts';
import type { SkipSpec, StepSpec } from '../../../src/operator/cep/pattern-spec.ts';
import { type HeldMatch, type KeyRuns, noRuns } from '../../../src/operator/cep/runs.ts';

type Row = { readonly v: 'a' | 'b'; readonly n: number };

const step = (name: string, condition: number): StepSpec => ({
  name,
  contiguity: condition === 0 ? 'strict' : 'relaxed',
  isNegative: false,
  of: { kind: 'record', condition },
  min: 1,
  max: 1,
  isOptional: false,
  isGreedy: false,
  inner: 'relaxed',
  until: null,
  gapMs: null,
});

const NFA = compilePattern({ steps: [step('a', 0), step('b', 1)], withinMs: null });

function matcherOf(skip: SkipSpec, found: number[]): Matcher {
  return new Matcher(
    NFA,
    [
      (row) => (row as Row).v === 'a',
      (row, ctx) => (row as Row).v === 'b' && (row as Row).n === (ctx.matched('a')[0] as Row).n,
    ],
    skip,
    { match: ({ a }) => found.push((a![0] as Row).n), timedOut: null },
  );
}

const HELD = 4000;

/** A run that began first, and matches that wait for it; `looks` counts how often one is asked where it began. */
function held(matcher: Matcher): { readonly key: KeyRuns; looks: number } {
  const counted = { key: noRuns(), looks: 0 };
  const { key } = counted;
  matcher.take(key, { v: 'a', n: -1 }, 0, true);
  for (let n = 0; n < HELD; n++) {
    const start = key.nextPlace++;
    const node = { row: { v: 'a', n }, place: start, step: 0, previous: null };
    const match: HeldMatch = {
      node,
      time: 0,
      get start() {
        counted.looks++;
        return start;
      },
    };
    key.held.push(match);
  }
  return counted;
}

for (const kind of ['toNext', 'pastLast'] as const) {
  test(`a record looks at few of the matches that wait, ${kind}`, () => {
    const found: number[] = [];
    const matcher = matcherOf({ kind }, found);
    const counted = held(matcher);
    for (let n = 0; n < 100; n++) {
      matcher.take(counted.key, { v: 'a', n: HELD + n }, 0, true);
      matcher.take(counted.key, { v: 'b', n: HELD + n }, 0, true);
    }
    assert.deepEqual(found, [], 'all wait');
    assert.ok(counted.looks < HELD, `${counted.looks} looks at ${HELD} matches`);
  });
}

test('all that have waited go at once, in the order of their beginnings', () => {
  const found: number[] = [];
  const matcher = matcherOf({ kind: 'toNext' }, found);
  const counted = held(matcher);
  matcher.take(counted.key, { v: 'b', n: -1 }, 0, true);
  assert.deepEqual(
    found,
    Array.from({ length: HELD + 1 }, (_, n) => n - 1),
  );
  assert.deepEqual(counted.key.held, []);
  assert.ok(counted.looks < HELD * 10, `${counted.looks} looks at ${HELD} matches`);
});

test('matches that end in the reverse order wait in that of their beginnings', () => {
  const found: number[] = [];
  const matcher = matcherOf({ kind: 'toNext' }, found);
  const key = noRuns();
  for (let n = 0; n < 20; n++) matcher.take(key, { v: 'a', n }, 0, true);
  for (let n = 19; n > 0; n--) matcher.take(key, { v: 'b', n }, 0, true);
  assert.deepEqual(found, []);
  matcher.take(key, { v: 'b', n: 0 }, 0, true);
  assert.deepEqual(
    found,
    Array.from({ length: 20 }, (_, n) => n),
  );
  assert.deepEqual([key.runs.length, key.held.length], [0, 0]);
});
