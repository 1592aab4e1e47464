/** `init`, `run`, `explain` and `diff` on the command line: their options and what their help teaches. */
import { type Command, Option } from 'commander';
import type { ConfigFlags } from './config/config-command.ts';
import type { DiffFlags } from './diff-command.ts';
import type { ExplainFlags } from './explain-command.ts';
import type { InitFlags } from './init/init-command.ts';
import {
  chainingOption,
  configOption,
  jobCommand,
  logLevelOption,
  paramOption,
  wholeNumber,
} from './options.ts';
import { runCommand } from './run-command.ts';
import type { RunFlags } from './run-options.ts';

export function addJobCommands(program: Command): void {
  program
    .command('init')
    .description('make a project: a job that runs, and a test of it')
    .argument('[dir]', 'an empty folder, or one that is not there yet', '.')
    .option('-y, --yes', 'without asking')
    .option('--json', 'the files as plain data')
    .addHelpText(
      'after',
      `
Examples:
  millrace init visits && cd visits && npm install && npm start
  mkdir jobs && cd jobs && git init && millrace init --yes
  millrace init visits --yes --json | jq -r '.files[]'

It writes package.json, tsconfig.json, a job in src, a test in test, .gitignore and a README. Nothing is downloaded before
npm install.`,
    )
    .action(async (dir: string, flags: InitFlags) => {
      const { initCommand } = await import('./init/init-command.ts');
      process.exitCode = await initCommand(dir, flags);
    });

  jobCommand(program, 'run', 'run the job that a TypeScript or JavaScript module defines')
    .addOption(chainingOption())
    .option('--thread-heap <MiB>', 'heap of each worker thread', wholeNumber)
    .option(
      '--checkpoint-dir <dir>',
      'take checkpoints there, and go on from the last one that is there',
    )
    .option('--checkpoint-every <time>', 'time between two checkpoints (default: 10s)')
    .option(
      '--unaligned',
      'have records on their way between steps in checkpoints, so that these do not wait for slow steps',
    )
    .addOption(
      new Option(
        '--unaligned-after <time>',
        'the same, for a checkpoint that is not complete so long after its start',
      ).conflicts('unaligned'),
    )
    .option('--incremental', 'write of large state only what has changed since the last checkpoint')
    .option(
      '--from <path>',
      'start from a checkpoint or savepoint, where --checkpoint-dir has none',
    )
    .option('--no-generated-uids', 'refuse a job with a step that has state and no uid of its own')
    .option('--fresh', 'start anew, whatever checkpoints there are')
    .option('--allow-dropped-state', 'leave out state of steps that the job does not have any more')
    .addOption(
      new Option('--batch', 'all input before the first result: nothing is late').conflicts(
        'batchAuto',
      ),
    )
    .option('--batch-auto', 'the same, where all sources have an end')
    .option('--port <n>', 'serve metrics and the REST API of the job on this port', wholeNumber)
    .option(
      '--host <address>',
      'the address to serve on (default: 127.0.0.1; others need MILLRACE_TOKEN)',
    )
    .addOption(logLevelOption())
    .option('--no-progress', 'do not show progress on standard error')
    .option(
      '--json',
      'at the end print the result, or the error, as the last line of standard output',
    )
    .option(
      '-w, --watch',
      'when the module is saved, go on with the new version from the state of the old one',
    )
    .addHelpText(
      'after',
      `
Examples:
  millrace run flights.ts
  millrace run flights.ts --threads 2 --param input=flights.parquet --param out=results
  millrace run flights.ts --checkpoint-dir state/ --checkpoint-every 5s
  millrace run flights.ts --checkpoint-dir state/ --watch
  millrace run flights.ts --json | tail -n 1 | jq '.records / .durationMs * 1000'

With --batch windows fire when all input has been read, so no record is late, and rolling aggregations (sum, min, reduce, ...)
give one row a key: the last. It keeps every window of the input at once; a job in batch is refused a source without an end.

With --checkpoint-dir the same command, given again after a crash or kill -9, goes on as if nothing had happened.

With --watch it shows what a saved version changes (as millrace diff does), takes a savepoint, and goes on with the new version.
One that does not compile, or would lose state, is refused, and the job goes on as it was.

Progress shows records and records per second, the watermark, its lag behind the newest record that was read
(both in event time), the share of the input, and the time left. Ctrl-C cancels the job: what it has not completed
leaves no trace in its outputs. Exit codes: 0 finished, 1 failed, 130 cancelled.`,
    )
    .action(async (module: string, flags: RunFlags) => {
      process.exitCode = await runCommand(module, flags);
    });

  jobCommand(
    program,
    'explain',
    'show what a job would run: its steps, tasks, exchanges and generated loops',
  )
    .addOption(chainingOption())
    .addOption(new Option('--json', 'plain data instead of text').conflicts('dot'))
    .addOption(new Option('--dot', 'a Graphviz drawing instead of text').conflicts('json'))
    .addHelpText(
      'after',
      `
Examples:
  millrace explain flights.ts --threads 2
  millrace explain flights.ts --threads 2 --param input=flights.parquet
  millrace explain flights.ts --json | jq '.tasks[].operators[].loops[].title'
  millrace explain flights.ts --dot | dot -Tsvg > flights.svg

Nothing runs, and no input is read. The text has four parts:
  Steps       what the job defines: number, name, inputs and how rows find their way, fields (a ? where null may be)
  Tasks       chains of steps that share subtasks (a > b), and steps that became one loop (a + b); where they run
  Exchanges   what lies between two tasks: channels within a thread, rings between threads
  then the JavaScript that is generated for each: readers of lines, stateless steps, keys, aggregates, text of files
Loops are shown for batches without absent values. Those that depend on the rows (rows without a schema into columns)
are made when the rows come, and are not shown. --json has the same: job, fingerprint, threads, parallelism, steps, tasks,
exchanges; each operator and each exchange has its loops as { title, source }.`,
    )
    .action(async (module: string, flags: ExplainFlags) => {
      const { explainCommand } = await import('./explain-command.ts');
      process.exitCode = await explainCommand(module, flags);
    });

  program
    .command('diff')
    .description('what becomes of the state of a job when a new version of it goes on')
    .argument('<old>', 'the file with the job as it was')
    .argument('<new>', 'the file with the job as it is to be')
    .addOption(paramOption())
    .option('-j, --job <name>', 'which job, when the modules define several')
    .addOption(configOption())
    .option('--allow-dropped-state', 'state that the new version does not have may go')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  git show HEAD:flights.ts > flights.old.ts && millrace diff flights.old.ts flights.ts
  millrace diff flights.old.ts flights.ts --json | jq '.operators[].states[]'

Operators are found again by their uid, states by their name. Of each it says whether it is kept, migrated (fields of its
record come and go), added, dropped or refused. Functions are compared by their text. Nothing runs.
Exit codes: 0 the state goes on, 3 it does not, 1 a file cannot be loaded.`,
    )
    .action(async (was: string, next: string, flags: DiffFlags) => {
      const { diffCommand } = await import('./diff-command.ts');
      process.exitCode = await diffCommand(was, next, flags);
    });

  program
    .command('config')
    .description('what the config file says, or its JSON schema')
    .addOption(configOption())
    .option('--schema', 'the JSON schema, for editors')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace config
  millrace config --schema > millrace.config.schema.json

A file millrace.config.ts, .mts, .mjs, .js or .json holds options of all jobs of a folder: threads, parallelism, params,
checkpoints, restart, batch, port, progress, ..., and under jobs those of single jobs. Flags win over it.
It holds for run, explain, diff and bench, not for serve:
  { "$schema": "./millrace.config.schema.json", "threads": 2, "jobs": { "flights": { "checkpoints": { "dir": "state/" } } } }`,
    )
    .action(async (flags: ConfigFlags) => {
      const { configCommand } = await import('./config/config-command.ts');
      process.exitCode = await configCommand(flags);
    });
}
