/**
 * What a lookup asks for: the key of a row, by a function of the user; and what it remembers of the answers.
 *
 * Requests for a key that is being asked for share the one call. Its signal is aborted when none of them wants the answer any
 * more. The cache is of use to its subtask only, and is no state: after a restart it is empty.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import { EngineError } from '../../base/errors.ts';
import { describe } from '../../data/field-check.ts';
import type { AsyncDefinition, AsyncSpec, CacheSpec } from './async-spec.ts';
import type { Call } from './calls.ts';
import type { Request } from './request.ts';

type LookupSpec = NonNullable<AsyncSpec['lookup']>;
type Answer = { readonly found: unknown; readonly expiresMs: number };

export function lookupCall(
  { field, cache }: LookupSpec,
  definition: AsyncDefinition,
  clock: Clock,
): Call {
  const { call, key = (row) => (row as Readonly<Record<string, unknown>>)[field!] } = definition;
  const keyOf = ({ row }: Request): unknown => checkedKey(key(row), field);
  if (cache === null) return (request) => call(keyOf(request), request);
  const answers = new Answers(cache, definition, clock);
  return (request) => answers.get(keyOf(request), request);
}

function checkedKey(key: unknown, field: string | null): unknown {
  if (key !== null && key !== undefined && !Number.isNaN(key)) return key;
  const what = field === null ? 'the key' : `field '${field}'`;
  throw new EngineError('KEY_INVALID', `lookup: ${what} is ${describe(key)}, which is no key`);
}

class Answers {
  readonly #spec: CacheSpec;
  readonly #definition: AsyncDefinition;
  readonly #clock: Clock;
  readonly #kept: LRUCache<NonNullable<unknown>, Answer>;
  readonly #asked = new Map<unknown, SharedCall>();

  constructor(spec: CacheSpec, definition: AsyncDefinition, clock: Clock) {
    this.#spec = spec;
    this.#definition = definition;
    this.#clock = clock;
    this.#kept = new LRUCache({ max: spec.maxEntries });
  }

  /** What is known of a key, at once; or a promise of it. */
  get(given: unknown, request: Request): unknown {
    const key = (given instanceof Date ? given.getTime() : given) as NonNullable<unknown>;
    const answer = this.#kept.get(key);
    if (answer !== undefined && this.#clock.now() < answer.expiresMs) return answer.found;
    let shared = this.#asked.get(key);
    if (shared === undefined || !shared.isWanted) {
      shared = this.#ask(key, given, request);
      this.#asked.set(key, shared);
    }
    shared.join(request);
    return shared.answer;
  }

  #ask(key: NonNullable<unknown>, given: unknown, request: Request): SharedCall {
    const { call, retriesResult } = this.#definition;
    const shared: SharedCall = new SharedCall(
      request,
      (context) => call(given, context),
      (found) => {
        if (this.#asked.get(key) === shared) this.#asked.delete(key);
        // An answer that is to be asked for again is not kept.
        if (found === null || retriesResult?.(found.value) === true) return;
        const { ttlMs } = this.#spec;
        const expiresMs = ttlMs === null ? Infinity : this.#clock.now() + ttlMs;
        this.#kept.set(key, { found: found.value, expiresMs });
      },
    );
    return shared;
  }
}

/** A call that several requests wait for, and what the function gets beside its key. */
class SharedCall {
  /** Of the record that came first. */
  readonly timestamp: number | null;
  readonly attempt: number;
  readonly answer: Promise<unknown>;
  #abort: AbortController | null = null;
  #wanted = 0;

  /** `onSettled`: with what was found, or null where the call has failed. */
  constructor(
    { timestamp, attempt }: Request,
    call: (context: SharedCall) => unknown,
    onSettled: (found: { readonly value: unknown } | null) => void,
  ) {
    this.timestamp = timestamp;
    this.attempt = attempt;
    this.answer = this.#run(call, onSettled);
  }

  async #run(
    call: (context: SharedCall) => unknown,
    onSettled: (found: { readonly value: unknown } | null) => void,
  ): Promise<unknown> {
    // What throws at once does so when the call is known already.
    await null;
    let found: { readonly value: unknown } | null = null;
    try {
      found = { value: await call(this) };
      return found.value;
    } finally {
      onSettled(found);
    }
  }

  /** False once all that wanted it have given up. */
  get isWanted(): boolean {
    return this.#wanted > 0;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  join(request: Request): void {
    this.#wanted++;
    request.signal.addEventListener('abort', () => {
      if (--this.#wanted === 0) this.#abort?.abort(request.signal.reason);
    });
  }
}
