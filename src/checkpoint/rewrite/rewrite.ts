/**
 * A savepoint with the state of another one, or of none, in which some keyed states are what somebody says. All rows are checked
 * before anything is written; what is written is an ordinary savepoint (savepoint.ts).
 *
 *   rows ─ gather and check ─┐
 *   blocks of the other ─────┴─ draft ─ rename → savepoint
 */
import { systemClock } from '../../base/clock.ts';
import { EngineError } from '../../base/errors.ts';
import { ENGINE_VERSION } from '../../base/version.ts';
import { schemaOf } from '../../data/schema.ts';
import { allBlocks, mapBlocks } from '../../state/generations.ts';
import { closeStateFiles, readBlockSync } from '../block-reader.ts';
import type { Manifest, OperatorManifest, StateManifest, StoredCheckpoint } from '../checkpoint.ts';
import { stateOf } from '../export-state.ts';
import type { FileLayer } from '../file-layer.ts';
import { beginSavepoint } from '../savepoint.ts';
import { type AppendedBlock, BlockAppender } from './block-appender.ts';
import { GatheredRows } from './gathered-rows.ts';
import type { GivenRows } from './given-rows.ts';
import { type KeyedShape, keyedShape, keysOnly } from './keyed-shape.ts';
import { type AppendedPart, PartsWriter } from './parts-writer.ts';
import { rowsOfOthers } from './rows-of-others.ts';

/**
 * What becomes of a state: `replace` makes it what the rows say; `merge` does so for the keys of the rows alone; `remove` removes
 * their keys, which have to be there.
 */
export type EditMode = 'replace' | 'merge' | 'remove';

export type StateEdit = {
  readonly uid: string;
  /** As people call it, or as it is stored. */
  readonly state: string;
  readonly mode: EditMode;
  /** The rows, of a state whose fields are known by then. */
  rows(shape: KeyedShape): GivenRows;
};

export type EditedState = {
  readonly uid: string;
  readonly state: string;
  readonly mode: EditMode;
  /** Keys that were given. */
  readonly keys: number;
  /** Rows that the state has now. */
  readonly rows: number;
};

export type RewriteOptions = { readonly files?: FileLayer; readonly nowMs?: number };

/** An edit with its rows, checked. */
type Prepared = Pick<StateEdit, 'uid' | 'mode'> & {
  readonly state: StateManifest;
  readonly gathered: GatheredRows;
};

/** A state on its way. */
type Appended = Omit<StateManifest, 'parts'> & { readonly parts: readonly AppendedPart[] };

/**
 * Writes the savepoint, and says what became of each state. EngineErrors CHECKPOINT_NOT_FOUND for a state that is not there,
 * INPUT_MALFORMED and others for rows that will not do, OUTPUT_EXISTS and CHECKPOINT_WRITE for the directory: then there is no
 * savepoint.
 */
export async function rewriteSavepoint(
  from: StoredCheckpoint,
  edits: readonly StateEdit[],
  to: string,
  { files, nowMs = systemClock.now() }: RewriteOptions = {},
): Promise<readonly EditedState[]> {
  checkGoesOn(from);
  const prepared = edits.map((edit) => prepare(from, edit, nowMs));
  const writer = await beginSavepoint(to, files === undefined ? {} : { files });
  try {
    const rewriting = new Rewriting(from, new BlockAppender(writer), prepared);
    const operators = await rewriting.run();
    await writer.complete({
      ...from.manifest,
      ...{ kind: 'savepoint', engine: ENGINE_VERSION, createdAt: nowMs, operators },
    });
    return rewriting.edited;
  } finally {
    // Of a savepoint that is complete it does nothing.
    await writer.abandon();
    closeStateFiles();
  }
}

/** Nothing would read the state of a job that has ended. */
function checkGoesOn({ path, manifest }: StoredCheckpoint): void {
  if (!manifest.isFinal) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} is the end of job '${manifest.job}', which has read all of its input: no run goes on from its state; take a ` +
      'savepoint while the job runs',
  );
}

function prepare(from: StoredCheckpoint, edit: StateEdit, nowMs: number): Prepared {
  const { uid, mode } = edit;
  const state = stateOf(from, uid, edit.state);
  const whole = keyedShape(uid, state);
  const shape = mode === 'remove' ? keysOnly(whole) : whole;
  return { uid, mode, state, gathered: new GatheredRows(shape, edit.rows(shape), nowMs).gather() };
}

class Rewriting {
  readonly edited: EditedState[] = [];
  readonly #path: string;
  readonly #manifest: Manifest;
  readonly #appender: BlockAppender;
  readonly #edits: readonly Prepared[];

  constructor(
    { path, manifest }: StoredCheckpoint,
    appender: BlockAppender,
    edits: readonly Prepared[],
  ) {
    this.#path = path;
    this.#manifest = manifest;
    this.#appender = appender;
    this.#edits = edits;
  }

  /** The operators, with their blocks as they lie in the savepoint. */
  async run(): Promise<readonly OperatorManifest[]> {
    const operators: [OperatorManifest, readonly Appended[]][] = [];
    for (const operator of this.#manifest.operators) {
      const states: Appended[] = [];
      for (const state of operator.states) states.push(await this.#append(operator, state));
      operators.push([operator, states]);
    }
    await this.#appender.end();
    return operators.map(([operator, states]) => ({
      ...operator,
      states: states.map((state) => ({ ...state, parts: state.parts.map(written) })),
    }));
  }

  async #append(operator: OperatorManifest, state: StateManifest): Promise<Appended> {
    const edit = this.#edits.find((one) => one.uid === operator.uid && one.state === state);
    const parts =
      edit === undefined ? await this.#copy(state) : await this.#rewrite(operator, edit);
    return { ...state, parts };
  }

  async #copy({ parts }: StateManifest): Promise<readonly AppendedPart[]> {
    const copies: AppendedPart[] = [];
    for (const part of parts) {
      const blocks = new Map<unknown, AppendedBlock>();
      for (const block of allBlocks(part)) {
        const bytes = readBlockSync(this.#path, block).slice();
        blocks.set(block, await this.#appender.append(bytes, block.rows));
      }
      copies.push({ subtask: part.subtask, ...mapBlocks(part, (block) => blocks.get(block)!) });
    }
    return copies;
  }

  async #rewrite(
    { uid, parallelism, maxParallelism }: OperatorManifest,
    { state, mode, gathered }: Prepared,
  ): Promise<readonly AppendedPart[]> {
    const schema = schemaOf(state.fields);
    const writer = new PartsWriter(schema, { parallelism, maxParallelism }, this.#appender);
    if (mode !== 'replace') await this.#keepOthers(state, mode, gathered, writer);
    if (mode !== 'remove') for (const batch of gathered.batches) await writer.add(batch);
    const parts = await writer.end();
    const name = state.name.replace(/^state\//, '');
    this.edited.push({ uid, state: name, mode, keys: gathered.keyCount, rows: writer.rows });
    return parts;
  }

  async #keepOthers(
    state: StateManifest,
    mode: EditMode,
    gathered: GatheredRows,
    writer: PartsWriter,
  ): Promise<void> {
    const isThere = new Uint8Array(gathered.keyCount);
    const others = rowsOfOthers(this.#path, state, gathered, (slot) => {
      isThere[slot] = 1;
    });
    for (const batch of others) await writer.add(batch);
    const missing = isThere.indexOf(0);
    if (mode === 'remove' && missing >= 0) {
      throw gathered.error(
        missing,
        'the state has nothing of this key, so that it cannot be removed',
      );
    }
  }
}

function written(part: AppendedPart) {
  return { ...mapBlocks(part, ({ ref }) => ref!), subtask: part.subtask };
}
