/** Stacks of a profile, folded to a flame graph: a tree of frames, each with the looks at which it was there. */
import { PROFILE_SHARE_MIN } from '../base/limits.ts';
import type { StackSample } from '../task/question.ts';

export type Flame = {
  readonly name: string;
  readonly value: number;
  readonly children: readonly Flame[];
};

type Frame = { value: number; readonly children: Map<string, Frame> };

/** Frames that were hardly ever there are left out: their time is their caller's. */
export function flameOf(name: string, samples: readonly StackSample[]): Flame {
  const root: Frame = { value: 0, children: new Map() };
  for (const { frames, count } of samples) {
    let at = root;
    at.value += count;
    for (const frame of frames) {
      const child = at.children.get(frame) ?? { value: 0, children: new Map() };
      at.children.set(frame, child);
      child.value += count;
      at = child;
    }
  }
  return shown(name, root, root.value * PROFILE_SHARE_MIN);
}

function shown(name: string, { value, children }: Frame, least: number): Flame {
  const kept = [...children]
    .filter(([, child]) => child.value >= least)
    .sort(([, a], [, b]) => b.value - a.value);
  return { name, value, children: kept.map(([frame, child]) => shown(frame, child, least)) };
}
