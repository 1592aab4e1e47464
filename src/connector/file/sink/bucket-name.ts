/**
 * Names of buckets as folders. What a file system, a glob or a reader of Hive folders would take for something else is
 * written as %XX, as Hive does.
 */
import { createHash } from 'node:crypto';
import { EngineError } from '../../../base/errors.ts';
import { describe } from '../../../data/field-check.ts';

/** Of a value that is null or empty, as Hive has it. */
const NO_VALUE = '__HIVE_DEFAULT_PARTITION__';

/** File systems take names of 255 bytes; what is longer is cut, and told apart by a hash. */
const NAME_BYTES_MAX = 240;

// biome-ignore lint/suspicious/noControlCharactersInRegex: names must not have them
const UNSAFE = /[\u0000-\u001f\u007f"#%'*:<>?\\|^[\]{}]|[. ]$/g;

/** 'country=DE' for a value of a field; a '/' in it is no folder. */
export function fieldBucket(name: string, value: unknown): string {
  return cut(`${valueText(name)}=${valueText(textOfValue(name, value))}`);
}

/** The folders that a function of the user named, with '/' between; empty for the folder of the sink itself. */
export function pathBucket(path: unknown): string {
  if (typeof path !== 'string') {
    throw new EngineError('OUTPUT_FAILED', `files: a bucket is a text, got ${describe(path)}`);
  }
  const folders = path.split('/').filter((folder) => folder !== '');
  return folders.map((folder) => cut(visible(encoded(folder)))).join('/');
}

function textOfValue(name: string, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value === '' ? NO_VALUE : value;
    case 'undefined':
      return NO_VALUE;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      if (value === null) return NO_VALUE;
      if (value instanceof Date)
        return Number.isNaN(value.getTime()) ? NO_VALUE : value.toISOString();
      throw new EngineError(
        'OUTPUT_FAILED',
        `files: a bucket by '${name}' needs texts, numbers, booleans or dates, got ${describe(value)}`,
      );
  }
}

function valueText(text: string): string {
  return encoded(text).replace(/[/=]/g, percent);
}

function encoded(text: string): string {
  return text.toWellFormed().replace(UNSAFE, percent);
}

/** Readers overlook what begins with a dot or a low line. */
function visible(folder: string): string {
  return folder.replace(/^[._]/, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function cut(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= NAME_BYTES_MAX) return name;
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  let end = NAME_BYTES_MAX - hash.length - 1;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}~${hash}`;
}
