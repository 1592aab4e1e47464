/**
 * `millrace run --watch`: runs a version of the job, and the next when its module is saved (upgrade.ts).
 *
 *   a version runs ─ saved ─▶ the next one is loaded ─ it cannot be, or would lose state ─▶ the version runs on
 *         ▲                             │ its state goes on
 *         └───────── it runs ◀──────────┘
 *   a version fails ─────▶ none runs ─ saved ─▶ the next one goes on from the last checkpoint
 */
import { messageOf } from '../../base/errors.ts';
import type { JobShape } from '../../graph/job-shape.ts';
import { type RunSettings, runSettings, type Settings } from '../config/settings.ts';
import { differenceText } from '../difference-text.ts';
import { EXIT } from '../exit-codes.ts';
import { fail } from '../failure.ts';
import { checkHost, wrongFlag } from '../flags.ts';
import { formatDuration } from '../format.ts';
import { findModule } from '../load-job.ts';
import type { RunFlags } from '../run-options.ts';
import { SavedFiles } from './saved-files.ts';
import { newestCheckpoint, nextSavepoint, removeOldSavepoints } from './savepoints.ts';
import { Refused, Version } from './version.ts';

/** Exit code of the process: that of the version that came to an end. */
export async function superviseCommand(module: string, flags: RunFlags): Promise<number> {
  try {
    const settings = await runSettings(flags);
    if (settings.ofAll !== null) check(settings.ofAll, flags);
    const supervisor = new Supervisor(await findModule(module), flags, settings);
    return await supervisor.run();
  } catch (error) {
    if (!(error instanceof Refused)) return fail(flags, error);
    return fail(flags, error.cause ?? error, error.message);
  }
}

class Supervisor {
  readonly #module: string;
  readonly #flags: RunFlags;
  readonly #settings: Settings;
  readonly #files: SavedFiles;
  /** The version that runs; null when none does. */
  #running: Version | null = null;
  /** The version that is being loaded. */
  #next: Version | null = null;
  /** Of the version that has run last: what its state is like. */
  #shape: JobShape | null = null;
  /** The newest checkpoint that was there before; null before the first version starts. */
  #newestBefore: number | null = null;
  #isCancelled = false;

  constructor(module: string, flags: RunFlags, settings: Settings) {
    this.#module = module;
    this.#flags = flags;
    this.#settings = settings;
    this.#files = new SavedFiles(module);
  }

  async run(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.#cancel(signal);
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      const first = await this.#load();
      this.#shape = await first.loaded;
      check(this.#settings.of(this.#shape.job), this.#flags);
      await this.#start(first, this.#shape);
      return await this.#live();
    } catch (error) {
      // Its state is in its last checkpoint.
      this.#running?.kill('SIGTERM');
      await this.#running?.ended;
      if (this.#isCancelled) return EXIT.cancelled;
      throw error;
    } finally {
      this.#files.close();
      this.#next?.kill('SIGKILL');
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  }

  #checkpointDir({ job }: JobShape): string {
    return checkpointDirOf(this.#settings.of(job));
  }

  #cancel(signal: NodeJS.Signals): void {
    this.#isCancelled = true;
    this.#running?.kill(signal);
    this.#next?.kill('SIGKILL');
    if (this.#running === null) this.#wake();
  }

  #wake: () => void = () => {};

  /** Version after version, until one comes to its end. */
  async #live(): Promise<number> {
    while (!this.#isCancelled) {
      const ended = await this.#untilSavedOrEnded();
      if (ended === null && !this.#isCancelled) await this.#upgrade();
      else if (ended === EXIT.failed) {
        this.#running = null;
        say('the job has failed: the next version that is saved goes on from its last checkpoint');
      } else if (ended !== null) return ended;
    }
    return (await this.#running?.ended) ?? EXIT.cancelled;
  }

  /** The exit code of the version that has ended; null for a new version. */
  #untilSavedOrEnded(): Promise<number | null> {
    const woken = new Promise<null>((resolve) => {
      this.#wake = () => resolve(null);
    });
    const saved = this.#files.saved().then(() => null);
    return Promise.race([saved, woken, ...(this.#running === null ? [] : [this.#running.ended])]);
  }

  /** Its files are known before it reads them: whatever is saved from then on is news. */
  async #load(): Promise<Version> {
    await this.#files.update();
    if (this.#isCancelled) throw new Refused('cancelled');
    this.#next = new Version(this.#module, this.#flags);
    return this.#next;
  }

  async #start(version: Version, shape: JobShape): Promise<void> {
    this.#running = version;
    this.#next = null;
    try {
      this.#shape = await version.start(this.#isFresh(shape));
    } catch (error) {
      version.kill('SIGKILL');
      this.#running = null;
      throw error;
    }
  }

  /** What was said about the first start holds until there is a checkpoint of this run to go on from. */
  #isFresh(shape: JobShape): boolean {
    const newest = newestCheckpoint(this.#checkpointDir(shape));
    this.#newestBefore ??= newest;
    return this.#flags.fresh === true && newest === this.#newestBefore;
  }

  /** Never ends the version that runs before the next one is known to go on from it. */
  async #upgrade(): Promise<void> {
    this.#files.take();
    try {
      const next = await this.#load();
      const shape = await Promise.race([next.loaded, this.#files.saved().then(() => null)]);
      // What is saved meanwhile is tried instead, also where a module never comes to its end.
      if (shape === null) return next.kill('SIGKILL');
      const difference = await next.compare(this.#shape!);
      say(differenceText(difference));
      if (!difference.isCompatible) return this.#giveUp();
      const began = performance.now();
      await this.#stop();
      await this.#start(next, shape);
      say(`the new version runs, after ${formatDuration(performance.now() - began)}`);
      removeOldSavepoints(this.#checkpointDir(shape));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#giveUp(error.message);
    }
  }

  /** Ends the version that runs behind a savepoint, by which one can come back to it. */
  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    const savepoint = nextSavepoint(this.#checkpointDir(this.#shape!));
    try {
      await running.stop(savepoint);
      say(`the version before is kept in ${savepoint}`);
    } catch (error) {
      // What could not be written was to be the way back; the last checkpoint is there to go on from.
      running.kill('SIGTERM');
      if ((await running.ended) === EXIT.done) throw error;
      say(`${messageOf(error)}\nthe new version goes on from the last checkpoint`);
    }
    this.#running = null;
  }

  #giveUp(reason = ''): void {
    this.#next?.kill('SIGKILL');
    this.#next = null;
    if (this.#isCancelled) return;
    if (reason !== '') say(reason);
    say(
      this.#running === null
        ? 'no version runs: the next one that is saved goes on from the last checkpoint'
        : 'the job goes on as it was',
    );
  }
}

/** EngineError CONFIG_INVALID for what no version could run with. */
function check(settings: RunSettings, flags: RunFlags): void {
  checkpointDirOf(settings);
  checkHost(settings.options, flags);
}

/** EngineError CONFIG_INVALID where there is none. */
function checkpointDirOf({ options: { checkpoints } }: RunSettings): string {
  if (checkpoints !== undefined) return checkpoints.dir;
  throw wrongFlag(
    '--watch needs --checkpoint-dir: there the next version finds the state of the one before',
  );
}

/** On standard error, in place of a line of progress. */
function say(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\x1b[K${text}\n` : `${text}\n`);
}
