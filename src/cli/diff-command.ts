/** `millrace diff`: what becomes of the state of a job when another version of it goes on from there. */
import { availableParallelism } from 'node:os';
import { compareJobs, type JobDifference } from '../graph/compare-jobs.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import { jobShape } from '../graph/job-shape.ts';
import { keyGroupsOf } from '../job/key-groups.ts';
import { type AnswerFlags, answer } from './answer.ts';
import { type JobOptions, jobOptions } from './config/settings.ts';
import { differenceText } from './difference-text.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { findModule, loadJob } from './load-job.ts';
import type { JobFlags } from './run-options.ts';

export type DiffFlags = AnswerFlags & JobFlags & { readonly allowDroppedState?: boolean };

/** Exit code of the process. */
export function diffCommand(was: string, next: string, flags: DiffFlags): Promise<ExitCode> {
  const { job: name = null, allowDroppedState = false } = flags;
  const load = async (module: string) => {
    const job = await loadJob(await findModule(module), name);
    const options = (await jobOptions(flags))(job.name);
    return { built: job.build(options.params, false), options };
  };
  const find = async (): Promise<JobDifference> => {
    const old = await load(was);
    const shape = jobShape(old.built, keyGroupsOfRun(old.built, old.options));
    return compareJobs(shape, (await load(next)).built, { allowDroppedState });
  };
  return answer(flags, find, differenceText, ({ isCompatible }) =>
    isCompatible ? EXIT.done : EXIT.incompatible,
  );
}

/** What state is cut into that `run` makes with these options. */
function keyGroupsOfRun({ graph }: BuiltJob, options: JobOptions): readonly number[] {
  const { threads = availableParallelism(), maxParallelism: asked } = options;
  const { parallelism = Math.max(1, threads) } = options;
  return keyGroupsOf(graph, { parallelism, asked, last: null }).keyGroups;
}
