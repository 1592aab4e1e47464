/** `millrace snapshot`, `checkpoint`, `savepoint` and `stop`: what is in a checkpoint, and what to do with the state of a running job. */
import { resolve } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { stateBatches } from '../checkpoint/export-state.ts';
import { findSnapshot } from '../checkpoint/find-snapshot.ts';
import { describeCheckpoint } from '../checkpoint/inspect.ts';
import { formatInspect } from '../checkpoint/inspect-text.ts';
import {
  type StateFileKind,
  stateEncoder,
  stateFileKind,
} from '../checkpoint/rewrite/state-files.ts';
import type { FileEncoder } from '../connector/file/format.ts';
import type { Batch } from '../data/batch.ts';
import { type AnswerFlags, answer } from './answer.ts';
import { ask } from './control.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { fail } from './failure.ts';
import { formatCount } from './format.ts';
import { Output } from './output.ts';
import { placeOf } from './running-jobs.ts';

export type ExportFlags = AnswerFlags & {
  readonly uid: string;
  readonly state: string;
  readonly out?: string;
};
export type CheckpointFlags = AnswerFlags & { readonly full?: boolean };
export type StopFlags = AnswerFlags & { readonly savepoint?: string; readonly drain?: boolean };

export function inspectCommand(path: string, flags: AnswerFlags): Promise<ExitCode> {
  const summary = async () => describeCheckpoint(await findSnapshot(path));
  return answer(flags, summary, (found) => formatInspect(found).trimEnd());
}

export async function exportCommand(path: string, flags: ExportFlags): Promise<ExitCode> {
  const { uid, state, out, json = false } = flags;
  try {
    if (json && out === undefined) {
      throw new EngineError(
        'CONFIG_INVALID',
        '--json tells what was written to a file: give --out, or leave it out to have the rows as lines of JSON',
      );
    }
    const format = formatOf(out);
    const { schema, batches } = stateBatches(await findSnapshot(path), uid, state);
    const encoder = stateEncoder(format, schema);
    const rows = await writeRows(batches, encoder, new Output(out ?? null));
    if (out === undefined) return EXIT.done;
    if (json) console.log(JSON.stringify({ rows, uid, state, path: resolve(out) }, null, 2));
    else console.error(`${formatCount(rows)} rows in ${out}`);
    return EXIT.done;
  } catch (error) {
    return fail(flags, error);
  }
}

/** Returns how many they are; ends where nobody reads any more. */
async function writeRows(
  batches: Iterable<Batch>,
  encoder: FileEncoder,
  output: Output,
): Promise<number> {
  let rows = 0;
  try {
    for (const batch of batches) {
      if (!(await output.write(encoder.encode(batch)))) return rows;
      rows += batch.rowCount;
    }
    await output.write(encoder.finish());
    await output.end();
    return rows;
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

/** By the name of the file. EngineError CONFIG_INVALID. */
function formatOf(out = '.jsonl'): StateFileKind {
  const kind = stateFileKind(out);
  if (kind !== null) return kind;
  throw new EngineError(
    'CONFIG_INVALID',
    `--out: '${out}' says no format: end its name in .jsonl or .parquet`,
  );
}

export async function checkpointCommand(job: string, flags: CheckpointFlags): Promise<ExitCode> {
  const options = flags.full === true ? ({ type: 'full' } as const) : {};
  const take = async () => {
    const place = await placeOf(job);
    return await ask(place.pid, job, { ask: 'checkpoint', job: place.job, options });
  };
  return await answer(flags, take, ({ id, path }) => `checkpoint ${id} in ${path}`);
}

export async function savepointCommand(
  job: string,
  target: string,
  flags: AnswerFlags,
): Promise<ExitCode> {
  const dir = resolve(target);
  const take = async () => {
    const place = await placeOf(job);
    return { path: await ask(place.pid, job, { ask: 'savepoint', job: place.job, dir }) };
  };
  return await answer(flags, take, ({ path }) => `savepoint in ${path}`);
}

export async function stopCommand(job: string, flags: StopFlags): Promise<ExitCode> {
  const { savepoint, drain } = flags;
  const path = savepoint === undefined ? null : resolve(savepoint);
  const options = {
    ...(path === null ? {} : { savepoint: path }),
    ...(drain === undefined ? {} : { drain }),
  };
  const stop = async () => {
    const place = await placeOf(job);
    const state = await ask(place.pid, job, { ask: 'stop', job: place.job, options });
    return { state, savepoint: path };
  };
  return await answer(flags, stop, ({ state }) => `the job is ${state}`);
}
