/** `millrace diff`: what becomes of the state of a job when another version of it goes on from there. */
import { compareJobs, type JobDifference } from '../graph/compare-jobs.ts';
import { jobShape } from '../graph/job-shape.ts';
import { type AnswerFlags, answer } from './answer.ts';
import { jobOptions } from './config/settings.ts';
import { differenceText } from './difference-text.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { findModule, loadJob } from './load-job.ts';
import type { JobFlags } from './run-options.ts';

export type DiffFlags = AnswerFlags & JobFlags & { readonly allowDroppedState?: boolean };

/** Exit code of the process. */
export function diffCommand(was: string, next: string, flags: DiffFlags): Promise<ExitCode> {
  const { job: name = null, allowDroppedState = false } = flags;
  const built = async (module: string) => {
    const job = await loadJob(await findModule(module), name);
    const { params } = (await jobOptions(flags))(job.name);
    return job.build(params, false);
  };
  const find = async (): Promise<JobDifference> => {
    const old = jobShape(await built(was));
    return compareJobs(old, await built(next), { allowDroppedState });
  };
  return answer(flags, find, differenceText, ({ isCompatible }) =>
    isCompatible ? EXIT.done : EXIT.incompatible,
  );
}
