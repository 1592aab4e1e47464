/** Records of CSV as values: split at delimiters, with quotes taken away. */
import { type CsvDialect, isBlank } from './csv-dialect.ts';
import type { LineFrames } from './text-reader.ts';

export type CsvRecord = { readonly values: string[]; readonly quoted: ReadonlySet<number> };

const NONE_QUOTED: ReadonlySet<number> = new Set();

/** The values of the record that begins in the current line; takes further lines while a quote is open. */
export function splitRecord(lines: LineFrames, dialect: CsvDialect): CsvRecord {
  const { quote, delimiter, trim } = dialect;
  const text = lines.buffer.toString('utf8', lines.start, lines.end);
  if (quote === null || !text.includes(quote)) {
    const values = text.split(delimiter);
    return {
      values: trim ? values.map((value) => trimmed(value, delimiter)) : values,
      quoted: NONE_QUOTED,
    };
  }
  const splitter = new QuotedSplitter(dialect, quote, dialect.escapedBy!);
  let isDone = splitter.take(text);
  while (!isDone) {
    if (!dialect.multiline) {
      throw new Error(
        'a quote is still open at the end of the line; values have line breaks in files only, with { multiline: true }',
      );
    }
    // Extending moves the start, and makes the break of the last line part of the record.
    const length = lines.end - lines.start;
    if (!lines.extend()) throw new Error('a quote is still open at the end of the file');
    isDone = splitter.take(lines.buffer.toString('utf8', lines.start + length, lines.end));
  }
  return splitter;
}

/**
 * Takes a record with quotes line by line, each character once: of an open quote the parts so far are kept. What begins a part
 * is a line break, so that no quote stands there that a character at the end of the part before would escape.
 */
class QuotedSplitter implements CsvRecord {
  readonly values: string[] = [];
  readonly quoted = new Set<number>();
  readonly #dialect: CsvDialect;
  readonly #quote: string;
  readonly #escapedBy: string;
  /** The parts of the open value so far; null while no quote is open. */
  #open: string[] | null = null;

  constructor(dialect: CsvDialect, quote: string, escapedBy: string) {
    this.#dialect = dialect;
    this.#quote = quote;
    this.#escapedBy = escapedBy;
  }

  /** False when a quote is still open at the end. */
  take(text: string): boolean {
    const { delimiter, trim } = this.#dialect;
    let at = 0;
    for (;;) {
      if (this.#open === null) {
        const begin = this.#behindBlanks(text, at);
        if (text[begin] !== this.#quote) {
          const end = text.indexOf(delimiter, at);
          const value = text.slice(at, end < 0 ? text.length : end);
          this.values.push(trim ? trimmed(value, delimiter) : value);
          if (end < 0) return true;
          at = end + 1;
          continue;
        }
        this.#open = [];
        at = begin + 1;
      }
      const close = closingQuote(text, at, this.#quote, this.#escapedBy);
      this.#open.push(text.slice(at, close < 0 ? text.length : close));
      if (close < 0) return false;
      this.#close(this.#open.join(''));
      at = this.#behindBlanks(text, close + 1);
      if (at === text.length) return true;
      if (text[at] !== delimiter) throw new Error(`'${text[at]}' follows a closing quote`);
      at++;
    }
  }

  #close(text: string): void {
    this.#open = null;
    this.quoted.add(this.values.length);
    this.values.push(unescaped(text, this.#quote, this.#escapedBy));
  }

  #behindBlanks(text: string, place: number): number {
    const { delimiter, trim } = this.#dialect;
    let at = place;
    while (trim && isBlank(text[at]) && text[at] !== delimiter) at++;
    return at;
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
