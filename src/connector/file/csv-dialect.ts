/** What a CSV file looks like: the options a user gives, checked and with their defaults. */
import { inspect } from 'node:util';
import { EngineError } from '../../base/errors.ts';
import { checkOptions, type OptionRules, oneOf } from '../../base/options.ts';

export type CsvOptions = {
  /**
   * true, when left out: the first line names the fields. false: there is no such line, and fields stand in the schema's
   * order. Names: there is no such line, and these are its fields.
   */
  readonly header?: boolean | readonly string[];
  /** One character between values; a comma when left out. */
  readonly delimiter?: string;
  /** One character around values that need it, `"` when left out; null: values stand as they are. */
  readonly quote?: string | null;
  /** What makes a quote within quotes part of the value: the quote once more, when left out, or a backslash. */
  readonly escape?: string;
  /** Lines that begin with this text are left out; none when left out. */
  readonly comment?: string;
  /** The text that means null, where it stands without quotes: 'NA'. Nothing at all when left out. */
  readonly nullText?: string;
  /** Whether blanks around values, outside of quotes, are left out; false when left out. */
  readonly trim?: boolean;
  /** Reading: lines at the start of the file that are left out, before the header; 0 when left out. */
  readonly skipLines?: number;
  /** Whether values in quotes may hold line breaks; false when left out, since such files cannot be read in parts. */
  readonly multiline?: boolean;
};

/** Checked together below, since what one may be depends on others. */
const CSV_OPTIONS: OptionRules<CsvOptions> = {
  header: true,
  delimiter: true,
  quote: true,
  escape: true,
  comment: true,
  nullText: true,
  trim: true,
  skipLines: true,
  multiline: true,
};

/** Checked options; `names` are those of the fields of a file without a header. */
export type CsvDialect = {
  readonly header: boolean;
  readonly names: readonly string[] | null;
  readonly delimiter: string;
  readonly quote: string | null;
  /** Of quotes in quotes; the quote itself where it is doubled. */
  readonly escapedBy: string | null;
  readonly comment: string | null;
  readonly nullText: string;
  readonly trim: boolean;
  readonly skipLines: number;
  readonly multiline: boolean;
};

/** EngineError JOB_DEFINITION for options that no file can have. */
export function csvDialect(options: CsvOptions): CsvDialect {
  checkOptions('csv', options, CSV_OPTIONS);
  const { header = true, delimiter = ',', quote = '"', comment, nullText = '' } = options;
  const { trim = false, skipLines = 0, multiline = false } = options;
  check(isCharacter(delimiter), 'a csv delimiter is one character', delimiter);
  check(quote === null || isCharacter(quote), 'a csv quote is one character, or null', quote);
  check(delimiter !== quote, 'a csv delimiter and quote differ', delimiter);
  const isBlankQuote = trim && quote !== null && isBlank(quote);
  check(!isBlankQuote, 'a csv quote is no blank where blanks are trimmed', quote);
  const canBeComment = comment === undefined || (isText(comment) && comment !== '');
  check(
    canBeComment && !comment?.includes(delimiter) && !(quote !== null && comment?.includes(quote)),
    'a csv comment begins with a text without delimiter, quote or line break',
    comment,
  );
  const canBeNull = isText(nullText) && !nullText.includes(delimiter);
  check(
    canBeNull && (quote === null || !nullText.includes(quote)),
    'a csv nullText holds no delimiter, quote or line break',
    nullText,
  );
  check(!trim || nullText.trim() === nullText, 'a csv nullText has no blanks around it', nullText);
  check(
    comment === undefined || !nullText.startsWith(comment),
    'a csv nullText begins no comment',
    nullText,
  );
  check(
    Number.isInteger(skipLines) && skipLines >= 0,
    'csv skipLines is a whole number, 0 or more',
    skipLines,
  );
  return {
    header: header === true,
    names: namesOf(header),
    delimiter,
    quote,
    escapedBy: escapeOf(options.escape, quote, delimiter),
    comment: comment ?? null,
    nullText,
    trim: oneOf('csv trim', trim, [true, false]),
    skipLines,
    multiline: oneOf('csv multiline', multiline, [true, false]),
  };
}

function namesOf(header: unknown): readonly string[] | null {
  if (typeof header === 'boolean') return null;
  const areNames =
    Array.isArray(header) &&
    header.length > 0 &&
    header.every((name) => typeof name === 'string') &&
    new Set(header).size === header.length;
  check(areNames, 'a csv header is true, false, or the names of all columns, each once', header);
  return Object.freeze([...(header as readonly string[])]);
}

function escapeOf(
  given: string | undefined,
  quote: string | null,
  delimiter: string,
): string | null {
  if (quote === null) {
    check(given === undefined, 'a csv escape needs a quote', given);
    return null;
  }
  const escapedBy = given ?? quote;
  const isKnown = escapedBy === quote || escapedBy === '\\';
  check(isKnown && escapedBy !== delimiter, 'a csv escape is the quote or a backslash', given);
  return escapedBy;
}

function check(isFine: boolean, rule: string, given: unknown): void {
  if (!isFine) throw new EngineError('JOB_DEFINITION', `${rule}, got ${inspect(given)}`);
}

function isText(text: unknown): text is string {
  return typeof text === 'string' && !/[\r\n]/.test(text);
}

function isCharacter(text: unknown): text is string {
  return isText(text) && text.length === 1;
}

/** What trimming takes away. */
export function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

/** Whether records without quotes are values between delimiters and nothing else, whose null is nothing. */
export function isCommon({ quote, trim, comment, nullText }: CsvDialect): boolean {
  return (quote === '"' || quote === null) && !trim && comment === null && nullText === '';
}
