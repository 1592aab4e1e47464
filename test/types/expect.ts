/** What the tests of types say: nothing of it runs. */
import type { Stream } from 'millrace';

/** Whether two types are the same, not just assignable to each other. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for `true`. */
export function expect<_T extends true>(): void {}

export type RowOfStream<S> = S extends Stream<infer Row> ? Row : never;
