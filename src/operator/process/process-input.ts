/** One input of a process function: how its keys are read, and the loop that calls the function of the user for each record. */
import { compiled } from '../../base/generated-code.ts';
import { doneNow } from '../../base/thenable.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import { fieldsRead } from '../../data/fields-read.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import { type KeyFunction, KeyReader } from '../../data/key.ts';
import { keySchemas } from '../../data/key-pair.ts';
import type { Schema } from '../../data/schema.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import type { RecordContext } from './process-context.ts';
import type { InputFunction, ProcessDefinition, ProcessInputSpec } from './process-spec.ts';

type ProcessLoop = (
  batch: Batch,
  slots: Int32Array | null,
  scope: KeyScope,
  context: RecordContext | null,
  place: { i: number },
) => void;

/** The current slot while a record without a key is processed. */
const NO_KEY_SLOT = 0;

export class ProcessInput {
  readonly calls: InputFunction;
  /** Null where it is not keyed. */
  readonly keys: KeyReader | null;
  /** What its context and keyed state go by. */
  readonly scope: KeyScope;
  /** Set when the operator is opened. */
  context: RecordContext | null = null;
  readonly #loops: BatchLoops<ProcessLoop>;
  readonly #place = { i: 0 };

  constructor(
    calls: InputFunction,
    keys: KeyReader | null,
    scope: KeyScope,
    schema: Schema | null,
    definition: ProcessDefinition,
  ) {
    this.calls = calls;
    this.keys = keys;
    this.scope = scope;
    this.#loops = new BatchLoops(
      schema,
      (row) => loopSource(row, calls, keys !== null),
      (source) =>
        compiled(source, { user: definition, doneNow }, [definition[calls]]) as ProcessLoop,
      fieldsRead(definition[calls], schema),
    );
  }

  /** Calls the function for each row; `slots` of their keys, null where there are none. */
  run(batch: Batch, slots: Int32Array | null): void {
    const { scope } = this;
    if (slots === null) scope.slot = NO_KEY_SLOT;
    try {
      this.#loops.for(batch)(batch, slots, scope, this.context, this.#place);
    } finally {
      scope.leave();
    }
  }

  /** The row of the last batch for which the function has thrown. */
  get failedRow(): number {
    return this.#place.i;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const what = this.calls === 'onRecord' ? 'a process function' : this.calls;
    return [
      { title: `${what} called for each record`, source: this.#loops.plainSource },
      ...(this.keys?.generatedLoops('reading') ?? []),
    ];
  }
}

/** The schemas by which the keys of the inputs are read: equal keys of two inputs have to be one key. */
export function keySchemasOf(
  inputs: readonly ProcessInputSpec[],
  schemas: readonly [Schema | null, Schema | null],
): readonly [Schema | null, Schema | null] {
  const [first = null, second = null] = inputs.map(({ key }) => key);
  return first === null || second === null ? schemas : keySchemas([first, second], schemas);
}

/** A reader of keys for each input that is keyed; takes the key functions off the functions of the node. */
export function keyReaders(
  inputs: readonly ProcessInputSpec[],
  schemas: readonly [Schema | null, Schema | null],
  functions: object[],
): readonly (KeyReader | null)[] {
  return inputs.map(({ key }, input) => {
    if (key === null) return null;
    const byFunction = key.kind === 'function' ? (functions.shift() as KeyFunction) : null;
    return new KeyReader(key, schemas[input]!, byFunction);
  });
}

function loopSource({ prelude, row }: RowSource, calls: InputFunction, isKeyed: boolean): string {
  return `'use strict';
return function (batch, slots, scope, context, place) {
${prelude}const { rowCount, timestamps } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
${isKeyed ? 'scope.slot = slots[i];\n' : ''}scope.time = timestamps === null ? NaN : timestamps[i];
const answer = user.${calls}(${row}, context);
if (answer !== undefined) doneNow(answer);
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:process`;
}
