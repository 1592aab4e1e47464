/**
 * Which windows the state of a step is of: others cannot take it over, since what it has of each was cut by the old ones. As
 * plain data it stands in checkpoints, as text in what is said of it.
 */
import type { OperatorSpec } from '../operator/operator-spec.ts';
import type { PlainData } from '../operator/source.ts';
import type { AssignerSpec } from '../operator/window/general/window-spec.ts';
import type { PaneWindow, WindowSpec } from '../operator/window/window.ts';

type KeptWindow =
  | AssignerSpec
  | PaneWindow
  | Extract<OperatorSpec, { readonly type: 'countWindow' }>['window']
  /** The time that two records may be apart, right - left. */
  | { readonly kind: 'interval'; readonly lowerMs: number; readonly upperMs: number };

/** The windows, and which operator keeps them; null for a step without. */
export type KeptWindows = {
  readonly by: OperatorSpec['type'];
  readonly window: KeptWindow;
};

export function keptWindowsOf(spec: OperatorSpec): KeptWindows | null {
  switch (spec.type) {
    case 'windowAggregate':
    case 'countWindow':
    case 'windowJoin':
      return { by: spec.type, window: spec.window };
    case 'window':
    case 'generalJoin':
      return { by: spec.type, window: spec.window.assigner };
    case 'intervalJoin': {
      const { lowerMs, upperMs } = spec;
      return { by: spec.type, window: { kind: 'interval', lowerMs, upperMs } };
    }
    default:
      return null;
  }
}

/** What stands in a checkpoint. */
export function storedWindows(spec: OperatorSpec): PlainData {
  return keptWindowsOf(spec) as PlainData;
}

/** 'sliding windows of 60000 ms every 1000 ms'; `stored`: from a checkpoint, or of a step. */
export function describeWindows(stored: PlainData): string {
  const windows = stored as unknown as KeptWindows | null;
  if (windows === null) return 'no windows';
  const { by, window } = windows;
  const isPlain = ['tumbling', 'sliding', 'cumulating'].includes(window.kind);
  return `${textOf(window)}${isPlain ? (HOW[by] ?? '') : ''}`;
}

/** Operators that keep such windows in other ways than panes of aggregates. */
const HOW: { readonly [Type in OperatorSpec['type']]?: string } = {
  window: ', each kept for itself',
  windowJoin: ' of a join',
  generalJoin: ' of a join, each kept for itself',
};

function textOf(window: KeptWindow): string {
  switch (window.kind) {
    case 'tumbling':
      return `tumbling windows of ${window.sizeMs} ms${aligned(window)}`;
    case 'sliding':
      return `sliding windows of ${window.sizeMs} ms every ${window.slideMs} ms${aligned(window)}`;
    case 'cumulating': {
      const [maxMs, stepMs] =
        'maxMs' in window ? [window.maxMs, window.stepMs] : [window.sizeMs, window.slideMs];
      return `cumulating windows of ${maxMs} ms in steps of ${stepMs} ms${aligned(window)}`;
    }
    case 'session':
      return `sessions with a gap ${window.gapMs === null ? 'by a function' : `of ${window.gapMs} ms`}${timed(window)}`;
    case 'count':
      return `windows of ${window.size} records every ${window.slide}`;
    case 'custom':
      return `windows by a function${window.merges ? ' that merge' : ''}${timed(window)}`;
    case 'global':
      return 'a window of all records';
    case 'interval':
      return `an interval of ${window.lowerMs} to ${window.upperMs} ms`;
  }
}

function aligned(window: Pick<WindowSpec, 'time' | 'offsetMs' | 'stagger'>): string {
  const stagger = window.stagger === undefined ? '' : `, stagger ${window.stagger}`;
  return `${window.offsetMs === 0 ? '' : `, offset ${window.offsetMs} ms`}${stagger}${timed(window)}`;
}

function timed({ time }: Pick<WindowSpec, 'time'>): string {
  return time === 'event' ? '' : ', by the clock';
}
