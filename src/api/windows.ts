/** Window assigners. */
import { EngineError } from '../base/errors.ts';
import type { WindowSpec } from '../operator/window/window.ts';
import { type Duration, durationMs } from '../time/duration.ts';

export type WindowOptions = {
  /** Shifts the window starts, which else are multiples of the size (or slide) since 1970 UTC; may be negative. */
  readonly offset?: Duration | `-${Duration}`;
};

/** Windows of one size, one behind the other: `tumbling('1 h')`, `tumbling('1 d', { offset: '-8 h' })`. */
export function tumbling(size: Duration, options: WindowOptions = {}): WindowSpec {
  const sizeMs = positive('size of a tumbling window', size);
  return { kind: 'tumbling', sizeMs, slideMs: sizeMs, offsetMs: offsetOf(options) };
}

/** Windows of one size that start every `slide`: `sliding('7 d', '1 d')`. */
export function sliding(size: Duration, slide: Duration, options: WindowOptions = {}): WindowSpec {
  return {
    kind: 'sliding',
    sizeMs: positive('size of a sliding window', size),
    slideMs: positive('slide of a sliding window', slide),
    offsetMs: offsetOf(options),
  };
}

function positive(what: string, duration: Duration): number {
  const ms = durationMs(duration, what);
  if (ms > 0 && Number.isInteger(ms)) return ms;
  throw new EngineError('JOB_DEFINITION', `the ${what} must be whole milliseconds above 0`);
}

function offsetOf({ offset = 0 }: WindowOptions): number {
  if (typeof offset === 'number') return offset;
  return offset.startsWith('-')
    ? -durationMs(offset.slice(1) as Duration, 'window offset')
    : durationMs(offset as Duration, 'window offset');
}
