/** From the plain data of what is made of a window to what is kept of it, and how that becomes results. */

import type { GeneratedLoop } from '../../../data/generated-loop.ts';
import { type KeySpec, keyFields } from '../../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../../data/schema.ts';
import type { ReduceFunction } from '../../rolling.ts';
import type { AggregateSpec } from '../aggregate.ts';
import { AggregateLoops } from '../aggregate-codegen.ts';
import { planAggregates } from '../aggregate-plan.ts';
import { planPartials } from '../partials.ts';
import { AccumulatorContents } from './accumulator-contents.ts';
import { AggregateResults, type TakesAccumulators } from './aggregate-results.ts';
import type { WindowContents } from './contents.ts';
import { createEvictor } from './create-evictor.ts';
import { JoinedRows } from './joined-rows.ts';
import type { OpenWindows } from './open-windows.ts';
import { PlainRows, ProcessedAggregates, ProcessedRows } from './process-results.ts';
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
import { SidedContents } from './sided-contents.ts';
import { WindowFunction, type WindowFunctionCode } from './window-function.ts';
import type { WindowKeys } from './window-keys.ts';
import type { EvictorSpec, GeneralWindowSpec } from './window-spec.ts';

/** Fields of a row of aggregates: the key, the bounds of a window that has any, the results. */
export function generalWindowFields(
  key: KeySpec,
  { assigner, evictor }: Pick<GeneralWindowSpec, 'assigner' | 'evictor'>,
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
    ...planAggregates(aggregates, schemaLeft(inputSchema, evictor)).fields,
  ];
}

/** For results of what an evictor leaves, which may be nothing: as if any value could be missing. */
function schemaLeft(schema: Schema | null, evictor: EvictorSpec | null): Schema | null {
  if (schema === null || evictor === null) return schema;
  return schemaOf(schema.fields.map((field) => ({ ...field, nullable: true })));
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
  /** The function of windows, where there is one. */
  readonly code: WindowFunction | null;
  /** Where two inputs are joined. */
  readonly joined: JoinedRows | null;
  readonly loops: readonly GeneratedLoop[];
};

export function createResults(
  options: ResultOptions,
  open: OpenWindows,
  keys: WindowKeys,
  emit: EmitBatch,
  isReady: () => boolean,
): Made {
  const { window, functions, inputSchema, key } = options;
  const { work, assigner } = window;
  const hasBounds = assigner.kind !== 'global';
  const evictor = createEvictor(window.evictor, functions, open);
  const rows = new RowOutput(options.emits, emit);
  const by = work.process;
  const code =
    by === null
      ? null
      : new WindowFunction({
          code: functions[by] as WindowFunctionCode,
          states: window.states,
          key,
          inputSchema,
          host: open,
          keys,
          hasBounds,
          output: rows,
        });
  const processed = code === null ? null : new ProcessedRows(code, rows);
  const ofRows = (to: TakesRows): Made => {
    const contents = new RowContents((row) => open.timeAt(row));
    const results = new EvictedResults(contents, open.windows, evictor, to);
    return { contents, results, code, joined: null, loops: [] };
  };
  if (work.kind === 'joined') {
    const joined = new JoinedRows(work.takes, functions[work.by]!, emit, isReady);
    const contents = new SidedContents(open);
    const results = new EvictedResults(contents, open.windows, evictor, joined);
    return { contents, results, code, joined, loops: [] };
  }
  if (work.kind === 'process') return ofRows(processed!);
  if (work.kind === 'reduce') {
    const reduce = functions[work.by] as ReduceFunction;
    const to: TakesRow = processed ?? new PlainRows(rows);
    if (evictor !== null) return ofRows(new ReducedRows(reduce, to));
    const contents = new ReducedContents(reduce);
    return { contents, results: new ReducedResults(contents, to), code, joined: null, loops: [] };
  }
  const plan = planAggregates(work.aggregates, schemaLeft(inputSchema, window.evictor));
  const loops = new AggregateLoops(plan, inputSchema, functions);
  const make = (to: EmitBatch): AggregateResults =>
    new AggregateResults({
      windows: open.windows,
      keys,
      plan,
      loops,
      fields: generalWindowFields(key, window, work.aggregates, inputSchema),
      hasBounds,
      emit: to,
    });
  const results: TakesAccumulators =
    processed === null ? make(emit) : new ProcessedAggregates(make, processed);
  if (evictor !== null) {
    const generated = loops.generatedLoops(['init', 'add', 'results']);
    return { ...ofRows(new AggregatedRows(plan, loops, inputSchema, results)), loops: generated };
  }
  const partials = planPartials(key, work.aggregates, inputSchema);
  const contents = new AccumulatorContents(plan, partials, loops, functions);
  return {
    contents,
    results: {
      fire: (slot, time, isLast) => results.add(slot, time, contents.accumulators, slot, isLast),
      flush: () => results.flush(),
    },
    code,
    joined: null,
    loops: loops.generatedLoops(['init', 'add', 'merge', 'results']),
  };
}
