/** Asks running jobs how they are. */
import type { JobCheckpoints, JobInfo } from '../job-answers.ts';
import { type ListedJob, type RunningJob, runningJobs } from '../running-jobs.ts';

export type Watermarks = readonly { readonly value: string }[];

/** What was asked of the chosen job. */
export type JobSample = {
  readonly info: JobInfo;
  readonly checkpoints: JobCheckpoints;
  /** By the id of the task. */
  readonly watermarks: ReadonlyMap<string, Watermarks>;
};

export type Sample = {
  readonly at: number;
  readonly jobs: readonly (ListedJob & { readonly where: string })[];
  /** Processes that take a question and do not answer it. */
  readonly silent: readonly number[];
  readonly chosen: JobSample | null;
};

/** All jobs, and more of the one with this id, or of the first where there is none such. */
export async function sample(url: string | null, chosen: string | null): Promise<Sample> {
  const { jobs, silent } = await runningJobs(url);
  const job = jobs.find(({ jid }) => jid === chosen) ?? jobs[0];
  return { at: Date.now(), jobs, silent, chosen: job === undefined ? null : await sampleOf(job) };
}

/** Null for a job that has ended meanwhile. */
async function sampleOf(job: RunningJob): Promise<JobSample | null> {
  try {
    const info = await job.ask<JobInfo>('GET', '');
    const checkpoints = await job.ask<JobCheckpoints>('GET', '/checkpoints');
    const watermarks = new Map<string, Watermarks>();
    for (const { id } of info.vertices) {
      watermarks.set(id, await job.ask<Watermarks>('GET', `/vertices/${id}/watermarks`));
    }
    return { info, checkpoints, watermarks };
  } catch {
    return null;
  }
}
