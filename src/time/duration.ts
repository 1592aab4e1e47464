/** Durations as users write them: milliseconds, or a number with a unit. */
import { type OptionRule, wrong } from '../base/options.ts';

type Unit = 'ms' | 's' | 'min' | 'h' | 'd';

/** `250`, `'5 min'`, `'1h'`; units ms, s, min, h, d. */
export type Duration = number | `${number} ${Unit}` | `${number}${Unit}`;

/** A duration that may be negative: `'-5 s'`. */
export type SignedDuration = Duration | `-${Duration}`;

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

/** Whole milliseconds of a duration that may be negative; `what` names it in the error. */
export function signedMs(duration: SignedDuration, what: string): number {
  const isNegative = typeof duration === 'number' ? duration < 0 : String(duration).startsWith('-');
  const size =
    typeof duration === 'number' ? Math.abs(duration) : String(duration).slice(isNegative ? 1 : 0);
  const ms = durationMs(size as Duration, what);
  if (!Number.isInteger(ms)) throw wrong(what, 'is whole milliseconds', duration);
  return isNegative ? 0 - ms : ms;
}

/** A duration, not negative. */
export const aDuration: OptionRule = (what, value) => void durationMs(value as Duration, what);

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|min|h|d)$/.exec(text);
  if (match === null) return Number.NaN;
  const [whole, fraction = ''] = match[1]!.split('.');
  const unitMs = UNIT_MS[match[2] as Unit];
  // A fraction of its own: 1.1 times 3,600,000 is no whole number in binary.
  const parts = 10 ** fraction.length;
  return Number(whole) * unitMs + (Number(fraction) * unitMs) / parts;
}
