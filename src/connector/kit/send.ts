/** A sink that hands rows to a function of the user, many at a time: a service, a queue, a table that takes a row twice. */
import { userFrame } from '../../base/errors.ts';
import {
  aFunction,
  checkOptions,
  type OptionRules,
  someText,
  wholeNumber,
} from '../../base/options.ts';
import { aRetry, type ErrorRetry } from '../../operator/retry.ts';
import type { Sink } from '../../operator/sink.ts';
import { aDuration, type Duration, durationMs } from '../../time/duration.ts';
import { type Sending, SendWriter } from './send-writer.ts';

/** What a function gets beside the rows. */
export type SendContext = {
  readonly subtask: number;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Aborted when the call takes too long, and when the job ends before it. */
  readonly signal: AbortSignal;
};

export type SendFunction<Row> = (rows: readonly Row[], context: SendContext) => unknown;

/** How rows are sent. Defaults in brackets. */
export type SendOptions = {
  /** Rows to a call, at most; fewer where they are heavy, about 1 MiB of texts [500]. */
  readonly maxRows?: number;
  /** How long a row waits for company ['1 s']. */
  readonly maxDelay?: Duration;
  /** Calls that each subtask has under way at a time; with more than one, calls may overtake each other [1]. */
  readonly capacity?: number;
  /** How long a call may take; longer is an error, ASYNC_TIMEOUT [no bound]. */
  readonly timeout?: Duration;
  /** Whether a call that fails is made again with the same rows [no: the job fails]. */
  readonly retry?: ErrorRetry;
  /** Default name of the operator ['send']. */
  readonly name?: string;
};

const SEND_OPTIONS: OptionRules<SendOptions> = {
  maxRows: wholeNumber(1),
  maxDelay: aDuration,
  capacity: wholeNumber(1),
  timeout: aDuration,
  retry: aRetry(),
  name: someText,
};

const MAX_ROWS = 500;

/**
 * A sink by a function that takes rows, many at a time, and answers when they are safe; each row is sent at least once. A call
 * that fails, behind its last attempt, fails the job with the places of its rows.
 *
 *   bids.to(
 *     send(
 *       async (rows, { signal }) => {
 *         const body = JSON.stringify(rows);
 *         const response = await fetch('http://localhost/bids', { method: 'POST', body, signal });
 *         if (!response.ok) throw new Error(`HTTP ${response.status}`);
 *       },
 *       { maxRows: 100, maxDelay: '200 ms', timeout: '5 s', retry: { strategy: 'exponential', attempts: 5 } },
 *     ),
 *   );
 */
export function send<Row>(call: SendFunction<Row>, options: SendOptions = {}): Sink<Row> {
  aFunction('send: the function', call);
  checkOptions('send', options, SEND_OPTIONS);
  const { maxRows = MAX_ROWS, maxDelay = '1 s', capacity = 1, timeout, name = 'send' } = options;
  const spec = {
    maxRows,
    maxDelayMs: durationMs(maxDelay, 'send: maxDelay'),
    capacity,
    timeoutMs: timeout === undefined ? null : durationMs(timeout, 'send: timeout'),
  };
  const sending: Sending = {
    call: call as SendFunction<unknown>,
    spec,
    retry: options.retry ?? null,
    definedAt: userFrame(new Error()),
  };
  return {
    name,
    descriptor: spec,
    createWriter: (context) => new SendWriter(sending, context),
    commit: async () => {},
  };
}
