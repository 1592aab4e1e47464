/**
 * Rows of two streams that meet in windows of any assigner, with a trigger, an evictor and lateness: windows in general
 * (window/general/) take the rows of both sides, in the order in which they come. Tumbling and sliding windows that fire once
 * have an operator of their own, which is faster: window-join.ts.
 */
import { keySchemas } from '../../data/key-pair.ts';
import { GeneralWindowOperator } from '../window/general/general-window.ts';
import type { GeneralWindowSpec } from '../window/general/window-spec.ts';
import { type JoinOptions, type JoinSpec, joinKeyReaders } from './join-input.ts';

export type GeneralJoinSpec = JoinSpec & { readonly window: GeneralWindowSpec };

export function createGeneralJoin(options: JoinOptions<GeneralJoinSpec>): GeneralWindowOperator {
  const { keys, schemas, lateTo, window, functions } = options;
  const bySchema = keySchemas(keys, schemas);
  const [left, right] = joinKeyReaders(keys, bySchema, functions);
  return new GeneralWindowOperator({
    key: keys[0],
    inputSchema: bySchema[0],
    window,
    functions,
    emits: null,
    inputs: [
      { schema: schemas[0], keys: left, lateTo: lateTo[0] },
      { schema: schemas[1], keys: right, lateTo: lateTo[1] },
    ],
  });
}
