/** `millrace run`: loads a module, runs its job, shows progress, and turns the end into an exit code. */
import { startThreads } from '../job/job-coordinator.ts';
import type { WorkerPool } from '../job/worker-pool.ts';
import { type Served, startServed } from '../server/serve.ts';
import { runSettings } from './config/settings.ts';
import { fail } from './failure.ts';
import { checkHost } from './flags.ts';
import { follow } from './follow-job.ts';
import { findModule, loadJob } from './load-job.ts';
import { NO_DOORS, type RunFlags } from './run-options.ts';

/** Exit code of the process. */
export async function runCommand(module: string, flags: RunFlags): Promise<number> {
  if (flags.watch) {
    const { superviseCommand } = await import('./upgrade/supervisor.ts');
    return await superviseCommand(module, flags);
  }
  let threads: WorkerPool | null = null;
  let served: Served | null = null;
  try {
    // Ahead of the settings, whose file may be TypeScript.
    const path = await findModule(module);
    const settings = await runSettings(flags);
    if (settings.ofAll !== null) {
      checkHost(settings.ofAll.options, flags);
      threads = startThreads(settings.ofAll.options);
    }
    const job = await loadJob(path, flags.job ?? null);
    const { options, progress } = settings.of(job.name);
    checkHost(options, flags);
    threads ??= startThreads(options);
    served = await startServed(job, options, NO_DOORS, threads);
    return await follow(served.job, { progress, json: flags.json ?? false, host: options.host });
  } catch (error) {
    await threads?.terminate();
    return fail(flags, error);
  } finally {
    await served?.over;
  }
}
