/**
 * A random job in all the ways that a job can run: what comes out must be the same rows. It is compared with the naive evaluation,
 * where there is one, else with a run in one subtask.
 */
import type { Job, Outputs } from '../../../src/api/job.ts';
import { Random } from '../../../src/base/random.ts';
import type { RunOptions } from '../../../src/job/job.ts';
import { evaluate } from '../../../src/testing/naive/evaluate.ts';
import { shownRows, textOf, without } from '../../../src/testing/rows.ts';
import { simulate } from '../../../src/testing/simulate.ts';
import { buildJob, codeOf, outputsOf, type RandomJob, shorterJobs } from './random-job.ts';

/** Rows by output, as texts. */
type Rows = ReadonlyMap<string, readonly string[]>;

const SIMULATED_ROWS_MAX = 1000;
/** Threads take a while to start. */
const THREADED_ONE_OF = 24;
const STREAMING = { threads: 0, batch: false, log: 'error' } as const;

/** What is wrong with the engine, by a job; null when nothing is. */
export async function failureOf(of: RandomJob): Promise<string | null> {
  try {
    return await differenceOf(of);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

async function differenceOf(of: RandomJob): Promise<string | null> {
  const random = new Random(of.seed + 1);
  const alone = await collected(of, { ...STREAMING, parallelism: 1 });
  const expected = new Map([...alone, ...(await evaluated(of))]);
  const differs = (rows: Rows, how: string): string | null => {
    for (const [name, wanted] of expected) {
      const got = rows.get(name);
      if (got === undefined) continue;
      const [missing, extra] = [without(wanted, got), without(got, wanted)];
      if (missing.length > 0 || extra.length > 0)
        return `${how}: ${name} has ${got.length} rows for ${wanted.length}; missing ${shownRows(missing)}; too many ${shownRows(extra)}`;
    }
    return null;
  };
  const runs: RunOptions[] = [
    { ...STREAMING, parallelism: 1 },
    { ...STREAMING, parallelism: 2, chaining: random.below(2) === 0 },
    { ...STREAMING, parallelism: 3, bufferTimeout: 0, maxParallelism: random.pick([7, 128, 4096]) },
    { ...STREAMING, batch: true, parallelism: 1 + random.below(3) },
    ...(random.below(THREADED_ONE_OF) === 0 ? [{ ...STREAMING, threads: 2 }] : []),
  ];
  for (const options of runs) {
    const rows = await collected(of, options);
    const told = outputsOf(of).filter(
      ({ shape }) => !(options.batch === true && shape.isOfStreams),
    );
    const names = new Set(told.map(({ name }) => name));
    const found = differs(
      new Map([...rows].filter(([name]) => names.has(name))),
      JSON.stringify(options),
    );
    if (found !== null) return found;
  }
  // So many take a simulation minutes, which goes row by row.
  if (of.steps.some(({ count }) => count > SIMULATED_ROWS_MAX)) return null;
  const params = random.below(2) === 0 || !codeOf(of).includes("'rate'") ? {} : { rate: 4000 };
  await simulate(buildJob(of), { seed: of.seed, params });
  return null;
}

async function collected(of: RandomJob, options: RunOptions): Promise<Rows> {
  const hasThreads = options.threads !== 0 || codeOf(of).includes('mapParallel(');
  const job = hasThreads ? await jobOfThreads(of) : buildJob(of);
  const rows: Readonly<Record<string, readonly unknown[]>> = await job.collect(options);
  return new Map(Object.entries(rows).map(([name, all]) => [name, all.map(textOf)]));
}

async function jobOfThreads(of: RandomJob): Promise<Job<Outputs>> {
  const address = `./job-by-address.ts?${new URLSearchParams({ code: codeOf(of) })}`;
  const { default: found } = (await import(address)) as typeof import('./job-by-address.ts');
  return found;
}

/** Of outputs that are sure, by the naive evaluation; none where it has no such step. */
async function evaluated(of: RandomJob): Promise<Rows> {
  const built = buildJob(of).build({}, true);
  const { ends } = await evaluate(built);
  const found = new Map<string, readonly string[]>();
  for (const [name, node] of built.outputs) {
    const end = ends?.get(node);
    if (end !== undefined && end.keyOf === null) found.set(name, end.rows.map(textOf));
  }
  return found;
}

/** The shortest job found that fails, with what is wrong with it; null when the job is as it should be. */
export async function shortestFailure(
  of: RandomJob,
  fails: (job: RandomJob) => Promise<string | null> = failureOf,
): Promise<string | null> {
  let failure = await fails(of);
  if (failure === null) return null;
  let short = of;
  for (let found = true; found; ) {
    found = false;
    for (const shorter of shorterJobs(short)) {
      const next = await fails(shorter);
      // Another failure is another matter, such as of a step that cannot do without the one before it.
      if (next === null || kindOf(next) !== kindOf(failure)) continue;
      [short, failure, found] = [shorter, next, true];
      break;
    }
  }
  return `seed ${of.seed}: ${failure}\n\n${codeOf(short)}\n`;
}

/** The first words. */
function kindOf(failure: string): string {
  return failure.replaceAll(/\d+/g, '#').slice(0, 40);
}
