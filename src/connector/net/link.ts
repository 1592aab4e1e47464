/**
 * A connection that is made again when it is lost.
 *
 *   open → (up → down | down) → wait → open → ...        until `close`, an end, or no attempt is left
 *
 * The wait doubles from attempt to attempt and is cut short by chance, so that many who lost the same peer do not
 * come back at the same moment.
 */
import { EngineError } from '../../base/errors.ts';
import { after } from '../../base/event-loop.ts';
import { checkOptions, choice, type OptionRules, wholeNumber } from '../../base/options.ts';
import { Random } from '../../base/random.ts';
import { randomId } from '../../base/random-id.ts';
import { aDuration, type Duration, durationMs } from '../../time/duration.ts';
import { isOfCertificate, reasonOf } from './tls.ts';

export type ReconnectOptions = {
  /** Before the first attempt; '100 ms' when left out. Doubles until a connection is made. */
  readonly minDelay?: Duration;
  /** Longest wait; '10 s' when left out. */
  readonly maxDelay?: Duration;
  /** In a row, before the job fails; without limit when left out. */
  readonly attempts?: number;
};

const RECONNECT_OPTIONS: OptionRules<ReconnectOptions> = {
  minDelay: aDuration,
  maxDelay: aDuration,
  attempts: wholeNumber(0),
};

/** `false`: the source ends with its connection. */
export type Reconnect = ReconnectOptions | false;

export function checkReconnect(what: string, reconnect: unknown): void {
  if (reconnect === false) return;
  if (typeof reconnect !== 'object') choice(false)(what, reconnect);
  else checkOptions(what, reconnect as ReconnectOptions, RECONNECT_OPTIONS);
}

/** How long to wait before the next of several attempts. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #attemptsMax: number;
  readonly #random: Random;
  #attempts = 0;

  constructor({ minDelay = 100, maxDelay = '10 s', attempts = Infinity }: ReconnectOptions) {
    this.#minMs = durationMs(minDelay, 'minDelay');
    this.#maxMs = durationMs(maxDelay, 'maxDelay');
    this.#attemptsMax = attempts;
    this.#random = new Random(Number.parseInt(randomId(), 16));
  }

  /** Between half and all of the doubled wait; null when there is no attempt left. */
  next(): number | null {
    if (this.#attempts >= this.#attemptsMax) return null;
    const ms = Math.min(this.#maxMs, this.#minMs * 2 ** this.#attempts);
    this.#attempts++;
    return ms * (0.5 + this.#random.float() / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}

export class Link {
  /** Why there is no connection any more; null while there is, or may be one. */
  error: EngineError | null = null;
  /** The other side has ended it, and nobody connects again. */
  hasEnded = false;
  isClosed = false;
  readonly #what: string;
  readonly #backoff: Backoff | null;
  readonly #open: () => void;
  readonly #wake: () => void;
  #stopWaiting: (() => void) | null = null;

  /** `what` names the peer; `open` begins to connect, and leads to `down` in the end. */
  constructor(what: string, reconnect: Reconnect, open: () => void, wake: () => void) {
    this.#what = what;
    this.#backoff = reconnect === false ? null : new Backoff(reconnect);
    this.#open = open;
    this.#wake = wake;
  }

  up(): void {
    this.#backoff?.reset();
  }

  /** The connection is gone, or could not be made; `cause` is null where the other side has ended it properly. */
  down(cause: unknown, leastDelayMs = 0): void {
    if (this.isClosed || this.error !== null || this.hasEnded) return;
    const delayMs = isOfCertificate(cause) ? null : (this.#backoff?.next() ?? null);
    if (this.#backoff === null && cause === null) this.end();
    else if (delayMs === null) this.fail(cause);
    else this.#stopWaiting = after(Math.max(leastDelayMs, delayMs), this.#open);
  }

  /** No attempt helps. */
  fail(cause: unknown): void {
    const why = cause === null ? 'it ends every connection' : reasonOf(cause);
    this.error = new EngineError('CONNECTION_FAILED', `${this.#what}: ${why}`, {
      cause,
      retryable: true,
    });
    this.#wake();
  }

  end(): void {
    this.hasEnded = true;
    this.#wake();
  }

  /** Nobody connects again, and nothing more comes. */
  finish(): void {
    this.close();
    this.end();
  }

  close(): void {
    this.isClosed = true;
    this.#stopWaiting?.();
  }
}
