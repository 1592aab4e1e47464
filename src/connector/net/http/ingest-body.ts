/** Reads the records of one body after the other into builders of rows. */

import { messageOf } from '../../../base/errors.ts';
import { DEAD_LETTER_TEXT_BYTES } from '../../../base/limits.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { Schema } from '../../../data/schema.ts';
import { csv } from '../../file/csv.ts';
import { exactJson, JsonParser, rowFromJson } from '../../file/json-lines.ts';
import { behindMark } from '../../file/line-reader.ts';
import type { LineFrames, RecordParser } from '../../file/text-reader.ts';
import { ByteLines } from '../byte-lines.ts';

export type BodyKind = 'json' | 'jsonLines' | 'csv';

const KINDS: ReadonlyMap<string, BodyKind> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'jsonLines'],
  ['application/ndjson', 'jsonLines'],
  ['application/jsonl', 'jsonLines'],
  ['text/csv', 'csv'],
]);

/** What bytes are read as; US-ASCII is a part of it. */
const CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

/** Of a Content-Type; null for those that are not taken. */
export function bodyKindOf(contentType = ''): BodyKind | null {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  if (!CHARSETS.has(charset.toLowerCase())) return null;
  return KINDS.get(contentType.split(';')[0]!.trim().toLowerCase()) ?? null;
}

/** A record that is malformed. */
export type Misfit = {
  /** 'line 3', or 'record 3' of a list. */
  readonly place: string;
  readonly line: number | null;
  readonly reason: string;
  readonly text: string;
};

export interface RowTarget {
  /** The builder of the next row. */
  builder(): BatchBuilder;
  /** Takes a malformed record; whether to go on behind it. Not asked behind a header that cannot be read. */
  goesOn(misfit: Misfit): boolean;
}

export class BodyReader {
  readonly #schema: Schema | null;
  readonly #json: JsonParser;
  readonly #csv: RecordParser<LineFrames>;

  constructor(schema: Schema | null) {
    this.#schema = schema;
    this.#json = new JsonParser(schema);
    const format = schema === null ? csv() : csv(schema);
    this.#csv = format.lines!.parser('body');
  }

  /** The malformed record that it has stopped at; null when it has come to the end. */
  read(kind: BodyKind, body: Buffer, target: RowTarget): Misfit | null {
    if (kind === 'json') return this.#readJson(body, target);
    return this.#readLines(kind === 'csv' ? this.#csv : this.#json, body, target);
  }

  #readLines(parser: RecordParser<LineFrames>, body: Buffer, target: RowTarget): Misfit | null {
    parser.restart?.();
    const lines = ByteLines.of('body', body);
    while (lines.next()) {
      const builder = target.builder();
      if (this.#schema !== null && parser.append!(lines, builder)) continue;
      try {
        const row = parser.parse(lines);
        if (row !== undefined) builder.appendRow(row);
      } catch (error) {
        const { buffer, start, end, line } = lines;
        const text = buffer.toString('utf8', start, Math.min(end, start + DEAD_LETTER_TEXT_BYTES));
        const misfit = { place: `line ${line}`, line, reason: messageOf(error), text };
        if (parser.isInHead === true || !target.goesOn(misfit)) return misfit;
      }
    }
    return null;
  }

  #readJson(body: Buffer, target: RowTarget): Misfit | null {
    const text = body.toString('utf8', behindMark(body, 0, body.length));
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch (error) {
      const shown = text.slice(0, DEAD_LETTER_TEXT_BYTES);
      const misfit = { place: 'the body', line: null, reason: messageOf(error), text: shown };
      return target.goesOn(misfit) ? null : misfit;
    }
    const records = recordsOf(values);
    const exact = recordsOf(exactJson(this.#schema, text, values));
    for (const [n, value] of records.entries()) {
      try {
        target.builder().appendRow(rowFromJson(this.#schema, value, exact[n]));
      } catch (error) {
        const shown = JSON.stringify(value).slice(0, DEAD_LETTER_TEXT_BYTES);
        const place = `record ${n + 1}`;
        const misfit = { place, line: null, reason: messageOf(error), text: shown };
        if (!target.goesOn(misfit)) return misfit;
      }
    }
    return null;
  }
}

function recordsOf(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? values : [values];
}
