/** Checks of parsed JSON; each error names the place within it, such as `operators[0].states[1].name`. */
import { EngineError } from '../base/errors.ts';
import type { PlainData } from '../operator/source.ts';

/** What was parsed, and how one gets there. */
export type Place = { readonly value: unknown; readonly path: string };

/** The property of an object. */
export function property(object: Place, name: string): Place {
  const { value, path } = object;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(object, 'an object');
  }
  const found = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  return { value: found, path: path === '' ? name : `${path}.${name}` };
}

export function text(place: Place): string {
  if (typeof place.value !== 'string') throw wrong(place, 'a string');
  return place.value;
}

export function flag(place: Place): boolean {
  if (typeof place.value !== 'boolean') throw wrong(place, 'true or false');
  return place.value;
}

/** A whole number from `least` on. */
export function whole(place: Place, least = 0): number {
  const { value } = place;
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw wrong(place, `a whole number of at least ${least}`);
  }
  return value as number;
}

/** Any number that JSON has. */
export function finite(place: Place): number {
  if (typeof place.value !== 'number') throw wrong(place, 'a number');
  return place.value;
}

export function nullOr<T>(place: Place, read: (place: Place) => T): T | null {
  return place.value === null ? null : read(place);
}

/** Milliseconds since 1970 that a Date can hold. */
export function time(place: Place): number {
  const value = whole(place);
  if (Number.isNaN(new Date(value).getTime())) throw wrong(place, 'a time');
  return value;
}

export function choice<T extends string | number>(place: Place, choices: readonly T[]): T {
  const found = choices.find((one) => one === place.value);
  if (found === undefined) throw wrong(place, `one of ${choices.join(', ')}`);
  return found;
}

export function list<T>(place: Place, item: (place: Place) => T): readonly T[] {
  const { value, path } = place;
  if (!Array.isArray(value)) throw wrong(place, 'a list');
  return Object.freeze(value.map((one, i) => item({ value: one, path: `${path}[${i}]` })));
}

/** What JSON gives is plain data, unless it is not there. */
export function plain(place: Place): PlainData {
  if (place.value === undefined) throw wrong(place, 'a value');
  return place.value as PlainData;
}

export function wrong({ value, path }: Place, expected: string): EngineError {
  const found = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
  const place = path === '' ? 'the manifest' : path;
  return new EngineError('CHECKPOINT_DAMAGED', `${place} is not ${expected}, but ${found}`);
}
