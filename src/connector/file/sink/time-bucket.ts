/** Buckets by time: '2026-03-29--14' for all rows of that hour. */
import { EngineError } from '../../../base/errors.ts';
import { checkOptions, choice, type OptionRules, someText, text } from '../../../base/options.ts';

/** Made by `byTime`. */
export type TimeBucket = {
  readonly pattern: string;
  readonly zone: string;
  readonly time: 'event' | 'processing';
};

export type TimeBucketOptions = {
  /** 'UTC' (default), or a name such as 'Europe/Berlin'. */
  readonly zone?: string;
  /** The event time of a row (default), or the time at which it is written. */
  readonly time?: 'event' | 'processing';
};

const TIME_BUCKET_OPTIONS: OptionRules<TimeBucketOptions> = {
  zone: someText,
  time: choice('event', 'processing'),
};

/**
 * A bucket for each hour, day or other time of rows. The pattern has yyyy, MM, dd, HH, mm, ss; a '/' makes folders within
 * folders, and other letters stand in quotes.
 *
 *   files('clicks', jsonLines(), { bucket: byTime("'day='yyyy-MM-dd", { zone: 'Europe/Berlin' }) })
 */
export function byTime(pattern = 'yyyy-MM-dd--HH', options: TimeBucketOptions = {}): TimeBucket {
  text('byTime: the pattern', pattern);
  checkOptions('byTime', options, TIME_BUCKET_OPTIONS);
  const { zone = 'UTC', time = 'event' } = options;
  new TimeFormat(pattern, zone);
  return { pattern, zone, time };
}

/** Whether it was made by `byTime`. */
export function isTimeBucket(value: unknown): value is TimeBucket {
  const { pattern, zone, time } = (value ?? {}) as Partial<TimeBucket>;
  return typeof pattern === 'string' && typeof zone === 'string' && time !== undefined;
}

type Parts = Readonly<Record<string, string>>;

const LETTERS: Parts = {
  yyyy: 'year',
  MM: 'month',
  dd: 'day',
  HH: 'hour',
  mm: 'minute',
  ss: 'second',
};

/** Times as text. */
export class TimeFormat {
  /** All times of one such span, counted from 1970, have the same text. */
  readonly spanMs: number;
  readonly #tokens: readonly string[];
  readonly #clock: Intl.DateTimeFormat;

  constructor(pattern: string, zone: string) {
    this.#tokens = tokensOf(pattern);
    this.#clock = clockOf(zone);
    this.spanMs = this.#tokens.includes('ss') || zone !== 'UTC' ? 1000 : 60_000;
  }

  text(timeMs: number): string {
    const parts: Record<string, string> = {};
    for (const { type, value } of this.#clock.formatToParts(timeMs)) parts[type] = value;
    parts.year = parts.year!.padStart(4, '0');
    return this.#tokens.map((token) => textOf(token, parts)).join('');
  }
}

function textOf(token: string, parts: Parts): string {
  const part = LETTERS[token];
  if (part !== undefined) return parts[part]!;
  if (token === "''") return "'";
  return token.startsWith("'") ? token.slice(1, -1) : token;
}

function tokensOf(pattern: string): string[] {
  const tokens = pattern.match(/([A-Za-z])\1*|'[^']*'|[^A-Za-z']+|'/g) ?? [];
  const unknown = tokens.find(
    (token) => token === "'" || (/^[A-Za-z]/.test(token) && !Object.hasOwn(LETTERS, token)),
  );
  if (unknown === undefined && tokens.length > 0) return tokens;
  throw new EngineError(
    'JOB_DEFINITION',
    `byTime: '${pattern}' is no pattern of ${Object.keys(LETTERS).join(', ')} and texts in quotes` +
      (unknown === undefined ? '' : `: what is ${unknown}?`),
  );
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const two = '2-digit';
  const fields = { month: two, day: two, hour: two, minute: two, second: two } as const;
  const forms = { year: 'numeric', hourCycle: 'h23', ...fields } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, ...forms });
  } catch (cause) {
    throw new EngineError('JOB_DEFINITION', `byTime: there is no time zone '${timeZone}'`, {
      cause,
    });
  }
}
