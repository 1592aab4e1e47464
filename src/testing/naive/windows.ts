/** Windows: which each record belongs to, then what is made of all records of each. Nothing is late. */
import type { KeySpec } from '../../data/key.ts';
import type { AggregateSpec } from '../../operator/window/aggregate.ts';
import type { CountWindowSpec } from '../../operator/window/count-window.ts';
import type {
  CumulatingSpec,
  GeneralWindowSpec,
  TriggerSpec,
} from '../../operator/window/general/window-spec.ts';
import type { PaneWindow, WindowSpec } from '../../operator/window/window.ts';
import { aggregated, dependsOnOrder } from './aggregates.ts';
import {
  type AnyFunction,
  byKey,
  functionAt,
  type KeyedRows,
  type KeyFields,
  keyFunctions,
  type NaiveStep,
  NotEvaluable,
  type TimedRow,
  timeOf,
} from './records.ts';

/** Records with start <= time < end; of a window without bounds, all. */
export type NaiveWindow = {
  readonly start: number;
  readonly end: number;
  readonly rows: readonly TimedRow[];
};

/** The windows of all records that a window of a fixed size holds, in the order of their starts. */
export function alignedWindows(
  { time, sizeMs, slideMs, offsetMs }: WindowSpec,
  records: readonly TimedRow[],
): NaiveWindow[] {
  checkEventTime(time);
  const starts = new Set<number>();
  for (const record of records) {
    const at = timeOf(record);
    for (let start = alignedStart(at, slideMs, offsetMs); start > at - sizeMs; start -= slideMs) {
      starts.add(start);
    }
  }
  const ordered = inPanes(records, { sizeMs, slideMs, offsetMs });
  return windowsOf(
    ordered,
    [...starts].map((start) => [start, start + sizeMs]),
  );
}

function windowsOfPanes(window: PaneWindow, records: readonly TimedRow[]): NaiveWindow[] {
  const { kind, time, sizeMs: maxMs, slideMs: stepMs, offsetMs } = window;
  if (kind !== 'cumulating') return alignedWindows({ ...window, kind }, records);
  checkEventTime(time);
  const ordered = inPanes(records, { sizeMs: stepMs, slideMs: stepMs, offsetMs });
  return cumulatingWindows({ maxMs, stepMs, offsetMs }, ordered);
}

/** Where windows overlap, records count pane by pane: panes are cut where windows start, and where they end. */
function inPanes(
  records: readonly TimedRow[],
  { sizeMs, slideMs, offsetMs }: Pick<WindowSpec, 'sizeMs' | 'slideMs' | 'offsetMs'>,
): TimedRow[] {
  const paneOf = (record: TimedRow): number => {
    const at = timeOf(record);
    const start = alignedStart(at, slideMs, offsetMs);
    const end = alignedStart(at, slideMs, offsetMs + sizeMs);
    return Math.max(start, end);
  };
  return [...records].sort((a, b) => paneOf(a) - paneOf(b));
}

function alignedStart(time: number, everyMs: number, offsetMs: number): number {
  return Math.floor((time - offsetMs) / everyMs) * everyMs + offsetMs;
}

function windowsOf(
  records: readonly TimedRow[],
  bounds: readonly (readonly [number, number])[],
): NaiveWindow[] {
  return [...bounds]
    .sort(([a], [b]) => a - b)
    .map(([start, end]) => {
      const rows = records.filter((record) => timeOf(record) >= start && timeOf(record) < end);
      return { start, end, rows };
    });
}

function cumulatingWindows(
  { maxMs, stepMs, offsetMs }: Pick<CumulatingSpec, 'maxMs' | 'stepMs' | 'offsetMs'>,
  records: readonly TimedRow[],
): NaiveWindow[] {
  const bounds = new Map<string, readonly [number, number]>();
  for (const record of records) {
    const start = alignedStart(timeOf(record), maxMs, offsetMs);
    for (let end = start + stepMs; end <= start + maxMs; end += stepMs) {
      if (timeOf(record) < end) bounds.set(`${start} ${end}`, [start, end]);
    }
  }
  return windowsOf(records, [...bounds.values()]);
}

/** Windows of records that are no further apart than a gap: those that overlap or touch are one. */
function sessions(
  gapOf: (row: unknown) => number,
  records: readonly TimedRow[],
  isByOrder: boolean,
): NaiveWindow[] {
  const inTime = [...records].sort((a, b) => timeOf(a) - timeOf(b));
  if (isByOrder && inTime.some((record, n) => record !== records[n])) {
    throw new NotEvaluable(
      'makes something of the order of records that come out of it, in sessions',
    );
  }
  const found: { start: number; end: number; rows: TimedRow[] }[] = [];
  for (const record of inTime) {
    const start = timeOf(record);
    const end = start + gapOf(record.row);
    const last = found.at(-1);
    if (last === undefined || start > last.end) found.push({ start, end, rows: [record] });
    else {
      last.end = Math.max(last.end, end);
      last.rows.push(record);
    }
  }
  return found;
}

function checkEventTime(time: 'event' | 'processing'): void {
  if (time === 'processing') throw new NotEvaluable('has windows of processing time');
}

/** A row of aggregates for each key and window. */
export function windowAggregate(
  key: KeySpec,
  window: PaneWindow,
  aggregates: readonly AggregateSpec[],
  step: NaiveStep,
): TimedRow[] {
  return keysOf(key, step).flatMap((group) =>
    windowsOfPanes(window, group.rows).map(({ start, end, rows }) => ({
      row: {
        ...group.key,
        windowStart: start,
        windowEnd: end,
        ...aggregated(aggregates, step.functions, step.fields, rowsOf(rows)),
      },
      time: end - 1,
    })),
  );
}

/** A row of aggregates every so many records of a key. */
export function countWindow(
  key: KeySpec,
  { size, slide }: CountWindowSpec,
  aggregates: readonly AggregateSpec[],
  step: NaiveStep,
): TimedRow[] {
  return keysOf(key, step).flatMap((group) => {
    const results: TimedRow[] = [];
    for (let count = slide; count <= group.rows.length; count += slide) {
      const rows = group.rows.slice(Math.max(0, count - size), count);
      const values = aggregated(aggregates, step.functions, step.fields, rowsOf(rows));
      results.push({ row: { ...group.key, ...values }, time: rows.at(-1)!.time });
    }
    return results;
  });
}

/** Windows that fire once, when they are over. */
export function generalWindow(
  key: KeySpec,
  window: GeneralWindowSpec,
  step: NaiveStep,
): TimedRow[] {
  checkFiresOnce(window);
  const { work } = window;
  const isByOrder = work.kind !== 'aggregate' || dependsOnOrder(work.aggregates);
  const assigned = (records: readonly TimedRow[]): NaiveWindow[] =>
    assign(window, step.functions, records, isByOrder);
  return keysOf(key, step).flatMap((group) =>
    assigned(group.rows).flatMap((one) => {
      const hasBounds = one.end !== Infinity;
      const bounds = hasBounds ? { windowStart: one.start, windowEnd: one.end } : {};
      const time = hasBounds ? one.end - 1 : null;
      const about = { ...step.contextAt(time), key: group.key, ...bounds };
      const results = resultsOf(window, step, { ...group.key, ...bounds }, about, rowsOf(one.rows));
      return results.map((row) => ({ row, time }));
    }),
  );
}

/** NotEvaluable for windows that may fire more often, or have more than their records. */
export function checkFiresOnce({ assigner, trigger, evictor, states }: GeneralWindowSpec): void {
  const innermost = (spec: TriggerSpec): TriggerSpec =>
    spec.kind === 'purging' ? innermost(spec.of) : spec;
  const { kind } = innermost(trigger);
  const wanted = assigner.kind === 'global' ? 'endOfStream' : 'eventTime';
  if (kind !== wanted) throw new NotEvaluable(`has a trigger of its own, ${kind}`);
  if (evictor !== null) throw new NotEvaluable('has an evictor');
  if (states.length > 0) throw new NotEvaluable('has a function of windows with state');
}

/** The windows of the records of a key; `isByOrder`: their order within each matters. */
export function assign(
  { assigner, assignBy }: GeneralWindowSpec,
  functions: readonly object[],
  records: readonly TimedRow[],
  isByOrder: boolean,
): NaiveWindow[] {
  if (assigner.kind === 'global') return [{ start: -Infinity, end: Infinity, rows: records }];
  checkEventTime(assigner.time);
  switch (assigner.kind) {
    case 'tumbling':
    case 'sliding':
      return windowsInOrder(assigner, records);
    case 'cumulating':
      return cumulatingWindows(assigner, records);
    case 'session': {
      const { gapMs } = assigner;
      const gapOf = (row: unknown): number =>
        gapMs ?? (functionAt(functions, assignBy!)(row) as number);
      return sessions(gapOf, records, isByOrder);
    }
    case 'custom':
      throw new NotEvaluable('has windows by a function');
  }
}

/** Of windows that keep records each for itself: in the order in which they came. */
function windowsInOrder(window: WindowSpec, records: readonly TimedRow[]): NaiveWindow[] {
  const bounds = alignedWindows(window, records).map(({ start, end }) => [start, end] as const);
  return windowsOf(records, bounds);
}

function resultsOf(
  { work }: GeneralWindowSpec,
  { functions, fields }: NaiveStep,
  head: KeyFields,
  about: object,
  rows: readonly unknown[],
): unknown[] {
  const { process } = work;
  const input = (): unknown => {
    if (work.kind === 'process' || work.kind === 'joined') return rows;
    if (work.kind === 'reduce') return rows.reduce(functionAt(functions, work.by) as AnyFunction);
    return { ...head, ...aggregated(work.aggregates, functions, fields, rows) };
  };
  return process === null ? [input()] : emittedBy(functions[process] as WindowCode, about, input());
}

type WindowCode = {
  windowState?(): unknown;
  onWindow(context: object, input: unknown): void;
  onClear?(context: object): void;
};

function emittedBy(code: WindowCode, about: object, input: unknown): unknown[] {
  if (code.windowState !== undefined)
    throw new NotEvaluable('has a function of windows with state');
  const emitted: unknown[] = [];
  const ofTheRun = (): never => {
    throw new NotEvaluable('has a function of windows that looks at the clock or the watermark');
  };
  const context = { ...about, state: {} };
  for (const name of ['watermark', 'processingTime', 'windowState']) {
    Object.defineProperty(context, name, { get: ofTheRun });
  }
  const emit = (row: unknown): void => void emitted.push(row);
  code.onWindow(Object.create(context, { emit: { value: emit } }), input);
  code.onClear?.(context);
  return emitted;
}

function keysOf(key: KeySpec, { functions, inputs }: NaiveStep): KeyedRows[] {
  const code = keyFunctions(key) > 0 ? functionAt(functions, 0) : null;
  return [...byKey(inputs[0]!, key, code).values()];
}

function rowsOf(records: readonly TimedRow[]): unknown[] {
  return records.map(({ row }) => row);
}
