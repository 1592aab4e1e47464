/** Joins: every record of one side beside every one of the other. */

import type { KeySpec } from '../../data/key.ts';
import type { Pair } from '../../data/key-pair.ts';
import type { GeneralJoinSpec } from '../../operator/join/general-join.ts';
import type { IntervalJoinSpec } from '../../operator/join/interval-join.ts';
import type { WindowJoinSpec } from '../../operator/join/window-join.ts';
import {
  type AnyFunction,
  byKey,
  functionAt,
  keyFunctions,
  type NaiveStep,
  type TimedRow,
  timeOf,
} from './records.ts';
import { pushedAndReturned } from './steps.ts';
import { alignedWindows, assign, checkFiresOnce, type NaiveWindow } from './windows.ts';

type Sides = { readonly lefts: readonly TimedRow[]; readonly rights: readonly TimedRow[] };

/** The records of both sides by key, and the function of the user. */
function sidesOf(
  keys: Pair<KeySpec>,
  { functions, inputs }: NaiveStep,
): { sides: readonly Sides[]; code: AnyFunction } {
  const [left, right] = keys.map((key, n) => {
    const before = n === 0 ? 0 : keyFunctions(keys[0]);
    return byKey(inputs[n]!, key, keyFunctions(key) > 0 ? functionAt(functions, before) : null);
  }) as [ReturnType<typeof byKey>, ReturnType<typeof byKey>];
  const sides = [...new Set([...left.keys(), ...right.keys()])].map((text) => ({
    lefts: left.get(text)?.rows ?? [],
    rights: right.get(text)?.rows ?? [],
  }));
  return { sides, code: functionAt(functions, keyFunctions(...keys)) };
}

export function intervalJoin(spec: IntervalJoinSpec, step: NaiveStep): TimedRow[] {
  const { sides, code } = sidesOf(spec.keys, step);
  const results: TimedRow[] = [];
  for (const { lefts, rights } of sides) {
    for (const left of lefts) {
      for (const right of rights) {
        const [leftTimestamp, rightTimestamp] = [timeOf(left), timeOf(right)];
        const apart = rightTimestamp - leftTimestamp;
        if (apart < spec.lowerMs || apart > spec.upperMs) continue;
        if (spec.excludesLower && apart === spec.lowerMs) continue;
        if (spec.excludesUpper && apart === spec.upperMs) continue;
        const timestamp = Math.max(leftTimestamp, rightTimestamp);
        const emit = (row: unknown): void => void results.push({ row, time: timestamp });
        const besides = step.contextAt(timestamp);
        const context = { leftTimestamp, rightTimestamp, timestamp, emit, ...besides };
        const row = code(left.row, right.row, context);
        if (spec.gives === 'row') emit(row);
      }
    }
  }
  return results;
}

export function windowJoin({ keys, window, takes }: WindowJoinSpec, step: NaiveStep): TimedRow[] {
  const { sides, code } = sidesOf(keys, step);
  return sides.flatMap(({ lefts, rights }) => {
    const ofLeft = alignedWindows(window, lefts);
    const ofRight = alignedWindows(window, rights);
    const ends = new Set([...ofLeft, ...ofRight].map(({ end }) => end));
    return [...ends].flatMap((end) => {
      const made = madeOf(takes, code, rowsOf(ofLeft, end), rowsOf(ofRight, end));
      return made.map((row) => ({ row, time: end - 1 }));
    });
  });
}

/** Windows that fire once, when they are over. */
export function generalJoin({ keys, window }: GeneralJoinSpec, step: NaiveStep): TimedRow[] {
  checkFiresOnce(window);
  const takes = window.work.kind === 'joined' ? window.work.takes : 'pairs';
  const { sides, code } = sidesOf(keys, step);
  return sides.flatMap(({ lefts, rights }) => {
    // The order of a side has to be sure where it matters, that of both never does.
    for (const side of [lefts, rights]) assign(window, step.functions, side, takes === 'groups');
    const tagged = [
      ...lefts.map((record) => ({ ...record, isLeft: true })),
      ...rights.map((record) => ({ ...record, isLeft: false })),
    ];
    return assign(window, step.functions, tagged, false).flatMap(({ end, rows }) => {
      const of = (isLeft: boolean): unknown[] =>
        (rows as typeof tagged).filter((one) => one.isLeft === isLeft).map(({ row }) => row);
      const time = end === Infinity ? null : end - 1;
      return madeOf(takes, code, of(true), of(false)).map((row) => ({ row, time }));
    });
  });
}

/** What a function makes of the rows of both sides in a window. */
function madeOf(
  takes: WindowJoinSpec['takes'],
  code: AnyFunction,
  lefts: readonly unknown[],
  rights: readonly unknown[],
): unknown[] {
  return takes === 'groups'
    ? pushedAndReturned((push) => code(lefts, rights, push))
    : lefts.flatMap((left) => rights.map((right) => code(left, right)));
}

/** Rows of the window that ends there. */
function rowsOf(windows: readonly NaiveWindow[], end: number): unknown[] {
  const rows = windows.find((window) => window.end === end)?.rows ?? [];
  return rows.map(({ row }) => row);
}
