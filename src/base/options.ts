/**
 * Checks of what users give to public functions in plain JavaScript, where no compiler has looked.
 *
 * The options of a function are a type, and beside it one list of rules, which the compiler keeps complete:
 *
 *   export type PaceOptions = { readonly rate?: number; readonly name?: string };
 *   const PACE_OPTIONS: OptionRules<PaceOptions> = { rate: aNumber, name: someText };
 *   checkOptions('pace', options, PACE_OPTIONS);
 */
import { inspect } from 'node:util';
import { EngineError } from './errors.ts';

/** Says what a value has to be, as an EngineError JOB_DEFINITION when it is not; `what` names it there. */
export type OptionRule = (what: string, value: unknown) => void;

/** A rule for each option; true for those that are checked where they are used. */
export type OptionRules<T> = Readonly<Record<keyof T, OptionRule | true>>;

/** Refuses options that `what` does not have, most of them typing mistakes, and values that break their rule. */
export function checkOptions<T extends object>(
  what: string,
  options: T,
  rules: OptionRules<T>,
): void {
  if (!isObject(options) || Array.isArray(options)) {
    throw wrong(`${what}: options`, 'are an object', options);
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) {
    const names = Object.keys(rules).join(', ');
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: unknown option '${unknown}'; there are: ${names}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = rules[name as keyof T];
    if (rule !== true && value !== undefined) rule(`${what}: ${name}`, value);
  }
}

/** The same for an object of functions, which may be one of a class that has names of its own beside them. */
export function checkFunctions<T extends object>(
  what: string,
  functions: T,
  rules: OptionRules<T>,
): void {
  const prototype = isObject(functions) ? Object.getPrototypeOf(functions) : null;
  if (prototype === null || prototype === Object.prototype) {
    checkOptions(what, functions, rules);
    return;
  }
  const names = Object.keys(rules);
  const known = Object.fromEntries(names.map((name) => [name, functions[name as keyof T]])) as T;
  checkOptions(what, known, rules);
  if (Object.values(known).every((value) => value === undefined)) {
    throw wrong(what, `has some of ${names.join(', ')}`, functions);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The value, which has to be one of a few. EngineError JOB_DEFINITION. */
export function oneOf<T extends string | boolean>(
  what: string,
  value: unknown,
  allowed: readonly T[],
): T {
  const found = allowed.find((choice) => choice === value);
  if (found !== undefined) return found;
  const choices = allowed.map((choice) => inspect(choice)).join(', ');
  throw wrong(what, `is one of ${choices}`, value);
}

/** One of a few values. */
export function choice(...allowed: readonly (string | boolean)[]): OptionRule {
  return (what, value) => void oneOf(what, value, allowed);
}

/** Text, which may be empty. */
export const text: OptionRule = (what, value) => {
  if (typeof value !== 'string') throw wrong(what, 'is a text', value);
};

/** Text that names something. */
export const someText: OptionRule = (what, value) => {
  if (typeof value !== 'string' || value.trim() === '') {
    throw wrong(what, 'is a text that is not empty', value);
  }
};

/** A number; of what range is checked where it is used. */
export const aNumber: OptionRule = (what, value) => {
  if (typeof value !== 'number') throw wrong(what, 'is a number', value);
};

/** A whole number from `least` on. */
export function wholeNumber(least: number): OptionRule {
  return (what, value) => {
    if (Number.isSafeInteger(value) && (value as number) >= least) return;
    throw wrong(
      what,
      least === -Infinity ? 'is a whole number' : `is a whole number, ${least} or more`,
      value,
    );
  };
}

/** A function. */
export const aFunction: OptionRule = (what, value) => {
  if (typeof value !== 'function') throw wrong(what, 'is a function', value);
};

/** What makes a state: a plain value would be shared by all that have one. */
export const aStateMaker: OptionRule = (what, value) => {
  if (typeof value === 'function') return aPlainFunction(what, value);
  throw wrong(what, 'is a function that makes it, such as () => ({ count: 0 })', value);
};

/** One whose answer is taken at once: promises would be results, and what it does later would be of another record. */
export const aPlainFunction: OptionRule = (what, value) => {
  aPlainOrGenerator(what, value);
  noGenerator(what, value);
};

/** Refuses a function whose answer would have to be asked for. */
export const noGenerator: OptionRule = (what, value) => {
  if (!isGenerator(value)) return;
  throw wrong(
    what,
    'is no generator, for nothing asks it for values here, so that it would not run',
    value,
  );
};

/** The same where the answer is an iterable. */
export const aPlainOrGenerator: OptionRule = (what, value) => {
  aFunction(what, value);
  if (isAsync(value)) throw wrong(what, 'is not async, for nothing waits for it here', value);
};

const isGenerator = (value: unknown): boolean =>
  typeof value === 'function' && value.constructor.name === 'GeneratorFunction';

const isAsync = (value: unknown): boolean =>
  typeof value === 'function' && /^Async(Generator)?Function$/.test(value.constructor.name);

/** Refuses what is no function, and one whose answer comes later, which `instead` takes. */
export function notAsync(what: string, fn: unknown, instead: string): void {
  aFunction(what, fn);
  if (isAsync(fn)) {
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: the function is async, and nothing waits for it here; take ${instead}`,
    );
  }
}

/** The error of a value that breaks a rule: 'csv: quote', 'is one character', the value. */
export function wrong(what: string, rule: string, value: unknown): EngineError {
  return new EngineError('JOB_DEFINITION', `${what} ${rule}, got ${shown(value)}`);
}

/** A value in an error: as much of it as tells what it is. */
function shown(value: unknown): string {
  return inspect(value, {
    depth: 1,
    breakLength: Infinity,
    maxArrayLength: 3,
    maxStringLength: 100,
  });
}
