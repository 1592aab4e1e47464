/** What two writers must have in common for one to go on with a file of the other. */
import { createHash } from 'node:crypto';
import type { Schema } from '../../../data/schema.ts';
import type { FileFormat } from '../format.ts';

/** A short text, equal for equal format, options and fields. */
export function partLayout(format: FileFormat, schema: Schema | null): string {
  const { name, extension, options } = format;
  const text = JSON.stringify([name, extension, options, schema?.fields ?? null]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
