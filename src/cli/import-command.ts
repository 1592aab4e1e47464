/** `millrace snapshot create` and `import`: savepoints of state that comes from outside. */
import { resolve } from 'node:path';
import { DEFAULT_MAX_PARALLELISM, MAX_PARALLELISM_LIMIT } from '../base/limits.ts';
import type { StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import { findSnapshot } from '../checkpoint/find-snapshot.ts';
import { declaredStates, withEmptyStates } from '../checkpoint/rewrite/declared-states.ts';
import { newSavepoint } from '../checkpoint/rewrite/new-savepoint.ts';
import { type EditMode, rewriteSavepoint } from '../checkpoint/rewrite/rewrite.ts';
import { readStateFile, stateFileKind } from '../checkpoint/rewrite/state-files.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import { countOf } from '../job/job-plan.ts';
import { checkJob } from '../job/restore.ts';
import { type AnswerFlags, answer } from './answer.ts';
import { jobOptions } from './config/settings.ts';
import type { ExitCode } from './exit-codes.ts';
import { checkFlag, wrongFlag } from './flags.ts';
import { formatCount } from './format.ts';
import { findModule, loadJob } from './load-job.ts';
import type { JobFlags } from './run-options.ts';

export type CreateFlags = AnswerFlags &
  JobFlags & { readonly to: string; readonly maxParallelism?: number; readonly batch?: boolean };

export type ImportFlags = AnswerFlags &
  JobFlags & {
    readonly uid: string;
    readonly state: string;
    readonly from: string;
    readonly to: string;
    readonly merge?: boolean;
    readonly remove?: boolean;
    readonly module?: string;
  };

export function createCommand(module: string, flags: CreateFlags): Promise<ExitCode> {
  const path = resolve(flags.to);
  const create = async () => {
    const { maxParallelism = DEFAULT_MAX_PARALLELISM, batch: isBatch = false } = flags;
    checkFlag('--max-parallelism', maxParallelism, (what, value) => {
      countOf(what, value as number, 1, MAX_PARALLELISM_LIMIT);
    });
    const job = await builtJob(module, flags);
    const empty = newSavepoint(job, { maxParallelism, isBatch });
    await rewriteSavepoint(empty, [], path);
    const states = declaredStates(job).map(({ uid, state }) => ({ uid, state: plainName(state) }));
    return { path, job: job.graph.name, states };
  };
  return answer(flags, create, ({ states }) => {
    const lines = states.map(({ uid, state }) => `  --uid ${uid} --state ${state}`);
    const what = lines.length === 0 ? 'no state that can be imported' : 'state to be imported:';
    return [`savepoint in ${path}, with ${what}`, ...lines].join('\n');
  });
}

export function importCommand(from: string, flags: ImportFlags): Promise<ExitCode> {
  const path = resolve(flags.to);
  const change = async () => {
    const { uid, state, from: file } = flags;
    if (stateFileKind(file) === null) {
      throw wrongFlag(`--from: '${file}' says no format: end its name in .jsonl or .parquet`);
    }
    const mode = modeOf(flags);
    const snapshot = await withStatesOf(await findSnapshot(from), flags);
    const edit = { uid, state, mode, rows: readStateFile.bind(null, file) };
    const [edited] = await rewriteSavepoint(snapshot, [edit], path);
    return { path, ...edited! };
  };
  return answer(flags, change, ({ mode, keys, rows }) => {
    const did = { replace: 'are the state now', merge: 'are in the state', remove: 'are gone' };
    return `${formatCount(keys)} keys ${did[mode]}, which has ${formatCount(rows)} rows: savepoint in ${path}`;
  });
}

function modeOf({ merge = false, remove = false }: ImportFlags): EditMode {
  if (merge && remove) {
    throw wrongFlag('--merge and --remove exclude each other: make one savepoint from the other');
  }
  return merge ? 'merge' : remove ? 'remove' : 'replace';
}

/** With the states that the job of --module declares, where the snapshot has none of them yet. */
async function withStatesOf(
  stored: StoredCheckpoint,
  flags: ImportFlags,
): Promise<StoredCheckpoint> {
  if (flags.module === undefined) return stored;
  const job = await builtJob(flags.module, flags);
  checkJob(job.graph.name, stored);
  return { ...stored, manifest: withEmptyStates(stored.manifest, declaredStates(job)) };
}

async function builtJob(module: string, flags: JobFlags): Promise<BuiltJob> {
  const job = await loadJob(await findModule(module), flags.job ?? null);
  const { params } = (await jobOptions(flags))(job.name);
  return job.build(params, false);
}

function plainName({ name }: { readonly name: string }): string {
  return name.replace(/^state\//, '');
}
