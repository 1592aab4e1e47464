/** One input of windows: how its records are read, and where those that are late go. */
import type { KeyReader } from '../../../data/key.ts';
import type { Schema } from '../../../data/schema.ts';

export type WindowInput = {
  readonly schema: Schema | null;
  readonly keys: KeyReader;
  /** The side output for late records; null when they are counted and dropped. */
  readonly lateTo: string | null;
};
