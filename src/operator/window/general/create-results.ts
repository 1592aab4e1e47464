/** From the plain data of what is made of a window to what is kept of it, and how that becomes results. */

import type { GeneratedLoop } from '../../../data/generated-loop.ts';
import { type KeySpec, keyFields } from '../../../data/key.ts';
import type { Field, Schema } from '../../../data/schema.ts';
import type { ReduceFunction } from '../../rolling.ts';
import type { AggregateSpec } from '../aggregate.ts';
import { AggregateLoops } from '../aggregate-codegen.ts';
import { planAggregates } from '../aggregate-plan.ts';
import { planPartials } from '../partials.ts';
import { AccumulatorContents } from './accumulator-contents.ts';
import { AggregateResults } from './aggregate-results.ts';
import type { WindowContents } from './contents.ts';
import { Evictor } from './evictor.ts';
import type { OpenWindows } from './open-windows.ts';
import { PlainRows, ProcessedRows } from './process-results.ts';
import { ReducedContents } from './reduced-contents.ts';
import { type EmitBatch, RowOutput, type WindowResults } from './results.ts';
import { RowContents } from './row-contents.ts';
import {
  AggregatedRows,
  EvictedResults,
  ReducedResults,
  ReducedRows,
  type TakesRow,
  type TakesRows,
} from './row-results.ts';
import type { WindowKeys } from './window-keys.ts';
import type { AssignerSpec, GeneralWindowSpec } from './window-spec.ts';

/** Fields of a row of aggregates: the key, the bounds of a window that has any, the results. */
export function generalWindowFields(
  key: KeySpec,
  assigner: AssignerSpec,
  aggregates: readonly AggregateSpec[],
  inputSchema: Schema | null,
): readonly Field[] {
  const bounds: readonly Field[] = [
    { name: 'windowStart', kind: 'timestamp', nullable: false },
    { name: 'windowEnd', kind: 'timestamp', nullable: false },
  ];
  return [
    ...keyFields(key, inputSchema),
    ...(assigner.kind === 'global' ? [] : bounds),
    ...planAggregates(aggregates, inputSchema).fields,
  ];
}

export type ResultOptions = {
  readonly key: KeySpec;
  readonly window: GeneralWindowSpec;
  readonly inputSchema: Schema | null;
  readonly functions: readonly object[];
  /** Of the rows that a function emits; null for free-form rows. */
  readonly emits: readonly Field[] | null;
};

type Made = {
  readonly contents: WindowContents;
  readonly results: WindowResults;
  readonly loops: readonly GeneratedLoop[];
};

export function createResults(
  options: ResultOptions,
  open: OpenWindows,
  keys: WindowKeys,
  emit: EmitBatch,
): Made {
  const { window, functions, inputSchema } = options;
  const { work, assigner } = window;
  const hasBounds = assigner.kind !== 'global';
  const evictor = window.evictor === null ? null : new Evictor(window.evictor, functions);
  const rows = new RowOutput(options.emits, emit);
  const processed = (by: number): ProcessedRows =>
    new ProcessedRows(open, keys, functions[by]!, hasBounds, rows);
  const ofRows = (to: TakesRows): Made => {
    const contents = new RowContents((row) => open.timeAt(row));
    const results = new EvictedResults(contents, open.windows, evictor, to);
    return { contents, results, loops: [] };
  };
  if (work.kind === 'process') return ofRows(processed(work.process));
  if (work.kind === 'reduce') {
    const reduce = functions[work.by] as ReduceFunction;
    const to: TakesRow = work.process === null ? new PlainRows(rows) : processed(work.process);
    if (evictor !== null) return ofRows(new ReducedRows(reduce, to));
    const contents = new ReducedContents(reduce);
    return { contents, results: new ReducedResults(contents, to), loops: [] };
  }
  const plan = planAggregates(work.aggregates, inputSchema);
  const loops = new AggregateLoops(plan, inputSchema, functions);
  const process = work.process === null ? null : processed(work.process);
  const results = new AggregateResults({
    windows: open.windows,
    keys,
    plan,
    loops,
    fields: generalWindowFields(options.key, assigner, work.aggregates, inputSchema),
    hasBounds,
    emit: process === null ? emit : (batch) => process.takeResults(batch),
  });
  const flush = (): void => {
    results.flush();
    process?.flush();
  };
  if (evictor !== null) {
    const added = new AggregatedRows(plan, loops, inputSchema, results);
    const generated = loops.generatedLoops(['init', 'add', 'results']);
    return { ...ofRows({ take: added.take.bind(added), flush }), loops: generated };
  }
  const partials = planPartials(options.key, work.aggregates, inputSchema);
  const contents = new AccumulatorContents(plan, partials, loops, functions);
  return {
    contents,
    results: {
      fire: (slot, time) => results.add(slot, time, contents.accumulators, slot),
      flush,
    },
    loops: loops.generatedLoops(['init', 'add', 'merge', 'results']),
  };
}
