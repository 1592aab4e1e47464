/** A version of the job as the supervisor sees it: the process that has it, and what can be asked of it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { engineEntry } from '../../base/engine-files.ts';
import { reviveError } from '../../base/error-transport.ts';
import type { JobDifference } from '../../graph/compare-jobs.ts';
import type { JobShape } from '../../graph/job-shape.ts';
import { EXIT } from '../exit-codes.ts';
import type { RunFlags } from '../run-options.ts';
import type { FromJob, ToJob } from './upgrade.ts';

const ENTRY = fileURLToPath(engineEntry('cli/upgrade/job-process'));

/** What it was asked it could not do, for a reason that it tells in words for people; `cause` is the error of its process. */
export class Refused extends Error {}

type Question = {
  readonly wanted: FromJob['type'];
  readonly resolve: (message: FromJob) => void;
  readonly reject: (reason: Refused) => void;
};

export class Version {
  readonly #process: ChildProcess;
  #question: Question | null = null;
  /** The shape of its job; Refused where its module cannot be imported or its job not be built. */
  readonly loaded: Promise<JobShape>;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number>;

  /** Begins to load a module. */
  constructor(module: string, flags: RunFlags) {
    // In a process group of its own: a Ctrl-C of the terminal reaches the supervisor alone, which passes it on once.
    this.#process = fork(ENTRY, process.argv.slice(2), { detached: true });
    this.#process.on('message', (message: FromJob) => this.#take(message));
    this.ended = new Promise((resolve) => {
      this.#process.on('exit', (code) => {
        this.#question?.reject(new Refused(`its process ended, with exit code ${code}`));
        resolve(code ?? EXIT.failed);
      });
    });
    this.loaded = this.#ask({ type: 'load', module, flags }, 'loaded').then(({ shape }) => shape);
    this.loaded.catch(() => {});
  }

  /** What changes from the version of another process to this one. */
  async compare(was: JobShape): Promise<JobDifference> {
    return (await this.#ask({ type: 'compare', was }, 'difference')).difference;
  }

  /** Runs the job, anew with `fresh`; resolves with its shape when all its subtasks are at work. */
  async start(fresh: boolean): Promise<JobShape> {
    return (await this.#ask({ type: 'start', fresh }, 'running')).shape;
  }

  /** Ends the job behind a savepoint; resolves when its process has ended too. */
  async stop(savepoint: string): Promise<void> {
    await this.#ask({ type: 'stop', savepoint }, 'stopped');
    await this.ended;
  }

  /** As for a process of its own: the first signal cancels a job, the second ends it. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** One question at a time. */
  async #ask<T extends FromJob['type']>(
    message: ToJob,
    wanted: T,
  ): Promise<Extract<FromJob, { type: T }>> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) throw new Refused('its process has ended');
    const answer = await new Promise<FromJob>((resolve, reject) => {
      this.#question = { wanted, resolve, reject };
      // A process that is gone has told so by its end.
      this.#process.send(message, () => {});
    });
    return answer as Extract<FromJob, { type: T }>;
  }

  #take(message: FromJob): void {
    const question = this.#question;
    if (question === null) return;
    this.#question = null;
    if (message.type === question.wanted) question.resolve(message);
    else if (message.type !== 'failed') question.reject(new Refused(message.type));
    else question.reject(new Refused(message.text, { cause: reviveError(message.error) }));
  }
}
