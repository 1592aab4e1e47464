/** Windows in general of one input; those of two are made by join/general-join.ts. */
import { type KeyFunction, KeyReader } from '../../../data/key.ts';
import type { ResultOptions } from './create-results.ts';
import { GeneralWindowOperator } from './general-window.ts';

/** `lateTo`: the side output for late records; null when they are counted and dropped. */
export function createGeneralWindow(
  options: ResultOptions & { readonly lateTo: string | null },
): GeneralWindowOperator {
  const { key, inputSchema: schema, functions, lateTo } = options;
  const keyFunction = key.kind === 'function' ? (functions[0] as KeyFunction) : null;
  const keys = new KeyReader(key, schema, keyFunction);
  return new GeneralWindowOperator({ ...options, inputs: [{ schema, keys, lateTo }] });
}
