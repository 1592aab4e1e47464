/**
 * What has become of a job, as entries that its program may write down, and that others may ask for: the last of them are kept.
 * Nothing is written anywhere unless the option `log` says so.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import { messageOf, UserFunctionError } from '../base/errors.ts';
import { LOG_ENTRIES_MAX, LOG_MESSAGE_MAX } from '../base/limits.ts';
import { optionalLibrary } from '../base/optional-library.ts';
import { wrong } from '../base/options.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Takes entries as those of pino do, by a method for each level; `fields`: `job`, `jobId`, and `operator` where it is about one. */
export type Logger = {
  readonly [Level in LogLevel]: (
    fields: Readonly<Record<string, unknown>>,
    message: string,
  ) => void;
};

export type LogEntry = {
  /** Rises by 1 with each entry of the job. */
  readonly seq: number;
  /** Milliseconds since 1970 UTC. */
  readonly timestamp: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly operator?: string;
};

export class JobLog {
  /** The oldest first. */
  readonly #entries: LogEntry[] = [];
  readonly #job: string;
  readonly #clock: Clock;
  #logger: Logger | null;
  #seq = 0;
  /** The same over all runs that go on from each other's checkpoints. */
  jobId: string;

  /** `logger`: null for one that only keeps the last entries. */
  constructor(job: string, jobId: string, logger: Logger | null, clock: Clock = systemClock) {
    this.#job = job;
    this.jobId = jobId;
    this.#logger = logger;
    this.#clock = clock;
  }

  add(level: LogLevel, message: string, operator?: string): void {
    const about = operator === undefined ? {} : { operator };
    this.#entries.push({
      seq: ++this.#seq,
      timestamp: this.#clock.now(),
      level,
      message: message.slice(0, LOG_MESSAGE_MAX),
      ...about,
    });
    if (this.#entries.length > LOG_ENTRIES_MAX) this.#entries.shift();
    this.#write(level, message, about);
  }

  /** On standard error, where entries are written nowhere. */
  warn(message: string): void {
    this.add('warn', message);
    if (this.#logger === null) process.emitWarning(message, { type: 'millrace' });
  }

  /** What a function of the user has thrown is about its operator. */
  addError(error: unknown): void {
    const operator = error instanceof UserFunctionError ? error.place.operator : undefined;
    this.add('error', messageOf(error), operator);
  }

  /** A logger that fails is none: the job goes on without it. */
  #write(level: LogLevel, message: string, about: { readonly operator?: string }): void {
    try {
      this.#logger?.[level]({ job: this.#job, jobId: this.jobId, ...about }, message);
    } catch (error) {
      this.#logger = null;
      process.emitWarning(`the logger of job '${this.#job}' failed: ${messageOf(error)}`, {
        type: 'millrace',
      });
    }
  }

  /** Those behind an entry, as far as they are kept; 0 for all. */
  after(seq: number): readonly LogEntry[] {
    return this.#entries.filter((entry) => entry.seq > seq);
  }
}

/** The logger of the option `log`. EngineError LIBRARY_MISSING where it needs pino, and there is none. */
export function loggerOf(log: LogLevel | Logger | undefined): Logger | null {
  if (log === undefined) return null;
  if (typeof log !== 'string') return log;
  const { pino } = optionalLibrary<{ readonly pino: MakePino }>(`log: '${log}'`, 'pino');
  return pino({ level: log }, pino.destination({ dest: 2, sync: true }));
}

type MakePino = {
  (options: { readonly level: string }, destination: unknown): Logger;
  destination(options: { readonly dest: number; readonly sync: boolean }): unknown;
};

export function aLog(what: string, value: unknown): void {
  if (LOG_LEVELS.includes(value as LogLevel)) return;
  const logger = (typeof value === 'object' && value !== null ? value : {}) as Partial<Logger>;
  if (LOG_LEVELS.every((level) => typeof logger[level] === 'function')) return;
  const levels = LOG_LEVELS.map((level) => `'${level}'`).join(', ');
  throw wrong(what, `is one of ${levels}, or a logger with a method for each, such as pino`, value);
}
