/** A source that asks a function of the user again and again, at an interval: a service, a table, a queue. */
import { userFrame } from '../../base/errors.ts';
import { aFunction, checkOptions, choice, type OptionRules, someText } from '../../base/options.ts';
import { aSchema, type Schema } from '../../data/schema.ts';
import { aRetry, type ErrorRetry } from '../../operator/retry.ts';
import type { PlainData, Source } from '../../operator/source.ts';
import { aDuration, type Duration, durationMs } from '../../time/duration.ts';
import { attempt } from './attempt.ts';
import type { MadeRow } from './made-row.ts';
import type { Feed, NextPortion, Portion } from './portion.ts';
import { PortionReader } from './portion-reader.ts';

/** What a poll brings: records, the position behind them, and whether more are there already. */
export type Polled<Row, Position> = Portion<Row, Position> & {
  /** Whether to ask again at once, since there was more than came [false]. */
  readonly hasMore?: boolean;
};

/** Asks for what is behind a position; null at the end of the input. */
export type PollFunction<Row, Position> = (
  position: Position,
  context: { readonly signal: AbortSignal },
) => Polled<Row, Position> | null | PromiseLike<Polled<Row, Position> | null>;

/** How a function is polled. Defaults in brackets. */
export type PollOptions<Row, Position> = {
  /** Time from one call to the next, at least; there is never more than one under way ['1 s']. */
  readonly every?: Duration;
  /** The first position: plain data [null]. */
  readonly start?: Position & PlainData;
  /** Of the rows; with one they become columns [free-form rows]. */
  readonly schema?: Schema<Row>;
  /** Whether it comes to an end, which the function tells by null [false]. */
  readonly isBounded?: boolean;
  /** How long a call may take; longer is an error, ASYNC_TIMEOUT [no bound]. */
  readonly timeout?: Duration;
  /** Whether a call that fails is made again [no: the job fails]. */
  readonly retry?: ErrorRetry;
  /** Default name of the operator ['poll']. */
  readonly name?: string;
};

const POLL_OPTIONS: OptionRules<PollOptions<unknown, unknown>> = {
  every: aDuration,
  start: true,
  schema: aSchema,
  isBounded: choice(true, false),
  timeout: aDuration,
  retry: aRetry(),
  name: someText,
};

/**
 * A source by a function that is asked at an interval for what is behind a position, and answers with records and the next
 * position; one subtask asks it. Positions are in checkpoints: after a failure it is asked again from the last one.
 *
 *   const changes = poll(
 *     async (after, { signal }) => {
 *       const response = await fetch(`http://localhost/changes?after=${after}`, { signal });
 *       const records = (await response.json()) as { id: number }[];
 *       return { records, position: records.at(-1)?.id ?? after };
 *     },
 *     { start: 0, every: '10 s', timeout: '5 s', retry: { strategy: 'exponential' } },
 *   );
 *   flow.from(changes).to(blackhole());
 */
export function poll<Row, Position = null>(
  call: PollFunction<MadeRow<Row>, NoInfer<Position>>,
  options: PollOptions<Row, Position> = {},
): Source<Row> {
  aFunction('poll: the function', call);
  checkOptions('poll', options, POLL_OPTIONS);
  const { every = '1 s', schema = null, isBounded = false, retry = null, name = 'poll' } = options;
  const everyMs = durationMs(every, 'poll: every');
  const timeoutMs =
    options.timeout === undefined ? null : durationMs(options.timeout, 'poll: timeout');
  const start = (options.start ?? null) as PlainData;
  const definedAt = userFrame(new Error());
  return {
    name,
    // Its name is the user's, who may call it something else.
    kind: 'poll',
    descriptor: { everyMs, start },
    schema,
    isBounded,
    assignment: 'spread',
    discoverSplits: async () => [{ id: 'all', weight: 0, detail: null }],
    createReader: (split, position, context) =>
      new PortionReader({
        split,
        start,
        position,
        schema,
        retry,
        definedAt,
        context,
        open: (from) =>
          new PollFeed(
            call as unknown as PollFunction<unknown, PlainData>,
            from,
            everyMs,
            timeoutMs,
          ),
      }),
  };
}

class PollFeed implements Feed {
  readonly #call: PollFunction<unknown, PlainData>;
  readonly #everyMs: number;
  readonly #timeoutMs: number | null;
  readonly #closing = new AbortController();
  #position: PlainData;

  constructor(
    call: PollFunction<unknown, PlainData>,
    position: PlainData,
    everyMs: number,
    timeoutMs: number | null,
  ) {
    this.#call = call;
    this.#position = position;
    this.#everyMs = everyMs;
    this.#timeoutMs = timeoutMs;
  }

  async next(): Promise<NextPortion> {
    const call = (signal: AbortSignal) => this.#call(this.#position, { signal });
    const polled = await attempt(call, this.#timeoutMs, this.#closing.signal);
    if (polled !== null) this.#position = polled.position;
    return polled;
  }

  pauseMs(portion: Polled<unknown, PlainData>): number {
    return portion.hasMore === true ? 0 : this.#everyMs;
  }

  close(): void {
    this.#closing.abort();
  }
}
