#!/usr/bin/env node
/** The command `millrace`. */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ExplainFlags, explainCommand } from './explain-command.ts';
import { type RunFlags, runCommand } from './run-command.ts';
import { addServeCommand } from './serve-command.ts';
import {
  type ExportFlags,
  exportCommand,
  type InspectFlags,
  inspectCommand,
  type StopFlags,
  savepointCommand,
  stopCommand,
} from './snapshot-command.ts';
import {
  cancelCommand,
  checkpointsCommand,
  infoCommand,
  listCommand,
  type WatchFlags,
} from './watch-command.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function param(text: string, params: Record<string, string>): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must look like name=value.');
  return { ...params, [text.slice(0, equals)]: text.slice(equals + 1) };
}

function paramOption(): Option {
  return new Option('-p, --param <name=value>', 'a parameter of the job; may be repeated')
    .argParser(param)
    .default({}, 'none');
}

const program = new Command('millrace')
  .description('Stateful stream processing on every core of this machine.')
  .version(version)
  .showHelpAfterError('(millrace --help tells more)');

/** A command about the job of a module, with the options that say which job it is and how large. */
function jobCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<module>', 'the file with the job: flights.ts')
    .option(
      '-t, --threads <n>',
      'worker threads; 0 runs in this thread (default: one per core)',
      wholeNumber,
    )
    .option(
      '-P, --parallelism <n>',
      'subtasks of each operator (default: one per thread)',
      wholeNumber,
    )
    .addOption(paramOption())
    .option('-j, --job <name>', 'which job, when the module defines several');
}

jobCommand('run', 'run the job that a TypeScript or JavaScript module defines')
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
  .option('--incremental', 'write of large state only what has changed since the last checkpoint')
  .option('--from <path>', 'start from a checkpoint or savepoint, where --checkpoint-dir has none')
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
  .option('--log-level <level>', 'write what becomes of the job to standard error, by pino')
  .option('--no-progress', 'do not show progress on standard error')
  .addHelpText(
    'after',
    `
Examples:
  millrace run flights.ts
  millrace run flights.ts --threads 2 --param input=flights.parquet --param out=results
  millrace run flights.ts --checkpoint-dir state/ --checkpoint-every 5s

With --batch windows fire when all input has been read, so no record is late, and rolling aggregations (sum, min, reduce, ...)
give one row a key: the last. It keeps every window of the input at once; a job in batch is refused a source without an end.

With --checkpoint-dir the same command, given again after a crash or kill -9, goes on as if nothing had happened.

Progress shows records and records per second, the watermark, its lag behind the newest record that was read
(both in event time), the share of the input, and the time left. Ctrl-C cancels the job: what it has not completed
leaves no trace in its outputs. Exit codes: 0 finished, 1 failed, 130 cancelled.`,
  )
  .action(async (module: string, flags: RunFlags) => {
    process.exitCode = await runCommand(module, flags);
  });

jobCommand('explain', 'show what a job would run: its steps, tasks, exchanges and generated loops')
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
    process.exitCode = await explainCommand(module, flags);
  });

const snapshot = program
  .command('snapshot')
  .description('look into a checkpoint or savepoint')
  .showHelpAfterError('(millrace snapshot --help tells more)');

snapshot
  .command('inspect')
  .description('its job, steps, states, types, rows and sizes')
  .argument('<dir>', 'a checkpoint, a savepoint, or a checkpoint directory (its newest)')
  .option('--json', 'plain data instead of text')
  .action(async (dir: string, flags: InspectFlags) => {
    process.exitCode = await inspectCommand(dir, flags);
  });

snapshot
  .command('export')
  .description('the rows of a state')
  .argument('<dir>', 'a checkpoint, a savepoint, or a checkpoint directory (its newest)')
  .requiredOption('--uid <uid>', 'the step whose state it is; inspect lists them')
  .requiredOption('--state <name>', 'the state; inspect lists them')
  .option('--out <file>', 'a file, .jsonl or .parquet (default: JSON lines on standard output)')
  .addHelpText(
    'after',
    `
Examples:
  millrace snapshot inspect state/
  millrace snapshot export state/ --uid hourly --state panes | head
  millrace snapshot export savepoints/monday --uid hourly --state panes --out panes.parquet`,
  )
  .action(async (dir: string, flags: ExportFlags) => {
    process.exitCode = await exportCommand(dir, flags);
  });

program
  .command('list')
  .description('the jobs that millrace run runs on this machine, or that a server has')
  .argument('[url]', 'the address of a server: http://localhost:8081')
  .option('--json', 'plain data instead of text')
  .action(async (url: string | undefined, flags: WatchFlags) => {
    process.exitCode = await listCommand(url ?? null, flags);
  });

/** A command about a running job. */
function watchCommand(
  name: string,
  description: string,
  run: (job: string, flags: WatchFlags) => Promise<number>,
): Command {
  return program
    .command(name)
    .description(description)
    .argument(
      '<job>',
      'its id or name as list shows them, its --checkpoint-dir, or the address of its server',
    )
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace ${name} flights
  millrace ${name} state/ --json
  MILLRACE_TOKEN=... millrace ${name} http://localhost:8081`,
    )
    .action(async (job: string, flags: WatchFlags) => {
      process.exitCode = await run(job, flags);
    });
}

watchCommand(
  'info',
  'how a running job is: its tasks, their records and who holds them up',
  infoCommand,
);
watchCommand('checkpoints', 'the last checkpoints of a running job', checkpointsCommand);
watchCommand(
  'cancel',
  'cancel a running job: nothing is left of what it has not completed',
  cancelCommand,
);

const RUNNING_DIR = 'the --checkpoint-dir of a job that millrace run runs on this machine';

program
  .command('savepoint')
  .description('write all state of a running job into a directory of yours; the job goes on')
  .argument('<checkpoint-dir>', RUNNING_DIR)
  .argument('<dir>', 'where the savepoint goes')
  .action(async (checkpointDir: string, dir: string) => {
    process.exitCode = await savepointCommand(checkpointDir, dir);
  });

program
  .command('stop')
  .description(
    'end a running job so that it can go on later, from a savepoint or its last checkpoint',
  )
  .argument('<checkpoint-dir>', RUNNING_DIR)
  .option('--savepoint <dir>', 'write a savepoint there, beside the last checkpoint')
  .option('--drain', 'end the sources, fire all windows and finish the job')
  .addHelpText(
    'after',
    `
Examples:
  millrace stop state/ --savepoint savepoints/monday
  millrace run flights.ts --from savepoints/monday --checkpoint-dir state2/`,
  )
  .action(async (checkpointDir: string, flags: StopFlags) => {
    process.exitCode = await stopCommand(checkpointDir, flags);
  });

addServeCommand(program, wholeNumber);

// Places in errors are those of the TypeScript that the user wrote.
process.setSourceMapsEnabled(true);
await program.parseAsync();
