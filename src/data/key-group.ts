/**
 * Key groups: which subtask owns a key. Exactly Flink's arithmetic (KeyGroupRangeAssignment, MathUtils), so that
 * a key has the same group here and there:
 *
 *   hash of a key (key-hash.ts) → group = hash mod maxParallelism → subtask = floor(group * P / maxParallelism)
 *
 * Groups are the unit of rescale: a subtask owns a contiguous range, and the ranges of all subtasks cover every
 * group once. `hash` is always the murmured, non-negative hash.
 */
import { DEFAULT_MAX_PARALLELISM, MAX_PARALLELISM_LIMIT } from '../base/limits.ts';

/** The key groups of one subtask, both ends included. */
export type KeyGroupRange = { readonly first: number; readonly last: number };

export function keyGroupOf(hash: number, maxParallelism: number): number {
  return hash % maxParallelism;
}

export function subtaskOf(group: number, parallelism: number, maxParallelism: number): number {
  return Math.floor((group * parallelism) / maxParallelism);
}

/** The groups g with subtaskOf(g) === subtask; needs parallelism <= maxParallelism. */
export function keyGroupRange(
  subtask: number,
  parallelism: number,
  maxParallelism: number,
): KeyGroupRange {
  return {
    first: Math.ceil((subtask * maxParallelism) / parallelism),
    last: Math.floor(((subtask + 1) * maxParallelism - 1) / parallelism),
  };
}

/** The number of key groups when the user names none: a power of two above 1.5 times the parallelism. */
export function defaultMaxParallelism(parallelism: number): number {
  const roomy = parallelism + (parallelism >> 1);
  const power = 2 ** Math.ceil(Math.log2(roomy));
  return Math.min(Math.max(power, DEFAULT_MAX_PARALLELISM), MAX_PARALLELISM_LIMIT);
}
