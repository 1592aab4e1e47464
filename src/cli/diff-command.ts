/** `millrace diff`: what becomes of the state of a job when another version of it goes on from there. */
import { compareJobs, type JobDifference } from '../graph/compare-jobs.ts';
import { jobShape } from '../graph/job-shape.ts';
import { type AnswerFlags, answer } from './answer.ts';
import { differenceText } from './difference-text.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { findModule, loadJob } from './load-job.ts';

export type DiffFlags = AnswerFlags & {
  readonly param: Readonly<Record<string, string>>;
  readonly job?: string;
  readonly allowDroppedState?: boolean;
};

/** Exit code of the process. */
export function diffCommand(was: string, next: string, flags: DiffFlags): Promise<ExitCode> {
  const { param, job: name = null, allowDroppedState = false } = flags;
  const built = async (module: string) =>
    (await loadJob(await findModule(module), name)).build(param, false);
  const find = async (): Promise<JobDifference> => {
    const old = jobShape(await built(was));
    return compareJobs(old, await built(next), { allowDroppedState });
  };
  return answer(flags, find, differenceText, ({ isCompatible }) =>
    isCompatible ? EXIT.done : EXIT.incompatible,
  );
}
