/** Sources of one's own by one function that reads on from a position. */
import { userFrame } from '../../base/errors.ts';
import {
  aFunction,
  checkFunctions,
  choice,
  type OptionRules,
  someText,
  wrong,
} from '../../base/options.ts';
import { aSchema, type Schema } from '../../data/schema.ts';
import { aRetry, type ErrorRetry } from '../../operator/retry.ts';
import type { PlainData, Source, SourceAssignment, SourceSplit } from '../../operator/source.ts';
import { aDuration, type Duration, durationMs } from '../../time/duration.ts';
import { IterableFeed, type IteratorOf } from './iterable-feed.ts';
import type { MadeRow } from './made-row.ts';
import type { Portion } from './portion.ts';
import { PortionReader } from './portion-reader.ts';

/** A part of the input that can be read by itself. */
export type SplitDefinition<Detail> = {
  /** Unique and stable over runs: positions are found again by it. */
  readonly id: string;
  /** Share of the whole input, in any one unit [0: not known]. With `discover` nobody knows the whole. */
  readonly weight?: number;
  /** What reading needs to find the split. */
  readonly detail: Detail;
};

/** What reading is told. */
export type ReadRequest<Position, Detail> = {
  /** Where to begin: behind what has been read, or `start`. */
  readonly position: Position;
  readonly split: { readonly id: string; readonly detail: Detail };
  /** Aborted when nothing more is wanted: the job is over, or reading begins anew after an error. */
  readonly signal: AbortSignal;
};

/** A source, by what is special to it. Defaults in brackets. */
export type SourceDefinition<Row, Position, Detail> = {
  /** Default name of the operator. */
  readonly name: string;
  /** Of the rows; with one they become columns [free-form rows]. */
  readonly schema?: Schema<Row>;
  /** The position at which a split begins: plain data [null]. */
  readonly start?: Position & PlainData;
  /** Whether it comes to an end [true; false with `discover`]. */
  readonly isBounded?: boolean;
  /** The parts of the input, for so many subtasks; found once a job, or again with `discover` [one that is all]. */
  readonly splits?: (
    parallelism: number,
  ) =>
    | readonly SplitDefinition<Detail & PlainData>[]
    | PromiseLike<readonly SplitDefinition<Detail & PlainData>[]>;
  /**
   * Time from one call of `splits` to the next while the job runs: splits with ids that are not known yet are read too, each once,
   * also over restarts. One that has been read is remembered as long as `splits` has it. A call that throws is made again at the
   * next time [no: those that there are when the job starts].
   */
  readonly discover?: Duration;
  /** Whether splits are read side by side by the subtasks that they belong to, or one after the other by whoever is free ['spread']. */
  readonly assignment?: SourceAssignment;
  /** Whether reading begins anew at the last position when it has thrown [no: the job fails]. */
  readonly retry?: ErrorRetry;
  /**
   * Reads a split from a position to its end: an iterable, or an async one, of portions, each with the position behind it. It is
   * asked for no more than two portions ahead. Reading from the same position has to give the same records again.
   */
  readonly read: (
    request: ReadRequest<NoInfer<Position>, NoInfer<Detail>>,
  ) => IteratorOf<Portion<MadeRow<Row>, NoInfer<Position>>>;
};

const SOURCE_DEFINITION: OptionRules<SourceDefinition<unknown, unknown, unknown>> = {
  name: someText,
  schema: aSchema,
  start: true,
  isBounded: choice(true, false),
  splits: aFunction,
  discover: aDuration,
  assignment: choice('spread', 'inOrder'),
  retry: aRetry(),
  read: aFunction,
};

/**
 * A source by a function that reads on from a position, in portions; the rest (batches, back-pressure, positions in checkpoints,
 * cancellation, errors with their place) is done for it. An error that `read` throws fails the job, with split and position, unless
 * `retry` lets it be read again.
 *
 *   const countdown = (from: number) =>
 *     defineSource({
 *       name: 'countdown',
 *       start: from,
 *       *read({ position }) {
 *         for (let n = position; n > 0; n--) yield { records: [{ n }], position: n - 1 };
 *       },
 *     });
 *   flow.from(countdown(3)).to(blackhole());
 */
export function defineSource<Row, Position = null, Detail = null>(
  definition: SourceDefinition<Row, Position, Detail>,
): Source<Row> {
  checkFunctions('defineSource', definition, SOURCE_DEFINITION);
  const { name, schema = null, assignment = 'spread', retry = null } = definition;
  someText('defineSource: name', name);
  aFunction('defineSource: read', definition.read);
  const start = (definition.start ?? null) as PlainData;
  const everyMs = discoverMs(definition);
  const { isBounded = everyMs === null } = definition;
  const definedAt = userFrame(new Error());
  const findSplits = async (parallelism: number): Promise<SourceSplit[]> =>
    splitsOf(
      await (definition.splits?.(parallelism) ?? [{ id: 'all', detail: null }]),
      everyMs === null,
    );
  return {
    name,
    // Its name is the user's, who may call it something else.
    kind: 'defineSource',
    descriptor: everyMs === null ? { start } : { start, discoverMs: everyMs },
    schema,
    isBounded,
    assignment,
    discoverSplits: findSplits,
    ...(everyMs === null ? {} : { discovery: { everyMs, findSplits } }),
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
          new IterableFeed((signal) =>
            definition.read({
              position: from as NoInfer<Position>,
              split: split as SourceSplit & { readonly detail: NoInfer<Detail> },
              signal,
            }),
          ),
      }),
  };
}

/** Null where splits are found once. */
function discoverMs<Row, Position, Detail>({
  discover,
  splits,
  isBounded,
}: SourceDefinition<Row, Position, Detail>): number | null {
  if (discover === undefined) return null;
  const what = 'defineSource: discover';
  if (splits === undefined)
    throw wrong(what, 'needs the function splits, which it calls', discover);
  if (isBounded === true) throw wrong(what, 'is for a source without an end', discover);
  const everyMs = durationMs(discover, what);
  if (everyMs > 0) return everyMs;
  throw wrong(what, 'is longer than nothing', discover);
}

function splitsOf(
  splits: readonly SplitDefinition<PlainData>[],
  isWholeKnown: boolean,
): SourceSplit[] {
  const ids = new Set<string>();
  return splits.map(({ id, weight = 0, detail = null }) => {
    if (ids.has(id)) throw wrong('defineSource: splits', 'have ids of their own', id);
    ids.add(id);
    return { id, weight: isWholeKnown ? weight : 0, detail };
  });
}
