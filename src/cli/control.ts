/**
 * How another command asks something of a job that `millrace run` runs on the same machine: a socket that is found by the
 * number of the process, which the lock of its checkpoint directory tells. One request a connection, one answer, each a
 * line of JSON.
 */
import { readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError, type ErrorCode, messageOf } from '../base/errors.ts';
import { LOCK_NAME } from '../checkpoint/lock.ts';
import type { JobClient, StopOptions } from '../job/job.ts';

/** What can be asked. */
export type ControlRequest =
  | { readonly ask: 'savepoint'; readonly dir: string }
  | { readonly ask: 'stop'; readonly options: StopOptions };

/** What was done, or why not. */
type Answer =
  | { readonly done: string }
  | { readonly code: ErrorCode | null; readonly message: string };

function socketOf(pid: number): string {
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\millrace-${pid}`
    : join(tmpdir(), `millrace-${pid}.sock`);
}

/** Answers requests about a job until `close`. A job that cannot be reached still runs. */
export function answerRequests(client: JobClient): { close(): void } {
  const path = socketOf(process.pid);
  const server: Server = createServer((socket) => {
    onLine(socket, (line) => {
      void answer(client, line).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
    });
  });
  server.on('error', () => {});
  if (process.platform !== 'win32') rmSync(path, { force: true });
  server.listen(path);
  server.unref();
  return { close: () => server.close() };
}

async function answer(client: JobClient, line: string): Promise<Answer> {
  try {
    const request = JSON.parse(line) as ControlRequest;
    if (request.ask === 'savepoint') return { done: await client.savepoint(request.dir) };
    const { state } = await client.stop(request.options);
    return { done: state };
  } catch (error) {
    return {
      code: error instanceof EngineError ? error.code : null,
      message: messageOf(error),
    };
  }
}

/** Asks the job that uses a checkpoint directory; resolves to what was done. */
export async function ask(checkpointDir: string, request: ControlRequest): Promise<string> {
  const path = socketOf(ownerOf(checkpointDir));
  const line = await new Promise<string>((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('error', () => reject(nobody(checkpointDir)));
    socket.on('close', () => reject(nobody(checkpointDir)));
    onLine(socket, resolve);
  });
  const reply = JSON.parse(line) as Answer;
  if ('done' in reply) return reply.done;
  throw new EngineError(reply.code ?? 'USER_FUNCTION', reply.message);
}

function ownerOf(checkpointDir: string): number {
  try {
    const { pid } = JSON.parse(readFileSync(join(checkpointDir, LOCK_NAME), 'utf8')) as {
      pid: number;
    };
    return pid;
  } catch (cause) {
    throw new EngineError('JOB_NOT_FOUND', nobody(checkpointDir).message, { cause });
  }
}

function nobody(checkpointDir: string): EngineError {
  return new EngineError(
    'JOB_NOT_FOUND',
    `no job runs on '${checkpointDir}': give the --checkpoint-dir of a job that millrace run runs on this machine`,
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
