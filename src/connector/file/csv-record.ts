/** Records of CSV as values: split at delimiters, with quotes taken away. */
import { type CsvDialect, isBlank } from './csv-dialect.ts';
import type { LineFrames } from './text-reader.ts';

export type CsvRecord = { readonly values: string[]; readonly quoted: ReadonlySet<number> };

const NONE_QUOTED: ReadonlySet<number> = new Set();

/** The values of the record that begins in the current line; takes further lines while a quote is open. */
export function splitRecord(lines: LineFrames, dialect: CsvDialect): CsvRecord {
  const { quote, delimiter, trim } = dialect;
  let text = lines.buffer.toString('utf8', lines.start, lines.end);
  if (quote === null || !text.includes(quote)) {
    const values = text.split(delimiter);
    return {
      values: trim ? values.map((value) => trimmed(value, delimiter)) : values,
      quoted: NONE_QUOTED,
    };
  }
  for (;;) {
    const found = splitQuoted(text, dialect, quote);
    if (found !== null) return found;
    if (!dialect.multiline) {
      throw new Error(
        'a quote is still open at the end of the line; values have line breaks in files only, with { multiline: true }',
      );
    }
    if (!lines.extend()) throw new Error('a quote is still open at the end of the file');
    text = lines.buffer.toString('utf8', lines.start, lines.end);
  }
}

/** Null when a quote is still open at the end. */
function splitQuoted(text: string, dialect: CsvDialect, quote: string): CsvRecord | null {
  const { delimiter, escapedBy, trim } = dialect;
  const behindBlanks = (place: number): number => {
    let at = place;
    while (trim && isBlank(text[at]) && text[at] !== delimiter) at++;
    return at;
  };
  const values: string[] = [];
  const quoted = new Set<number>();
  let at = 0;
  for (;;) {
    const begin = behindBlanks(at);
    if (text[begin] !== quote) {
      const end = text.indexOf(delimiter, at);
      const value = text.slice(at, end < 0 ? text.length : end);
      values.push(trim ? trimmed(value, delimiter) : value);
      if (end < 0) return { values, quoted };
      at = end + 1;
      continue;
    }
    const close = closingQuote(text, begin + 1, quote, escapedBy!);
    if (close < 0) return null;
    quoted.add(values.length);
    values.push(unescaped(text.slice(begin + 1, close), quote, escapedBy!));
    at = behindBlanks(close + 1);
    if (at === text.length) return { values, quoted };
    if (text[at] !== delimiter) throw new Error(`'${text[at]}' follows a closing quote`);
    at++;
  }
}

function closingQuote(text: string, from: number, quote: string, escapedBy: string): number {
  let at = from;
  if (escapedBy !== quote) {
    while (at < text.length && text[at] !== quote) at += text[at] === escapedBy ? 2 : 1;
    return at < text.length ? at : -1;
  }
  at = text.indexOf(quote, at);
  while (at >= 0 && text[at + 1] === quote) at = text.indexOf(quote, at + 2);
  return at;
}

function unescaped(text: string, quote: string, escapedBy: string): string {
  if (escapedBy === quote) return text.replaceAll(quote + quote, quote);
  return text.replace(/\\([\s\S])/g, '$1');
}

/** Without blanks around it; a delimiter is none. */
export function trimmed(value: string, delimiter: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value[start]) && value[start] !== delimiter) start++;
  while (end > start && isBlank(value[end - 1]) && value[end - 1] !== delimiter) end--;
  return value.slice(start, end);
}
