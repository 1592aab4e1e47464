/**
 * How another command asks something of a job that `millrace run` or `millrace serve` runs on the same machine: a socket that is
 * found by the number of the process, which the lock of its checkpoint directory tells. One request a connection, one answer,
 * each a line of JSON.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { EngineError, type ErrorCode, messageOf } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import { OUTCOME_WAIT_MS, PROCESS_WAIT_MS } from '../base/limits.ts';
import { LOCK_NAME } from '../checkpoint/lock.ts';
import type { CheckpointNowOptions, TakenCheckpoint } from '../job/checkpoint-settings.ts';
import type { JobState, StopOptions, WatchedJob } from '../job/job.ts';
import {
  answerOfError,
  findRoute,
  type Answer as RestAnswer,
  RestApi,
} from '../server/rest-api.ts';
import type { ServedJobs } from '../server/served-jobs.ts';

/** What can be asked. `job`: the id of the one that is meant, or the path of its checkpoint directory. */
export type ControlRequest =
  | ActionRequest
  /** A request of the REST API, whether the job has a server or not. */
  | { readonly ask: 'rest'; readonly method: string; readonly path: string };

type ActionRequest =
  | { readonly ask: 'checkpoint'; readonly job: string; readonly options: CheckpointNowOptions }
  | { readonly ask: 'savepoint'; readonly job: string; readonly dir: string }
  | { readonly ask: 'stop'; readonly job: string; readonly options: StopOptions };

/** What is told when it is done: the checkpoint, the path of the savepoint, the state of the job that has stopped. */
type Done = {
  readonly checkpoint: TakenCheckpoint;
  readonly savepoint: string;
  readonly stop: JobState;
};

/** What was done, or why not. */
type Answer =
  | { readonly done: Done[keyof Done] }
  | { readonly rest: RestAnswer }
  | { readonly code: ErrorCode | null; readonly message: string };

const SOCKETS = process.platform === 'win32' ? '\\\\.\\pipe\\' : tmpdir();

function socketOf(pid: number): string {
  return process.platform === 'win32'
    ? `${SOCKETS}millrace-${pid}`
    : join(SOCKETS, `millrace-${pid}.sock`);
}

/** Processes that run jobs on this machine; some may have left their socket behind. */
export function processes(): number[] {
  return readdirSync(SOCKETS)
    .map((name) => /^millrace-(\d+)(\.sock)?$/.exec(name)?.[1])
    .flatMap((pid) => (pid === undefined ? [] : [Number(pid)]))
    .sort((a, b) => a - b);
}

/**
 * Answers requests about the jobs of this process until `close`, which waits for answers on their way. Jobs that cannot be reached
 * still run.
 */
export function answerRequests(jobs: () => ServedJobs): { close(): Promise<void> } {
  const path = socketOf(process.pid);
  /** Each until its answer has been sent. */
  const asked = new Set<Promise<void>>();
  const server: Server = createServer((socket) => {
    onLine(socket, (line) => {
      const told = answer(jobs(), line).then((reply) => sent(socket, reply));
      asked.add(told);
      void told.then(() => asked.delete(told));
    });
  });
  server.on('error', () => {});
  if (process.platform !== 'win32') rmSync(path, { force: true });
  server.listen(path);
  server.unref();
  return {
    async close() {
      server.close();
      await new Promise<void>((resolve) => {
        const stopWaiting = after(OUTCOME_WAIT_MS, resolve);
        void Promise.all(asked).then(stopWaiting).then(resolve);
      });
    },
  };
}

/** Resolves when the other side has it, or has gone. */
function sent(socket: Socket, reply: Answer): Promise<void> {
  return new Promise((resolve) => {
    socket.on('close', () => resolve());
    socket.end(`${JSON.stringify(reply)}\n`, () => resolve());
  });
}

async function answer(jobs: ServedJobs, line: string): Promise<Answer> {
  try {
    const request = JSON.parse(line) as ControlRequest;
    if (request.ask === 'rest') {
      return { rest: await restAnswer(new RestApi(jobs), request.method, request.path) };
    }
    const job = meantJob(jobs, request.job);
    return { done: await act(job, request) };
  } catch (error) {
    return {
      code: error instanceof EngineError ? error.code : null,
      message: messageOf(error),
    };
  }
}

async function act(job: WatchedJob, request: ActionRequest): Promise<Done[keyof Done]> {
  switch (request.ask) {
    case 'checkpoint':
      return await job.checkpoint(request.options);
    case 'savepoint':
      return await job.savepoint(request.dir);
    case 'stop':
      return (await job.stop(request.options)).state;
  }
}

/** By a path the only one is meant, where there is one: that of its directory may be another there. */
function meantJob({ all }: ServedJobs, text: string): WatchedJob {
  const [first, ...others] = all.map(({ job }) => job);
  if (first !== undefined && others.length === 0 && isAbsolute(text)) return first;
  const meant = all.find(({ job: { id, config } }) => {
    const dir = config.checkpoints?.dir;
    return id === text || (dir !== undefined && resolve(dir) === text);
  });
  if (meant !== undefined) return meant.job;
  throw new EngineError(
    'JOB_NOT_FOUND',
    `process ${process.pid} runs no job '${text}': millrace list shows those that run, with their ids`,
  );
}

async function restAnswer(api: RestApi, method: string, path: string): Promise<RestAnswer> {
  try {
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    return await api.answer(findRoute(method, pathname), searchParams, undefined);
  } catch (error) {
    return answerOfError(error);
  }
}

/** Asks the job of a process, which is named as `job` to people; resolves to what was done. */
export async function ask<Request extends ActionRequest>(
  pid: number,
  job: string,
  request: Request,
): Promise<Done[Request['ask']]> {
  const reply = await send(pid, request);
  if (reply === null) {
    throw new EngineError(
      'JOB_NOT_FOUND',
      `'${job}' does not run any more: process ${pid} has ended; millrace list shows the jobs that run`,
    );
  }
  if ('done' in reply) return reply.done as Done[Request['ask']];
  if ('rest' in reply) throw new Error('assertion failed: not what was asked');
  throw new EngineError(reply.code ?? 'USER_FUNCTION', reply.message);
}

/** What became of a question to a process: `ended` where nobody listens, `silent` where somebody does and does not answer. */
export type Asked = RestAnswer | 'ended' | 'silent';

/** Asks the REST API of a process, which has PROCESS_WAIT_MS to answer. */
export async function askRest(pid: number, method: string, path: string): Promise<Asked> {
  const signal = AbortSignal.timeout(PROCESS_WAIT_MS);
  const reply = await send(pid, { ask: 'rest', method, path }, signal);
  if (reply !== null && 'rest' in reply) return reply.rest;
  return signal.aborted ? 'silent' : 'ended';
}

/** Null where nobody answers before the signal; without one it waits as long as what is asked may take. */
async function send(
  pid: number,
  request: ControlRequest,
  signal?: AbortSignal,
): Promise<Answer | null> {
  const line = await new Promise<string | null>((resolve) => {
    const socket = connect({ path: socketOf(pid), ...(signal && { signal }) });
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') removeSocketOf(pid);
      resolve(null);
    });
    socket.on('close', () => resolve(null));
    onLine(socket, resolve);
  });
  return line === null ? null : (JSON.parse(line) as Answer);
}

/** What a process that was killed has left: every command would ask it again. */
function removeSocketOf(pid: number): void {
  if (isAlive(pid)) return;
  try {
    rmSync(socketOf(pid), { force: true });
  } catch {
    // It is that of another user.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The process that has the lock of a checkpoint directory. EngineError JOB_NOT_FOUND. */
export function ownerOf(checkpointDir: string): number {
  try {
    const { pid } = JSON.parse(readFileSync(join(checkpointDir, LOCK_NAME), 'utf8')) as {
      pid: number;
    };
    return pid;
  } catch (cause) {
    throw new EngineError('JOB_NOT_FOUND', nobody(checkpointDir).message, { cause });
  }
}

export function nobody(checkpointDir: string): EngineError {
  return new EngineError(
    'JOB_NOT_FOUND',
    `no job runs on '${checkpointDir}': give the --checkpoint-dir of a job that runs on this machine`,
  );
}

function onLine(socket: Socket, take: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => {});
  socket.on('data', (more: string) => {
    text += more;
    const end = text.indexOf('\n');
    if (end < 0) return;
    take(text.slice(0, end));
  });
}
