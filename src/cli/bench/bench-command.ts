/** `millrace bench`: round by round each variant in a process of its own, then what all rounds say. */
import { availableParallelism, cpus } from 'node:os';
import { EngineError } from '../../base/errors.ts';
import { runSettings } from '../config/settings.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { describeFailure, type Failure, fail, failureOf, tellFailure } from '../failure.ts';
import { checkFlags } from '../flags.ts';
import { formatCount, formatDuration } from '../format.ts';
import { findModule } from '../load-job.ts';
import type { RunFlags } from '../run-options.ts';
import type { BenchFlags, BenchReport, Measurement, RunAnswer, Variant } from './bench.ts';
import { type BenchRun, startRun } from './bench-run.ts';
import { benchText } from './bench-text.ts';
import { recordsPerSecond, summarize } from './summary.ts';

/** Exit code of the process. */
export async function benchCommand(
  modules: readonly string[],
  flags: BenchFlags,
): Promise<ExitCode> {
  try {
    for (const module of modules) await findModule(module);
    const variants = variantsOf(modules, flags);
    for (const variant of variants) checkFlags(runFlags(flags, variant));
    const progress = await showsProgress(flags);
    const bench = new Bench(variants, flags, progress);
    const report = await bench.run();
    console.log(flags.json ? JSON.stringify(report, null, 2) : benchText(report));
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof Ended)) return fail(flags, error);
    tellFailure(flags, error.failure, error.message);
    return error.code;
  }
}

/** As the flags and the config file say, whose mistakes are told before anything begins. */
async function showsProgress({ config, progress }: BenchFlags): Promise<boolean> {
  const settings = await runSettings({
    param: {},
    progress,
    ...(config === undefined ? {} : { config }),
  });
  return settings.of('').progress;
}

/** Why there are no figures: the message is for people. */
class Ended extends Error {
  readonly code: ExitCode;
  readonly failure: Failure;

  constructor(message: string, code: ExitCode, failure: Failure = { code: null, message }) {
    super(message);
    this.code = code;
    this.failure = failure;
  }
}

class Bench {
  readonly #variants: readonly Variant[];
  readonly #flags: BenchFlags;
  readonly #progress: boolean;
  #running: BenchRun | null = null;
  #isCancelled = false;

  constructor(variants: readonly Variant[], flags: BenchFlags, progress: boolean) {
    this.#variants = variants;
    this.#flags = flags;
    this.#progress = progress;
  }

  async run(): Promise<BenchReport> {
    const onSignal = (): void => this.#cancel();
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      return await this.#allRounds();
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  }

  /** As for `run`: the first signal cancels the job, the second ends it. */
  #cancel(): void {
    this.#running?.kill(this.#isCancelled ? 'SIGKILL' : 'SIGTERM');
    this.#isCancelled = true;
  }

  async #allRounds(): Promise<BenchReport> {
    const { rounds, warmUp, duration = null } = this.#flags;
    const runs = new Map<Variant, Measurement[]>(this.#variants.map((variant) => [variant, []]));
    for (let round = 1 - warmUp; round <= rounds; round++) {
      const inTurn = round % 2 === 0 ? this.#variants : this.#variants.toReversed();
      for (const variant of inTurn) {
        const measurement = await this.#measure(variant, round);
        if (round > 0) runs.get(variant)!.push(measurement);
      }
    }
    return {
      node: process.version,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      rounds,
      warmUp,
      durationMs: duration,
      variants: summarize([...runs].map(([variant, own]) => ({ variant, runs: own }))),
    };
  }

  async #measure(variant: Variant, round: number): Promise<Measurement> {
    const { rounds, duration = null } = this.#flags;
    const label = `${round > 0 ? `round ${round} of ${rounds}` : 'warm-up'}  ${variant.name}`;
    const { module } = variant;
    this.#running = startRun({
      module,
      flags: runFlags(this.#flags, variant),
      durationMs: duration,
    });
    if (this.#progress && process.stderr.isTTY) process.stderr.write(`${label} ...\x1b[K\r`);
    const answer = await this.#running.answer;
    if (this.#isCancelled) throw new Ended('bench: cancelled', EXIT.cancelled);
    const measurement = measurementOf(answer, label);
    if (this.#progress) say(`${label}  ${progressOf(measurement)}`);
    return measurement;
  }
}

/** What there is of it. Ended where there is none. */
function measurementOf(answer: RunAnswer, label: string): Measurement {
  switch (answer.type) {
    case 'measured':
      return answer.measurement;
    case 'endless': {
      const message = `source '${answer.source}' has no end: say how long each run may take, by --duration 10s`;
      const error = new EngineError('JOB_DEFINITION', message);
      throw new Ended(describeFailure(error), EXIT.usage, failureOf(error));
    }
    default: {
      const { text, failure, isUsage } = answer;
      throw new Ended(`${label}  failed\n${text}`, isUsage ? EXIT.usage : EXIT.failed, failure);
    }
  }
}

function progressOf(measurement: Measurement): string {
  const { records, wallMs } = measurement;
  return `${formatCount(records)} records in ${formatDuration(wallMs)}, ${formatCount(recordsPerSecond(measurement))}/s`;
}

/** On standard error, in place of what runs. */
function say(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `${text}\x1b[K\n` : `${text}\n`);
}

/** Each module, of each size, named by what tells it from the others. */
function variantsOf(modules: readonly string[], flags: BenchFlags): readonly Variant[] {
  const { threads: threadCounts = [null], parallelism: parallelisms = [null] } = flags;
  return modules.flatMap((module) =>
    threadCounts.flatMap((threads) =>
      parallelisms.map((parallelism) => {
        const size = [
          ...(threadCounts.length > 1 ? [`threads ${threads}`] : []),
          ...(parallelisms.length > 1 ? [`parallelism ${parallelism}`] : []),
        ];
        const isNamed = modules.length > 1 || size.length === 0;
        return {
          name: [...(isNamed ? [module] : []), ...size].join(', '),
          module,
          threads,
          parallelism,
        };
      }),
    ),
  );
}

/** Those that `millrace run` would get. */
function runFlags(flags: BenchFlags, { threads, parallelism }: Variant): RunFlags {
  const { param, job, config, batch, batchAuto, checkpointEvery, progress } = flags;
  return {
    param,
    progress,
    ...(threads === null ? {} : { threads }),
    ...(parallelism === null ? {} : { parallelism }),
    ...(job === undefined ? {} : { job }),
    ...(config === undefined ? {} : { config }),
    ...(batch === undefined ? {} : { batch }),
    ...(batchAuto === undefined ? {} : { batchAuto }),
    ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
  };
}
