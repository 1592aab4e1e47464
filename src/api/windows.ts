/** Window assigners. */
import { EngineError } from '../base/errors.ts';
import {
  aPlainOrGenerator,
  checkOptions,
  choice,
  type OptionRules,
  wrong,
} from '../base/options.ts';
import type { CountWindowSpec } from '../operator/window/count-window.ts';
import type { AssignWindows, WindowBounds } from '../operator/window/general/custom-windows.ts';
import type { CumulatingSpec, GlobalSpec } from '../operator/window/general/window-spec.ts';
import type { WindowSpec } from '../operator/window/window.ts';
import { type Duration, durationMs, type SignedDuration, signedMs } from '../time/duration.ts';

export type WindowOptions = {
  /** Shifts the window starts, which else are multiples of the size (or slide) since 1970 UTC; may be negative. */
  readonly offset?: SignedDuration;
  /**
   * 'event' (default): by the time of the record. 'processing': by the clock when it comes; windows fire by the clock,
   * and those that are open when a bounded input ends never do.
   */
  readonly time?: 'event' | 'processing';
};

const WINDOW_OPTIONS: OptionRules<WindowOptions> = {
  offset: true,
  time: choice('event', 'processing'),
};

export type StaggeredWindowOptions = WindowOptions & {
  /**
   * Of windows with `time: 'processing'`: whether they fire in all subtasks at once, 'aligned' (default), or spread over the size
   * (or slide), so that results do not come all together. 'random': each subtask begins its windows at a time of its own, the
   * same whenever the job starts with as many subtasks. 'natural': at the first record that comes to it.
   */
  readonly stagger?: 'aligned' | 'random' | 'natural';
};

const STAGGERED_OPTIONS: OptionRules<StaggeredWindowOptions> = {
  ...WINDOW_OPTIONS,
  stagger: choice('aligned', 'random', 'natural'),
};

/** Windows of one size, one behind the other: `tumbling('1 h')`, `tumbling('1 d', { offset: '-8 h' })`. */
export function tumbling(size: Duration, options: StaggeredWindowOptions = {}): WindowSpec {
  checkOptions('tumbling', options, STAGGERED_OPTIONS);
  const sizeMs = positive('size of a tumbling window', size);
  const { time = 'event' } = options;
  const offsetMs = offsetOf(options);
  const stagger = staggerOf('tumbling', options);
  return { kind: 'tumbling', time, sizeMs, slideMs: sizeMs, offsetMs, ...stagger };
}

/** Windows of one size that start every `slide`: `sliding('7 d', '1 d')`. */
export function sliding(
  size: Duration,
  slide: Duration,
  options: StaggeredWindowOptions = {},
): WindowSpec {
  checkOptions('sliding', options, STAGGERED_OPTIONS);
  return {
    kind: 'sliding',
    time: options.time ?? 'event',
    sizeMs: positive('size of a sliding window', size),
    slideMs: positive('slide of a sliding window', slide),
    offsetMs: offsetOf(options),
    ...staggerOf('sliding', options),
  };
}

/** A window that each record makes last for a gap beyond its own time. */
export type SessionWindow<Row> = {
  readonly kind: 'session';
  readonly time: 'event' | 'processing';
  /** In ms, or for each record by a function. */
  readonly gap: number | ((row: Row) => number);
};

export type { WindowBounds };

/** Windows that a function tells for each record. */
export type CustomWindow<Row> = {
  readonly kind: 'custom';
  readonly time: 'event' | 'processing';
  readonly merges: boolean;
  readonly assign: AssignWindows<Row>;
};

/** Windows that follow from the record itself. */
export type WindowOfRecord<Row> = SessionWindow<Row> | CustomWindow<Row>;

/** The windows that records of a type can be put into. */
export type AnyWindow<Row> =
  | WindowSpec
  | SessionWindow<Row>
  | CustomWindow<Row>
  | CumulatingSpec
  | GlobalSpec
  | CountWindowSpec;

/** The windows in which rows of two streams can meet. */
export type PairWindow<Row> = Exclude<AnyWindow<Row>, CountWindowSpec>;

export type WindowKind = AnyWindow<never>['kind'];

const WINDOW_KINDS: Readonly<Record<WindowKind, true>> = {
  tumbling: true,
  sliding: true,
  session: true,
  custom: true,
  cumulating: true,
  global: true,
  count: true,
};

/** Whether it was made by a function such as `tumbling`. */
export function isWindow(value: unknown): boolean {
  const kind = (value as { kind?: unknown } | null | undefined)?.kind;
  return typeof kind === 'string' && Object.hasOwn(WINDOW_KINDS, kind);
}

/** What results tell of the bounds of a window: nothing where it has none. */
export type BoundsOf<Kind extends WindowKind> = Kind extends 'global' | 'count'
  ? unknown
  : WindowBounds;

export type SessionOptions = Pick<WindowOptions, 'time'>;

const SESSION_OPTIONS: OptionRules<SessionOptions> = { time: choice('event', 'processing') };

/**
 * Records of a key that follow each other by less than a gap, or by no more: `session('30 min')`. The gap may depend on
 * the record, in ms: `visits.keyBy('user').window(session((visit) => (visit.isMobile ? 300_000 : 1_800_000)))`.
 */
export function session<Row = unknown>(
  gap: Duration | ((row: Row) => number),
  options: SessionOptions = {},
): SessionWindow<Row> {
  checkOptions('session', options, SESSION_OPTIONS);
  const { time = 'event' } = options;
  return {
    kind: 'session',
    time,
    gap: typeof gap === 'function' ? gap : positive('gap of a session', gap),
  };
}

/**
 * Windows that begin together and grow in steps up to a size: `cumulating('1 d', '1 h')` has results for the first hour of
 * a day, for the first two, and so on. EngineError JOB_DEFINITION for a size that is no multiple of the step.
 */
export function cumulating(
  max: Duration,
  step: Duration,
  options: WindowOptions = {},
): CumulatingSpec {
  checkOptions('cumulating', options, WINDOW_OPTIONS);
  const maxMs = positive('size of a cumulating window', max);
  const stepMs = positive('step of a cumulating window', step);
  if (maxMs % stepMs !== 0) {
    throw wrong('cumulating: the size', 'is a multiple of the step', `${maxMs} and ${stepMs} ms`);
  }
  const { time = 'event' } = options;
  return { kind: 'cumulating', time, maxMs, stepMs, offsetMs: offsetOf(options) };
}

export type CustomWindowOptions<Row> = Pick<WindowOptions, 'time'> & {
  /** The windows of a record, of this time (ms): any number of them. */
  readonly assign: AssignWindows<Row>;
  /** Whether windows of a key that overlap or touch become one; each record has one then. Default false. */
  readonly merges?: boolean;
};

const CUSTOM_WINDOW_OPTIONS: OptionRules<CustomWindowOptions<never>> = {
  time: choice('event', 'processing'),
  assign: aPlainOrGenerator,
  merges: choice(true, false),
};

/**
 * Windows of your own. The same bounds are the same window, which has a record once, however often `assign` gives it:
 *
 *   shifts.keyBy('user').window(customWindow({ assign: ({ start, end }) => [{ windowStart: start, windowEnd: end }] }));
 *
 * EngineError USER_FUNCTION for a window that does not begin before its end.
 */
export function customWindow<Row = unknown>(options: CustomWindowOptions<Row>): CustomWindow<Row> {
  checkOptions('customWindow', options, CUSTOM_WINDOW_OPTIONS as OptionRules<typeof options>);
  aPlainOrGenerator('customWindow: assign', options.assign);
  const { time = 'event', merges = false, assign } = options;
  return { kind: 'custom', time, merges, assign };
}

/**
 * One window for each key, which never ends. Its trigger says when it fires; without one it never does:
 * `.window(globalWindow()).trigger(purging(countTrigger(100)))`.
 */
export function globalWindow(): GlobalSpec {
  return { kind: 'global' };
}

/**
 * Every `count` records of a key: `tumblingCount(100)`. Results have the time of the record that completes the window;
 * records that are left over at the end of the input make no window.
 */
export function tumblingCount(count: number): CountWindowSpec {
  const checked = positiveCount('size', count);
  return { kind: 'count', size: checked, slide: checked };
}

/** The last `size` records of a key, every `slide` of them; fewer at first: `slidingCount(100, 10)`. */
export function slidingCount(size: number, slide: number): CountWindowSpec {
  return {
    kind: 'count',
    size: positiveCount('size', size),
    slide: positiveCount('slide', slide),
  };
}

function positiveCount(what: string, count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  throw wrong(`the ${what} of a count window`, 'is a whole number above 0', count);
}

function positive(what: string, duration: Duration): number {
  const ms = durationMs(duration, what);
  if (ms > 0 && Number.isInteger(ms)) return ms;
  throw new EngineError('JOB_DEFINITION', `the ${what} must be whole milliseconds above 0`);
}

function staggerOf(call: string, options: StaggeredWindowOptions): Pick<WindowSpec, 'stagger'> {
  const { time = 'event', stagger = 'aligned' } = options;
  if (stagger === 'aligned') return {};
  if (time === 'processing') return { stagger };
  throw wrong(
    `${call}: stagger`,
    "is for windows by the clock, { time: 'processing' }: by event time all begin alike",
    stagger,
  );
}

function offsetOf({ offset = 0 }: WindowOptions): number {
  return signedMs(offset, 'the offset of a window');
}
