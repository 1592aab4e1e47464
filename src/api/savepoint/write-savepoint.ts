/** Savepoints whose keyed state a program makes. */
import { DEFAULT_MAX_PARALLELISM, MAX_PARALLELISM_LIMIT } from '../../base/limits.ts';
import { checkOptions, choice, type OptionRules, wholeNumber } from '../../base/options.ts';
import type { StoredCheckpoint } from '../../checkpoint/checkpoint.ts';
import { stateOf } from '../../checkpoint/export-state.ts';
import { findSnapshot } from '../../checkpoint/find-snapshot.ts';
import { withEmptyStates } from '../../checkpoint/rewrite/declared-states.ts';
import { type GivenRow, type GivenRows, rowError } from '../../checkpoint/rewrite/given-rows.ts';
import { newSavepoint } from '../../checkpoint/rewrite/new-savepoint.ts';
import { type EditMode, rewriteSavepoint } from '../../checkpoint/rewrite/rewrite.ts';
import type { JobParams } from '../../graph/job-registry.ts';
import { countOf } from '../../job/job-plan.ts';
import type { Job } from '../job.ts';
import { rowsOfContent } from './content-rows.ts';
import { checkNamed, declared, type NamedState, type StateEntry } from './keyed-state.ts';

/** What becomes of a state. */
export type StateChange = {
  readonly state: NamedState<unknown, unknown>;
  readonly mode: EditMode;
  readonly entries: Iterable<StateEntry<unknown, unknown>>;
};

/**
 * The state has these entries, and no other key has anything.
 *
 *   const totals = keyedState({ uid: 'totals', name: 'total', key: record({ user: t.string }), state: value(t.float64) });
 *   setState(totals, [{ key: { user: 'ada' }, value: 700 }]);
 */
export function setState<Key, Content>(
  state: NamedState<Key, Content>,
  entries: Iterable<StateEntry<Key, Content>>,
): StateChange {
  return { state, mode: 'replace', entries };
}

/**
 * The keys of these entries have what they say, all others what they had.
 *
 *   const seen = keyedState({ uid: 'visits', name: 'seen', key: record({ user: t.string }), state: list(t.string) });
 *   mergeState(seen, [{ key: { user: 'ada' }, value: ['home', 'news'] }]);
 */
export function mergeState<Key, Content>(
  state: NamedState<Key, Content>,
  entries: Iterable<StateEntry<Key, Content>>,
): StateChange {
  return { state, mode: 'merge', entries };
}

/**
 * These keys have nothing in the state any more; they have to have something.
 *
 *   const last = keyedState({ uid: 'visits', name: 'last', key: record({ user: t.string }), state: map(t.string, t.timestamp) });
 *   removeState(last, [{ user: 'ada' }]);
 */
export function removeState<Key>(
  state: NamedState<Key, unknown>,
  keys: Iterable<Key>,
): StateChange {
  return { state, mode: 'remove', entries: Array.from(keys, (key) => ({ key, value: null })) };
}

/**
 * Makes a savepoint of a checkpoint, a savepoint, or the newest of a checkpoint directory: some states as the changes say, all else
 * as it was. EngineErrors INPUT_MALFORMED for an entry that will not do, OUTPUT_EXISTS, CHECKPOINT_WRITE: then there is none.
 *
 *   const totals = keyedState({ uid: 'totals', name: 'total', key: record({ user: t.string }), state: value(t.float64) });
 *   const correct = async () => {
 *     const changes = [mergeState(totals, [{ key: { user: 'ada' }, value: 700 }])];
 *     await changeSavepoint('savepoints/monday', 'savepoints/corrected', changes);
 *   };
 */
export async function changeSavepoint(
  from: string,
  to: string,
  changes: readonly StateChange[],
): Promise<void> {
  await write(await findSnapshot(from), to, changes);
}

export type CreateSavepointOptions = {
  readonly params?: JobParams;
  /** Key groups, which stay for the life of the state; 128 when left out. */
  readonly maxParallelism?: number;
  /** Whether the job will run in batch. */
  readonly batch?: boolean;
};

const CREATE_OPTIONS: OptionRules<CreateSavepointOptions> = {
  params: true,
  maxParallelism: wholeNumber(1),
  batch: choice(true, false),
};

/**
 * Makes a savepoint of a job that has never run, with these states: how state moves in from another system. Sources are read from
 * their start.
 *
 *   const totals = keyedState({ uid: 'totals', name: 'total', key: record({ user: t.string }), state: value(t.float64) });
 *   const moveIn = async (payments: Job<unknown>) => {
 *     await createSavepoint(payments, 'savepoints/first', [setState(totals, [{ key: { user: 'ada' }, value: 700 }])]);
 *   };
 */
export async function createSavepoint(
  job: Job<unknown>,
  to: string,
  changes: readonly StateChange[],
  options: CreateSavepointOptions = {},
): Promise<void> {
  checkOptions('createSavepoint', options, CREATE_OPTIONS);
  const { params = {}, maxParallelism = DEFAULT_MAX_PARALLELISM, batch = false } = options;
  countOf('createSavepoint: maxParallelism', maxParallelism, 1, MAX_PARALLELISM_LIMIT);
  const built = job.build(params, false);
  await write(newSavepoint(built, { maxParallelism, isBatch: batch }), to, changes);
}

async function write(
  from: StoredCheckpoint,
  to: string,
  changes: readonly StateChange[],
): Promise<void> {
  const added = changes.map(({ state }) => declared(state));
  const stored = { ...from, manifest: withEmptyStates(from.manifest, added) };
  for (const { state } of changes) checkNamed(state, stateOf(stored, state.uid, state.name));
  const edits = changes.map((change) => ({
    uid: change.state.uid,
    state: change.state.name,
    mode: change.mode,
    rows: () => givenBy(change),
  }));
  await rewriteSavepoint(stored, edits, to);
}

function givenBy({ state, mode, entries }: StateChange): GivenRows {
  const given: GivenRows = {
    rows: { [Symbol.iterator]: rows },
    place: (at) => `entry ${at} of state '${state.name}' of '${state.uid}'`,
  };
  function* rows(): Generator<GivenRow> {
    let at = 0;
    for (const entry of entries) {
      const from = at++;
      try {
        const keyOnly = [entry.key as GivenRow['row']];
        const all = mode === 'remove' ? keyOnly : rowsOfContent(state.state, entry);
        for (const row of all) yield { row, at: from };
      } catch (error) {
        throw rowError(given, from, error);
      }
    }
  }
  return given;
}
