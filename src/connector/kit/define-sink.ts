/** Sinks of one's own in two phases, by functions that may answer later. */
import {
  aFunction,
  checkFunctions,
  type OptionRules,
  someText,
  wrong,
} from '../../base/options.ts';
import { isThenable } from '../../base/thenable.ts';
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkStart, SinkWriter, SinkWriterContext } from '../../operator/sink.ts';
import type { PlainData } from '../../operator/source.ts';
import { InTurn } from './in-turn.ts';

type Answer<T> = T | PromiseLike<T>;

/** Where a writer is, and for which run of the job. */
export type WriterPlace = Pick<
  SinkWriterContext,
  'subtask' | 'parallelism' | 'runId' | 'isCheckpointed' | 'schema'
> & {
  /** Aborted when the writer is closed. */
  readonly signal: AbortSignal;
};

/** What one subtask writes with. Each function is called when the one before has answered; an error fails the job. */
export type RowWriter<Row, Committable> = {
  /** Takes rows, which nobody may see yet; until it answers, no more come. */
  write(rows: readonly Row[]): Answer<void>;
  /**
   * At a checkpoint, and at the end of input: makes durable what was written since the last time, still not to be seen, and
   * returns what `commit` needs for it.
   */
  preCommit(isEnd: boolean): Answer<readonly (Committable & PlainData)[]>;
  /** Gives back what it holds, and what was written since the last `preCommit`. */
  close?(): Answer<void>;
};

/** A sink in two phases, by what is special to it. */
export type SinkDefinition<Row, Committable> = {
  /** Default name of the operator. */
  readonly name: string;
  /** Once before anything runs, in the calling thread: checks and makes ready the place that is written to. */
  readonly prepare?: (start: SinkStart) => Answer<void>;
  /** A writer for each subtask, in its thread. (A `Promise`: within another `PromiseLike` the compiler would infer nothing.) */
  readonly open: (
    place: WriterPlace,
  ) => RowWriter<Row, Committable> | Promise<RowWriter<Row, Committable>>;
  /**
   * In the calling thread, when the checkpoint behind the rows, or the bounded job, is complete: makes them visible, those of all
   * subtasks at once, so that it is the place for one entry about all of them. It may be
   * called again with the same committables after a crash, and must then change nothing.
   */
  readonly commit: (committables: readonly NoInfer<Committable>[]) => Answer<void>;
  /** In the calling thread: takes back what was prepared and will never be committed. */
  readonly discard?: (committables: readonly NoInfer<Committable>[]) => Answer<void>;
  /**
   * In the calling thread, when the bounded job is complete and all is committed, also where that was nothing: says so to the
   * world. It may be called again.
   */
  readonly finish?: () => Answer<void>;
};

const SINK_DEFINITION: OptionRules<SinkDefinition<unknown, unknown>> = {
  name: someText,
  prepare: aFunction,
  open: aFunction,
  commit: aFunction,
  discard: aFunction,
  finish: aFunction,
};

/**
 * A sink whose rows are seen exactly once, whatever fails: each subtask writes where nobody looks, makes that durable at a
 * checkpoint, and when the checkpoint is complete all of it is committed. Functions may return promises.
 *
 *   const shown = defineSink({
 *     name: 'shown',
 *     open: () => {
 *       let waiting: string[] = [];
 *       return {
 *         write: (rows: readonly Bid[]) => void waiting.push(...rows.map((bid) => bid.user)),
 *         preCommit: () => waiting.splice(0),
 *       };
 *     },
 *     commit: (users) => console.log(users.join(', ')),
 *   });
 *   bids.to(shown);
 */
export function defineSink<Row, Committable>(
  definition: SinkDefinition<Row, Committable>,
): Sink<Row> {
  checkFunctions('defineSink', definition, SINK_DEFINITION);
  const { name, prepare, discard, finish } = definition;
  someText('defineSink: name', name);
  aFunction('defineSink: open', definition.open);
  aFunction('defineSink: commit', definition.commit);
  return {
    name,
    // Its name is the user's, who may call it something else.
    kind: 'defineSink',
    descriptor: null,
    ...(prepare === undefined
      ? {}
      : { prepare: async (start: SinkStart) => await definition.prepare!(start) }),
    createWriter: (context) => new DefinedWriter(definition, context),
    commit: async (committables) => {
      await definition.commit(committables as readonly NoInfer<Committable>[]);
    },
    ...(discard === undefined
      ? {}
      : {
          discard: async (committables: readonly PlainData[]) => {
            await definition.discard!(committables as readonly NoInfer<Committable>[]);
          },
        }),
    ...(finish === undefined ? {} : { finish: async () => await definition.finish!() }),
  };
}

class DefinedWriter<Row, Committable> implements SinkWriter {
  readonly #closing = new AbortController();
  readonly #calls: InTurn;
  #writer: RowWriter<Row, Committable> | null = null;

  constructor(definition: SinkDefinition<Row, Committable>, context: SinkWriterContext) {
    const { subtask, parallelism, runId, isCheckpointed, schema } = context;
    const { signal } = this.#closing;
    this.#calls = new InTurn(() => context.wake());
    this.#calls.run(() => {
      const opened = definition.open({
        subtask,
        parallelism,
        runId,
        isCheckpointed,
        schema,
        signal,
      });
      return isThenable(opened) ? opened.then((writer) => this.#keep(writer)) : this.#keep(opened);
    });
  }

  #keep(writer: RowWriter<Row, Committable>): void {
    this.#writer = writer;
    if (this.#closing.signal.aborted) this.#release();
  }

  get isBusy(): boolean {
    return this.#calls.isBusy;
  }

  resume(): void {
    this.#calls.throwFailure();
  }

  write(batch: Batch): void {
    const rows = batch.rowObjects() as readonly Row[];
    this.#calls.run(() => this.#writer!.write(rows));
  }

  preCommit(isEnd: boolean): Answer<readonly PlainData[]> {
    const answer = this.#calls.run(() => this.#writer!.preCommit(isEnd));
    return isThenable(answer) ? answer.then(checkCommittables) : checkCommittables(answer);
  }

  close(): void {
    this.#closing.abort();
    this.#release();
  }

  /** Nobody waits for it: the job is over for this writer. */
  #release(): void {
    const end = this.#writer?.close?.();
    if (end !== undefined && isThenable(end)) end.then(undefined, () => {});
  }
}

function checkCommittables(committables: readonly PlainData[]): readonly PlainData[] {
  if (Array.isArray(committables)) return committables;
  throw wrong('preCommit', 'returns an array of what commit needs', committables);
}
