/**
 * Source of the loops of a fused run. For `map(f0).filter(f1)` over a schema of two fields:
 *
 *   for (let i = state.i; i < rowCount; i++) row: {
 *     const r0 = { "a": v0[i], "b": v1[i] };
 *     step = 0; const r1 = f0(r0);
 *     step = 1; if (!f1(r1)) break row;
 *     rows[count] = r1; origins[count++] = i;
 *   }
 *
 * Steps are numbered for the error message only. Until a row has passed all of them, the loop also looks for promises.
 */
import { compiled, rowLoop } from '../base/generated-code.ts';
import { BATCH_ROWS } from '../base/limits.ts';
import { answeredNow } from '../base/thenable.ts';
import type { Batch } from '../data/batch.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import type { FieldsRead } from '../data/fields-read.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Schema } from '../data/schema.ts';
import {
  areShort,
  type FusedStep,
  fieldsReadBy,
  type LateTexts,
  lateTexts,
  stepsSource,
} from './fused-steps.ts';
import { iteratorOrNone } from './returned-rows.ts';

/** Of the loop, as people are shown it. */
export const ALL_STEPS = 'all steps of a row';

/** Where a loop is, shared between the operator and the generated code. */
export type LoopPlace = {
  /** Row of the batch; where to go on after a pause. */
  i: number;
  /** Step that was called last. */
  step: number;
};

export type LoopState = LoopPlace & {
  /** Rows that came out, and for each the row of the batch it came from. */
  count: number;
  rows: unknown[];
  origins: Int32Array;
  /** What a flatMap returned and has not been emptied yet. */
  iterator: Iterator<unknown> | null;
  /** Set when BATCH_ROWS rows have come out: emit them and call again. */
  isFull: boolean;
};

type TransformLoop = (batch: Batch, state: LoopState) => void;
type SelectLoop = (batch: Batch, selection: Int32Array, state: LoopState) => number;

export class FusedLoops {
  readonly staysColumns: boolean;
  readonly hasFilter: boolean;
  readonly #steps: readonly FusedStep[];
  readonly #schema: Schema | null;
  readonly #reads: FieldsRead;
  readonly #late: LateTexts | null;
  #loops: BatchLoops<TransformLoop | SelectLoop>;
  #looks = true;

  constructor(steps: readonly FusedStep[], schema: Schema | null) {
    this.#steps = steps;
    this.#schema = schema;
    this.#reads = fieldsReadBy(steps, schema);
    this.#late = lateTexts(steps, schema, this.#reads);
    this.#loops = this.#newLoops(true);
    this.hasFilter = steps.some((step) => step.spec.type === 'filter');
    this.staysColumns = steps.every(
      (step) => step.spec.type === 'filter' || step.spec.type === 'project',
    );
  }

  /** Writes the numbers of the rows that pass into `selection`; returns how many. */
  select(batch: Batch, selection: Int32Array, state: LoopState): number {
    const passed = (this.#loops.for(batch) as SelectLoop)(batch, selection, state);
    if (this.#looks && passed > 0) this.#lookNoMore();
    return passed;
  }

  /** Runs rows from `state.i` on until the batch ends or `state.isFull`. */
  transform(batch: Batch, state: LoopState): void {
    (this.#loops.for(batch) as TransformLoop)(batch, state);
    if (this.#looks && state.count > 0) this.#lookNoMore();
  }

  /** The loop over all steps. */
  get generatedLoop(): GeneratedLoop {
    return { title: ALL_STEPS, source: this.#newLoops(false).plainSource };
  }

  #lookNoMore(): void {
    this.#looks = false;
    this.#loops = this.#newLoops(false);
  }

  #newLoops(looks: boolean): BatchLoops<TransformLoop | SelectLoop> {
    return new BatchLoops(
      this.#schema,
      (row) => this.#sourceFor(row, looks),
      (source) => this.#compile(source),
      this.#reads,
      this.#late,
    );
  }

  #compile(source: string): TransformLoop | SelectLoop {
    const steps = this.#steps.map((step) => step.code);
    const loop = compiled(source, { steps, drain, iteratorOrNone, answeredNow }, steps);
    return loop as TransformLoop | SelectLoop;
  }

  #sourceFor({ prelude, passPrelude, row, lateRow }: RowSource, looks: boolean): string {
    const isSelect = this.staysColumns && this.#schema !== null;
    const names = this.#steps.map((step, s) => (step.code === null ? `unused${s}` : `f${s}`));
    const last = this.#steps.at(-1)!;
    // Nobody sees the rows behind the last filter where the columns stay.
    const lastFilter = this.#steps.findLastIndex((step) => step.spec.type === 'filter');
    const looking = isSelect ? this.#steps.slice(0, lastFilter + 1) : this.#steps;
    const body = stepsSource(looking, this.#schema, looks, this.#late, lateRow);
    const emit = isSelect
      ? 'selection[count++] = i;\n'
      : last.spec.type === 'flatMap'
        ? flatMapSource(this.#steps.length - 1)
        : `rows[count] = r${this.#steps.length}; origins[count++] = i;\n${FULL_CHECK}`;
    const block = `row: {\nconst r0 = ${row};\n${body}${emit}}`;
    const head = isSelect ? 'batch, selection, state' : 'batch, state';
    return `'use strict';
const [${names.join(', ')}] = steps;
return function (${head}) {
${isSelect ? passPrelude : prelude}const rowCount = batch.rowCount;
${isSelect ? SELECT_HEAD : TRANSFORM_HEAD}try {
${rowLoop(block, 'rowCount', isSelect && areShort(looking, 'passing'))}} finally { state.i = i; state.step = step;${isSelect ? '' : ' state.count = count;'} }
${isSelect ? 'return count;\n' : ''}};
//# sourceURL=millrace-generated:fused`;
  }
}

const SELECT_HEAD = 'let i = 0, count = 0, step = 0;\n';
const TRANSFORM_HEAD = `const { origins, rows } = state;
let i = state.i, count = state.count, step = 0;
state.isFull = false;
if (state.iterator !== null) {
state.count = count;
if (!drain(state, i)) return;
count = state.count;
i++;
}
`;
const FULL_CHECK = `if (count === ${BATCH_ROWS}) { i++; state.isFull = i < rowCount; break; }\n`;

/** The last step of a run: the function may push rows, return something iterable, or both. */
function flatMapSource(s: number): string {
  return `step = ${s};
const pushed = [];
const returned = f${s}(r${s}, (row) => { pushed.push(row); });
state.count = count;
state.iterator = pushed[Symbol.iterator]();
let isDrained = drain(state, i);
if (isDrained && returned !== undefined && returned !== null) {
state.iterator = iteratorOrNone(returned);
isDrained = drain(state, i);
} else if (!isDrained && returned !== undefined && returned !== null) {
state.iterator = (function* (a, b) { yield* { [Symbol.iterator]: () => a }; yield* { [Symbol.iterator]: () => b }; })(state.iterator, iteratorOrNone(returned));
}
count = state.count;
if (!isDrained) break;
`;
}

/** Takes rows from the iterator; false, with the state full, when there may be more than fit. */
function drain(state: LoopState, origin: number): boolean {
  const iterator = state.iterator!;
  while (state.count < BATCH_ROWS) {
    const next = iterator.next();
    if (next.done === true) {
      state.iterator = null;
      return true;
    }
    state.rows[state.count] = next.value;
    state.origins[state.count++] = origin;
  }
  state.isFull = true;
  return false;
}
