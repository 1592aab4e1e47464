/** `millrace bench` on the command line: its options and what its help teaches. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Duration, durationMs } from '../../time/duration.ts';
import { configOption, paramOption, wholeNumber } from '../options.ts';
import type { BenchFlags } from './bench.ts';

export function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .description('measure jobs: each run in a process of its own, several in turns')
    .argument('<module...>', 'files with a job each: flights.ts faster.ts')
    .option('-r, --rounds <n>', 'runs of each that count', rounds, 5)
    .option('--warm-up <n>', 'rounds before, which do not count', wholeNumber, 1)
    .option('-d, --duration <time>', 'cancel a run so long after its first record: 10s', duration)
    .option('-t, --threads <n,...>', 'worker threads; with several each is a variant', numbers)
    .option('-P, --parallelism <n,...>', 'subtasks; with several each is a variant', numbers)
    .addOption(paramOption())
    .option('-j, --job <name>', 'which job, when a module defines several')
    .addOption(configOption())
    .addOption(new Option('--batch', 'all input before the first result').conflicts('batchAuto'))
    .option('--batch-auto', 'the same, where all sources have an end')
    .option('--checkpoint-every <time>', 'take checkpoints, in a folder that goes with the run')
    .option('--no-progress', 'do not show on standard error what each run took')
    .option('--json', 'plain data instead of text, with every run')
    .addHelpText(
      'after',
      `
Examples:
  millrace bench flights.ts --param rows=10000000
  millrace bench flights.ts faster.ts --rounds 10
  millrace bench flights.ts --threads 2 --parallelism 1,2
  millrace bench clicks.ts --duration 10s --json | jq '.variants[].recordsPerSecond.median'

The order alternates from round to round, and figures are medians of the rounds. They are taken from the first record that
a source reads to the end of the job; a job whose input has no end needs --duration.
  records/s     its median, least and most; ratio and of rounds: that of the same round to the first variant
  a CPU second  records by the time of all threads of the process, also those of Node itself
  memory        the most that the process had resident
  GC            share of the time at work that went into garbage collection
  start-up      from the start of the process to the first record
  busiest       the task that was at work for most of its time; held up: by what comes behind it

Sinks write where they write: give the job other files by --param, or end it in blackhole(). What it prints on standard
output is thrown away. Options of the config file hold, but for port, log and restart; checkpoints that it has taken are
taken in a folder of their own, so that a run never goes on from those of the job.
Exit codes: 0 measured, 1 a job failed, 2 wrong usage, 130 cancelled by Ctrl-C.`,
    )
    .action(async (modules: readonly string[], flags: BenchFlags) => {
      const { benchCommand } = await import('./bench-command.ts');
      process.exitCode = await benchCommand(modules, flags);
    });
}

function rounds(text: string): number {
  const count = wholeNumber(text);
  if (count === 0) throw new InvalidArgumentError('It must be 1 or more.');
  return count;
}

function numbers(text: string): readonly number[] {
  return text.split(',').map(wholeNumber);
}

function duration(text: string): number {
  try {
    const ms = durationMs(text as Duration, '--duration');
    if (ms > 0) return ms;
  } catch {
    // Told below, as what is no time at all.
  }
  throw new InvalidArgumentError('It must be a time such as 10s (units ms, s, min, h, d).');
}
