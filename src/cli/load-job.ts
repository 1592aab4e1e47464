/** What commands that name a job have in common: finding it. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { engineFile } from '../base/engine-files.ts';
import { EngineError } from '../base/errors.ts';
import { findJob, type RegisteredJob } from '../graph/job-registry.ts';
import { loadJobs } from '../graph/load-job.ts';
import { unlessIdle } from './unless-idle.ts';

/** Parts of the package by how a module names them, but for the one that every job imports. */
const PARTS: readonly (readonly [RegExp, () => Promise<unknown>])[] = [
  [/millrace\/connectors\/files/, () => import('../connector/file/index.ts')],
  [/millrace\/connectors\/net/, () => import('../connector/net/index.ts')],
  [/millrace\/kafka/, () => import('../connector/kafka/index.ts')],
  [/millrace\/connectors['"]/, () => import('../connector/kit/index.ts')],
];

/** A module that is there, by its real path, with what it imports of this package loaded already. */
export async function findModule(module: string): Promise<string> {
  if (!statSync(module, { throwIfNoEntry: false })?.isFile()) {
    throw new EngineError('JOB_NOT_FOUND', `there is no file '${module}'`);
  }
  // Before hooks for TypeScript make each module cost a message to another thread.
  const text = readFileSync(module, 'utf8');
  const parts = PARTS.filter(([name]) => name.test(text)).map(([, load]) => load());
  await Promise.all([import('../index.ts'), ...parts]);
  // Node knows a module by its real path, whatever links lead to it.
  return realpathSync(module);
}

let isInstalled = false;

/** What Node needs to import the file, where it does not strip types itself. */
export function installTypescript(path: string): void {
  const isNative = Boolean((process.features as { typescript?: unknown }).typescript);
  if (isInstalled || isNative || !/\.m?ts$/.test(path)) return;
  isInstalled = true;
  register(engineFile('base/typescript-hooks.mjs'));
}

/** All jobs of a module, by its real path. */
export async function jobsOfModule(path: string): Promise<readonly RegisteredJob[]> {
  installTypescript(path);
  const jobs = await unlessIdle(loadJobs(pathToFileURL(path).href), () => {
    throw new EngineError(
      'JOB_DEFINITION',
      `'${path}' waits at its top level for something that never comes: look at its awaits, and those of its imports`,
    );
  });
  return jobs.map(({ url, name }) => findJob(url, name));
}

/** The job of a module; by its name, where there are several. */
export async function loadJob(path: string, name: string | null): Promise<RegisteredJob> {
  const jobs = await jobsOfModule(path);
  const chosen = name === null ? jobs : jobs.filter((job) => job.name === name);
  if (chosen.length === 1) return chosen[0]!;
  const names = jobs.map((job) => job.name).join(', ');
  throw new EngineError(
    'JOB_NOT_FOUND',
    jobs.length === 0
      ? `'${path}' defines no job: call job(import.meta, name, define) at its top level`
      : `choose one of the jobs of '${path}' by --job: ${names}`,
  );
}
