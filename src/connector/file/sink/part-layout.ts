/** What two writers must have in common for one to go on with a file of the other. */
import { createHash } from 'node:crypto';
import type { Field, Schema } from '../../../data/schema.ts';
import type { PlainData } from '../../../operator/source.ts';
import type { FileFormat } from '../format.ts';

/** A short text, equal for equal format, options and fields. */
export function partLayout(format: FileFormat, schema: Schema | null): string {
  const { name, extension, options } = format;
  const text = JSON.stringify([name, extension, options, schema?.fields ?? null]);
  return shortHash(text);
}

/** The same for files that are to become one: of an encoder that is at the end of a file, what it gives to `snapshot`, and its fields. */
export function partKin(layout: string, state: PlainData, fields: readonly Field[] | null): string {
  return shortHash(JSON.stringify([layout, state, fields]));
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
