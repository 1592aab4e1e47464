/**
 * The jobs that one server tells of: those that run, and what is kept of those that have ended.
 *
 *   add → (asked)* → end   what is kept of it is written, and it is forgotten
 */
import type { WatchedJob } from '../job/job.ts';
import type { Archive } from './archive.ts';
import { EventStreams } from './events.ts';
import type { JobModules } from './modules.ts';
import { Operations } from './operations.ts';
import { Rates } from './rates.ts';

export type ServedJob = {
  readonly job: WatchedJob;
  readonly rates: Rates;
  readonly operations: Operations;
  readonly events: EventStreams;
};

export class ServedJobs {
  /** Of jobs that have ended; null where none are kept. */
  readonly archive: Archive | null;
  /** Modules whose jobs may be started; null for none. */
  modules: JobModules | null = null;
  readonly #running: ServedJob[] = [];

  constructor(archive: Archive | null = null) {
    this.archive = archive;
  }

  add(job: WatchedJob): ServedJob {
    const rates = new Rates(() => job.metrics());
    const events = new EventStreams(rates, () => job.metrics());
    const served = { job, rates, events, operations: new Operations() };
    this.#running.push(served);
    return served;
  }

  get all(): readonly ServedJob[] {
    return this.#running;
  }

  find(id: string): ServedJob | null {
    return this.#running.find(({ job }) => job.id === id) ?? null;
  }

  end(served: ServedJob): void {
    const at = this.#running.indexOf(served);
    if (at >= 0) this.#running.splice(at, 1);
    served.events.close();
    served.rates.close();
  }

  close(): void {
    for (const served of [...this.#running]) this.end(served);
  }
}
