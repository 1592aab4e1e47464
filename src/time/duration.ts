/** Durations as users write them: milliseconds, or a number with a unit. */
import { type OptionRule, wrong } from '../base/options.ts';

type Unit = 'ms' | 's' | 'min' | 'h' | 'd';

/** `250`, `'5 min'`, `'1h'`; units ms, s, min, h, d. */
export type Duration = number | `${number} ${Unit}` | `${number}${Unit}`;

const UNIT_MS: Readonly<Record<Unit, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a duration, not negative; `what` names it in the error. */
export function durationMs(duration: Duration, what: string): number {
  const ms = typeof duration === 'number' ? duration : parse(String(duration));
  if (ms >= 0 && Number.isFinite(ms)) return ms;
  throw wrong(
    what,
    "must be milliseconds or a text such as '5 min' (units ms, s, min, h, d)",
    duration,
  );
}

/** A duration, not negative. */
export const aDuration: OptionRule = (what, value) => void durationMs(value as Duration, what);

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|min|h|d)$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * UNIT_MS[match[2] as Unit];
}
