/** Steps as they are built, before they are plain data: with the functions of the user in them. */
import { EngineError } from '../../base/errors.ts';
import { aPlainFunction, someText, wrong } from '../../base/options.ts';
import type { Condition, Contiguity } from '../../operator/cep/pattern-spec.ts';

/** A step as it is built: conditions are functions still. */
export type StepDraft = {
  readonly name: string;
  readonly contiguity: Contiguity;
  readonly isNegative: boolean;
  readonly of: Condition | readonly StepDraft[];
  /** Null until one is given. */
  readonly times: { readonly min: number; readonly max: number | null } | null;
  readonly isOptional: boolean;
  readonly isGreedy: boolean;
  readonly inner: Contiguity;
  readonly until: Condition | null;
  readonly gapMs: number | null;
};

export type PatternDraft = {
  readonly steps: readonly StepDraft[];
  readonly withinMs: number | null;
};

/** A step; `group` is what `of` is when it is a pattern. EngineError JOB_DEFINITION for what is no condition. */
export function stepOf(
  what: string,
  name: string,
  of: unknown,
  contiguity: Contiguity,
  group: PatternDraft | null,
): StepDraft {
  someText(`${what}: the name`, name);
  const isNegative = what.startsWith('not');
  return {
    name,
    contiguity,
    isNegative,
    of: group === null || isNegative ? conditionOf(what, of) : groupOf(name, group),
    times: null,
    isOptional: false,
    isGreedy: false,
    inner: 'relaxed',
    until: null,
    gapMs: null,
  };
}

function groupOf(name: string, { steps, withinMs }: PatternDraft): readonly StepDraft[] {
  if (withinMs !== null) {
    throw refused(`group '${name}'`, 'has no time of its own: give within to the whole pattern');
  }
  if (steps.at(-1)!.isNegative) {
    throw refused(
      `group '${name}'`,
      'does not end in what must not come: put that behind the group',
    );
  }
  return steps;
}

function conditionOf(what: string, of: unknown): Condition {
  const allowed = what.startsWith('not') ? 'is a function' : 'is a function, or a pattern';
  if (typeof of !== 'function') throw wrong(`${what}: the condition`, allowed, of);
  aPlainFunction(`${what}: the condition`, of);
  return of as Condition;
}

export function refused(what: string, why: string): EngineError {
  return new EngineError('JOB_DEFINITION', `${what}: ${why}`);
}
