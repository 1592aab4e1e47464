/** Jobs that have ended, each a file of JSON in a folder, as many as are kept; damaged files are left alone, and said. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { ARCHIVED_JOBS_MAX } from '../base/limits.ts';
import { outputError } from '../connector/file/sink/output-error.ts';
import type { Archive, ArchivedJob } from '../server/archive.ts';

const FILE = /^[\w-]+\.json$/;

export class ArchiveFolder implements Archive {
  readonly #folder: string;
  /** The newest first. */
  #jobs: readonly ArchivedJob[];

  constructor(folder: string, warn: (message: string) => void) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw outputError(folder, cause);
    }
    const names = readdirSync(folder).filter((name) => FILE.test(name));
    const found = names.flatMap((name) => {
      try {
        return [archivedJob(readFileSync(join(folder, name), 'utf8'), name)];
      } catch (error) {
        warn(`${join(folder, name)} is no job that has ended: ${messageOf(error)}`);
        return [];
      }
    });
    this.#jobs = found.sort((a, b) => b.endedAt - a.endedAt);
    this.#forgetOld();
  }

  all(): readonly ArchivedJob[] {
    return this.#jobs;
  }

  find(id: string): ArchivedJob | null {
    return this.#jobs.find((job) => job.id === id) ?? null;
  }

  /** In place of what is kept of an earlier run of the same job. */
  add(job: ArchivedJob): void {
    const path = this.#pathOf(job);
    // An id comes from the manifest of a checkpoint, which may come from anywhere.
    if (!FILE.test(`${job.id}.json`)) throw new Error(`'${job.id}' is no id of a job`);
    writeFileSync(`${path}.new`, JSON.stringify(job));
    renameSync(`${path}.new`, path);
    this.#jobs = [job, ...this.#jobs.filter(({ id }) => id !== job.id)];
    this.#forgetOld();
  }

  #forgetOld(): void {
    for (const old of this.#jobs.slice(ARCHIVED_JOBS_MAX)) {
      rmSync(this.#pathOf(old), { force: true });
    }
    this.#jobs = this.#jobs.slice(0, ARCHIVED_JOBS_MAX);
  }

  #pathOf({ id }: ArchivedJob): string {
    return join(this.#folder, `${id}.json`);
  }
}

/** Of the text of a file, which bears the id of its job. */
function archivedJob(text: string, name: string): ArchivedJob {
  const job = JSON.parse(text) as ArchivedJob;
  const isOne =
    `${job?.id}.json` === name &&
    typeof job.name === 'string' &&
    Number.isFinite(job.endedAt) &&
    typeof job.row === 'object' &&
    Array.isArray(job.archive);
  if (!isOne) throw new Error('it has other fields');
  return job;
}
