/** Running jobs that can be asked: over the control sockets of this machine, or over a server. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EngineError, messageOf } from '../base/errors.ts';
import { PROCESS_WAIT_MS } from '../base/limits.ts';
import { idOf } from '../checkpoint/checkpoint-names.ts';
import { LOCK_NAME } from '../checkpoint/lock.ts';
import { askRest, nobody, ownerOf, processes } from './control.ts';

/** A job as a list has it. */
export type ListedJob = {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly duration: number;
  readonly records: number;
};

export interface RunningJob extends ListedJob {
  /** `process 123`, or the address of its server. */
  readonly where: string;
  /** Null for one that is asked over its server. */
  readonly pid: number | null;
  /** Asks its REST API, by a path below `/jobs/<id>`. EngineError for an answer that is an error. */
  ask<T>(method: 'GET' | 'PATCH', path: string): Promise<T>;
}

/** What there is: a process that does not answer may have any jobs. */
export type RunningJobs = {
  readonly jobs: readonly RunningJob[];
  /** Processes that take a question and do not answer it. */
  readonly silent: readonly number[];
};

type Answer = { readonly status: number; readonly body: unknown };
type Ask = (method: string, path: string) => Promise<Answer>;

const OVERVIEW = '/jobs/overview';

const ADDRESS = /^https?:\/\//;
/** `localhost:8081` */
const WITHOUT_SCHEME = /^[^/]+:\d+\/?$/;
/** Of one of the jobs of a server, by its id or name. */
const ADDRESS_OF_JOB = /^(https?:\/\/[^/]+)\/jobs\/([^/]+)\/?$/;
/** States of jobs that have not ended. */
const RUNNING: ReadonlySet<string> = new Set(['RUNNING', 'RESTARTING']);

/** All jobs that run on this machine; or those of a server, also those that have ended. */
export async function runningJobs(address: string | null): Promise<RunningJobs> {
  if (address !== null) {
    const url = WITHOUT_SCHEME.test(address) ? `http://${address}` : address;
    const ask = overHttp(url);
    return { jobs: jobsOf(await ask('GET', OVERVIEW), url, null, ask), silent: [] };
  }
  const { jobs, silent } = await jobsOfProcesses(processes());
  return { jobs: jobs.filter(isRunning), silent };
}

/** One question each: a process may have ended before a second. */
async function jobsOfProcesses(pids: readonly number[]): Promise<RunningJobs> {
  const asked = await Promise.all(
    pids.map(async (pid) => ({ pid, answer: await askRest(pid, 'GET', OVERVIEW) })),
  );
  return {
    jobs: asked.flatMap(({ pid, answer }) =>
      typeof answer === 'string' ? [] : jobsOf(answer, `process ${pid}`, pid, overSocket(pid)),
    ),
    silent: asked.flatMap(({ pid, answer }) => (answer === 'silent' ? [pid] : [])),
  };
}

/** The one job that is meant. EngineError JOB_NOT_FOUND for none, or several. */
export async function findRunningJob(job: string): Promise<RunningJob> {
  if (ADDRESS.test(job)) return await jobOfServer(job);
  const isDirectory = isLocked(job);
  const { jobs, silent } = await jobsOfProcesses(isDirectory ? [ownerOf(job)] : processes());
  const meant = isDirectory
    ? await thoseIn(job, runningFirst(jobs))
    : runningFirst(jobs.filter((one) => isNamed(one, job)));
  if (meant.length === 1) return meant[0]!;
  if (meant.length === 0 && hasCheckpoints(job)) throw nobody(job);
  throw new EngineError(
    'JOB_NOT_FOUND',
    meant.length === 0
      ? `no job '${job}' runs here: millrace list shows those that do${silentText(silent)}`
      : `several jobs are '${job}': choose one by its id: ${meant.map(({ jid }) => jid).join(', ')}`,
  );
}

/** Of several jobs of a process the one whose checkpoints are in a directory, which may be told from where the process is. */
async function thoseIn(path: string, jobs: readonly RunningJob[]): Promise<readonly RunningJob[]> {
  if (jobs.length < 2) return jobs;
  const dirs = await Promise.all(
    jobs.map(async (job) => {
      const config = job.ask<{ directory: string }>('GET', '/checkpoints/config');
      return await config.then(({ directory }) => join('/', directory)).catch(() => null);
    }),
  );
  const found = jobs.filter((_, n) => dirs[n] !== null && resolve(path).endsWith(dirs[n]!));
  return found.length === 0 ? jobs : found;
}

/** Those that run, or where none does those that have ended: a server tells of both. */
function runningFirst(jobs: readonly RunningJob[]): readonly RunningJob[] {
  const running = jobs.filter(isRunning);
  return running.length === 0 ? jobs : running;
}

function isRunning({ state }: ListedJob): boolean {
  return RUNNING.has(state);
}

async function jobOfServer(address: string): Promise<RunningJob> {
  const [, url = address, name = null] = ADDRESS_OF_JOB.exec(address) ?? [];
  const { jobs } = await runningJobs(url);
  const meant = runningFirst(name === null ? jobs : jobs.filter((one) => isNamed(one, name)));
  if (meant.length === 1) return meant[0]!;
  const base = new URL('/jobs/', url).href;
  throw new EngineError(
    'JOB_NOT_FOUND',
    meant.length === 0
      ? `no job is at ${address}: millrace list ${new URL(url).origin} shows those of the server`
      : `several jobs are at ${address}: choose one by its address: ${meant.map(({ jid }) => base + encodeURIComponent(jid)).join(', ')}`,
  );
}

/** In an address names are escaped. */
function isNamed({ jid, name }: ListedJob, text: string): boolean {
  return jid === text || name === text || encodeURIComponent(name) === text;
}

function silentText(silent: readonly number[]): string {
  return silent.map((pid) => `; process ${pid} does not answer`).join('');
}

/** Where a job can be told something: its process, and what it is called there. */
export type JobPlace = { readonly pid: number; readonly job: string };

/** By the directory of its checkpoints, its id or its name. EngineError JOB_NOT_FOUND. */
export async function placeOf(job: string): Promise<JobPlace> {
  if (isLocked(job)) return { pid: ownerOf(job), job: resolve(job) };
  if (!ADDRESS.test(job)) {
    const { pid, jid } = await findRunningJob(job);
    if (pid !== null) return { pid, job: jid };
  }
  throw new EngineError(
    'JOB_NOT_FOUND',
    `${job} is the address of a server: ask on its machine by id, name or --checkpoint-dir, or its REST API`,
  );
}

/** Whether somebody uses it, or has left it without a word; any other folder may have the name of a job. */
function isLocked(checkpointDir: string): boolean {
  return existsSync(join(checkpointDir, LOCK_NAME));
}

function hasCheckpoints(path: string): boolean {
  try {
    return readdirSync(path).some((name) => idOf(name) !== null);
  } catch {
    return false;
  }
}

/** Those that an overview lists. */
function jobsOf(overview: Answer, where: string, pid: number | null, ask: Ask): RunningJob[] {
  const { jobs } = bodyOf<{ jobs: ListedJob[] }>(overview);
  return jobs.map((job) => ({
    ...job,
    where,
    pid,
    async ask<T>(method: 'GET' | 'PATCH', path: string) {
      return bodyOf<T>(await ask(method, `/jobs/${encodeURIComponent(job.jid)}${path}`));
    },
  }));
}

function bodyOf<T>({ status, body }: Answer): T {
  if (status < 400) return body as T;
  const { errors = [] } = (body ?? {}) as { errors?: readonly string[] };
  throw new EngineError('JOB_NOT_FOUND', errors[0] ?? `the server answers ${status}`);
}

function overSocket(pid: number): Ask {
  return async (method, path) => {
    const answer = await askRest(pid, method, path);
    if (typeof answer !== 'string') return answer;
    const became = answer === 'ended' ? 'has ended' : 'does not answer';
    throw new EngineError('JOB_NOT_FOUND', `process ${pid} ${became}`);
  };
}

function overHttp(url: string): Ask {
  const token = process.env.MILLRACE_TOKEN;
  return async (method, path) => {
    try {
      const response = await fetch(new URL(path, url), {
        method,
        signal: AbortSignal.timeout(PROCESS_WAIT_MS),
        ...(token ? { headers: { Authorization: `Bearer ${token}` } } : {}),
      });
      return { status: response.status, body: await response.json() };
    } catch (cause) {
      throw new EngineError('JOB_NOT_FOUND', `no server answers at ${url}: ${messageOf(cause)}`, {
        cause,
      });
    }
  };
}
