/**
 * State that expires by a clock that no result may depend on: beside it is what never expires, and what is read of the one must be
 * of the other. Where it is not, the job fails.
 */
import * as state from '../../../src/api/state.ts';
import { t } from '../../../src/data/schema.ts';

const max = (a: number, b: number): number => Math.max(a, b);

/** Of each kind one with a time to live, and all values that the key has had. */
export const expiring = (ttl: state.StateOptions['ttl'] & {}) => ({
  last: state.value(t.float64, { ttl }),
  some: state.list(t.float64, { ttl }),
  times: state.map(t.float64, t.int32, { ttl }),
  most: state.reducing(t.float64, max, { ttl }),
  all: state.list(t.float64),
});

type Handles = {
  readonly last: { get(): number | undefined; set(value: number): void };
  readonly some: { get(): Iterable<number>; add(value: number): void };
  readonly times: {
    entries(): Iterable<readonly [number, number]>;
    get(key: number): number | undefined;
    set(key: number, value: number): void;
  };
  readonly most: { get(): number | undefined; add(value: number): void };
  readonly all: { get(): Iterable<number>; add(value: number): void };
};

/** Checks what there is of a key, then adds a value to all of it. */
export function addExpiring({ last, some, times, most, all }: Handles, n: number): void {
  const had = [...all.get()];
  const isOf = (values: readonly number[]): boolean =>
    values.every((value) => count(values, value) <= count(had, value));
  check('value', [undefined, had.at(-1)].includes(last.get()));
  check('list', isOf([...some.get()]));
  const isCounted = ([value, n]: readonly [number, number]): boolean => n <= count(had, value);
  check('map', [...times.entries()].every(isCounted));
  const greatest = most.get();
  check('reducing', greatest === undefined || had.includes(greatest));
  last.set(n);
  some.add(n);
  times.set(n, (times.get(n) ?? 0) + 1);
  most.add(n);
  all.add(n);
  check('value, just set,', last.get() === n);
}

const count = (values: readonly number[], value: number): number =>
  values.filter((one) => one === value).length;

/** A timer that has been set, and fires once. */
export function takeDue(
  due: { has(at: number): boolean; delete(at: number): void },
  at: number,
): void {
  check(`timer of ${at}`, due.has(at));
  due.delete(at);
}

function check(what: string, isRight: boolean): void {
  if (!isRight) throw new Error(`the ${what} is not what it can be by all that has come`);
}
