/**
 * State as a user sees it: keyed state is always that of the key of the record, or timer, that is being processed.
 *
 * What `get` hands out of values that are objects is what the state holds, or a copy of it, as of records of numbers: to
 * change it is not enough, `set` it again. A record is kept as an object of its declared fields, made when it is set or added;
 * a value of any shape as it is.
 * Lists and maps are copied on their way out and in, their elements only on their way in, where they are records.
 */

/** One value a key. */
export interface ValueState<T, Absent = undefined> {
  /** The value; undefined, or the default where there is one, for a key that has none. */
  get(): T | Absent;
  set(value: T): void;
  /** Sets what the function makes of the value, and returns it: `count.update((n) => (n ?? 0) + 1)`. */
  update(fn: (value: T | Absent) => T): T;
  clear(): void;
}

/** A list a key. */
export interface ListState<T> {
  /** The elements in their order; none for a key that has none. */
  get(): T[];
  add(element: T): void;
  addAll(elements: Iterable<T>): void;
  /** Puts others in the place of all elements. */
  set(elements: Iterable<T>): void;
  clear(): void;
}

/** A map that may only be read, such as broadcast state beside the records of the other stream. */
export interface ReadonlyMapState<K, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  entries(): [K, V][];
  keys(): K[];
  values(): V[];
  readonly size: number;
  isEmpty(): boolean;
}

/** A map a key. Keys are compared as a Map does; Dates by their time. */
export interface MapState<K, V> extends ReadonlyMapState<K, V> {
  set(key: K, value: V): void;
  /** False when there was no such entry. */
  delete(key: K): boolean;
  clear(): void;
}

/** All values added so far, joined into one by a function. */
export interface ReducingState<T> {
  get(): T | undefined;
  add(value: T): void;
  clear(): void;
}

/** All values added so far, in an accumulator. */
export interface AggregatingState<In, Out> {
  get(): Out | undefined;
  add(value: In): void;
  clear(): void;
}
