/** `snapshot`, `checkpoint`, `savepoint` and `stop` on the command line: their options and what their help teaches. */
import type { Command } from 'commander';
import type { AnswerFlags } from './answer.ts';
import type { CreateFlags, ImportFlags } from './import-command.ts';
import { configOption, paramOption, wholeNumber } from './options.ts';
import type { CheckpointFlags, ExportFlags, StopFlags } from './snapshot-command.ts';

const RUNNING_JOB =
  'its id or name as list shows them, or its --checkpoint-dir; a job that runs on this machine';

export function addStateCommands(program: Command): void {
  const snapshot = program
    .command('snapshot')
    .description('look into a checkpoint or savepoint, and write the state of one from outside')
    .showHelpAfterError('(millrace snapshot --help tells more)')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace snapshot inspect state/\n  millrace snapshot import --help',
    );

  snapshot
    .command('inspect')
    .description('its job, steps, states, types, rows and sizes')
    .argument('<dir>', 'a checkpoint, a savepoint, or a checkpoint directory (its newest)')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace snapshot inspect state/
  millrace snapshot inspect savepoints/monday --json | jq '.operators[].states[].name'`,
    )
    .action(async (dir: string, flags: AnswerFlags) => {
      const { inspectCommand } = await import('./snapshot-command.ts');
      process.exitCode = await inspectCommand(dir, flags);
    });

  snapshot
    .command('export')
    .description('the rows of a state')
    .argument('<dir>', 'a checkpoint, a savepoint, or a checkpoint directory (its newest)')
    .requiredOption('--uid <uid>', 'the step whose state it is; inspect lists them')
    .requiredOption('--state <name>', 'the state; inspect lists them')
    .option('--out <file>', 'a file, .jsonl or .parquet (default: JSON lines on standard output)')
    .option('--json', 'with --out: what was written, as plain data')
    .addHelpText(
      'after',
      `
Examples:
  millrace snapshot inspect state/
  millrace snapshot export state/ --uid hourly --state panes | head
  millrace snapshot export savepoints/monday --uid hourly --state panes --out panes.parquet
  millrace snapshot export state/ --uid hourly --state panes --out panes.jsonl --json | jq .rows`,
    )
    .action(async (dir: string, flags: ExportFlags) => {
      const { exportCommand } = await import('./snapshot-command.ts');
      process.exitCode = await exportCommand(dir, flags);
    });

  addImportCommand(snapshot);
  addCreateCommand(snapshot);

  program
    .command('checkpoint')
    .description('take a checkpoint of a running job now; the job goes on')
    .argument('<job>', RUNNING_JOB)
    .option('--full', 'with all state in itself, where checkpoints are incremental')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace checkpoint flights
  millrace checkpoint state/ --full
  millrace checkpoint state/ --json | jq -r .path

It waits for one that is under way, and those of --checkpoint-every go on as usual. Its directory is the job's: it goes when
later ones take its place. A savepoint is yours.`,
    )
    .action(async (job: string, flags: CheckpointFlags) => {
      const { checkpointCommand } = await import('./snapshot-command.ts');
      process.exitCode = await checkpointCommand(job, flags);
    });

  program
    .command('savepoint')
    .description('write all state of a running job into a directory of yours; the job goes on')
    .argument('<job>', RUNNING_JOB)
    .argument('<dir>', 'where the savepoint goes')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace savepoint flights savepoints/monday
  millrace savepoint state/ savepoints/monday --json | jq -r .path
  millrace run flights.ts --from savepoints/monday --checkpoint-dir state2/`,
    )
    .action(async (job: string, dir: string, flags: AnswerFlags) => {
      const { savepointCommand } = await import('./snapshot-command.ts');
      process.exitCode = await savepointCommand(job, dir, flags);
    });

  program
    .command('stop')
    .description(
      'end a running job so that it can go on later, from a savepoint or its last checkpoint',
    )
    .argument('<job>', RUNNING_JOB)
    .option('--savepoint <dir>', 'write a savepoint there, beside the last checkpoint')
    .option('--drain', 'end the sources, fire all windows and finish the job')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace stop state/ --savepoint savepoints/monday
  millrace stop flights --drain
  millrace run flights.ts --from savepoints/monday --checkpoint-dir state2/`,
    )
    .action(async (job: string, flags: StopFlags) => {
      const { stopCommand } = await import('./snapshot-command.ts');
      process.exitCode = await stopCommand(job, flags);
    });
}

function addImportCommand(snapshot: Command): void {
  snapshot
    .command('import')
    .description('a new savepoint in which a state is what a file says; all else is as it was')
    .argument('<dir>', 'a checkpoint, a savepoint, or a checkpoint directory (its newest)')
    .requiredOption('--uid <uid>', 'the step whose state it is; inspect lists them')
    .requiredOption('--state <name>', 'the state; inspect lists them')
    .requiredOption('--from <file>', 'its rows, as export writes them: .jsonl or .parquet')
    .requiredOption('--to <dir>', 'where the new savepoint goes; nothing may be there')
    .option('--merge', 'only the keys in the file change, or are added')
    .option('--remove', 'the keys in the file are removed; their fields are all that counts')
    .option('--module <file>', 'the job, for a state of it that <dir> has nothing of yet')
    .addOption(paramOption())
    .option('-j, --job <name>', 'with --module: which job, when it defines several')
    .addOption(configOption())
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace savepoint payments savepoints/monday
  millrace snapshot export savepoints/monday --uid totals --state total --out total.jsonl
  # correct total.jsonl, leave out lines, add some
  millrace snapshot import savepoints/monday --uid totals --state total --from total.jsonl --to savepoints/corrected
  millrace run payments.ts --from savepoints/corrected --checkpoint-dir state2/

A row has the fields of its key, and what the state keeps:
  {"user":"ada","#value":1100}                       value, reducing (aggregating: "#accumulator")
  {"user":"ada","#value.amount":7,"#value.at":0}     a value that is a record
  {"user":"ada","#index":0,"#element":"a"}           list: a row an element; without "#index" in the order of the rows
  {"user":"ada","#key":"home","#value":3}            map: a row an entry
  "#touched" is when it was last touched, of a state with a time to live; left out it is now

The file says what all keys have: one that is not in it has nothing any more. Its timers stay as they are. With --merge a key that is
in the file has what the file says, and the others what they had. Nothing is written when a row will not do.`,
    )
    .action(async (dir: string, flags: ImportFlags) => {
      const { importCommand } = await import('./import-command.ts');
      process.exitCode = await importCommand(dir, flags);
    });
}

function addCreateCommand(snapshot: Command): void {
  snapshot
    .command('create')
    .description(
      'a savepoint of a job that has never run, to import state from another system into',
    )
    .argument('<module>', 'the file with the job: flights.ts')
    .requiredOption('--to <dir>', 'where the savepoint goes; nothing may be there')
    .addOption(paramOption())
    .option('-j, --job <name>', 'which job, when the module defines several')
    .addOption(configOption())
    .option(
      '--max-parallelism <n>',
      'key groups, which stay for the life of the state: the most subtasks that it can be divided over (default: 128)',
      wholeNumber,
    )
    .option('--batch', 'for a job that will run in batch')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace snapshot create payments.ts --to savepoints/empty
  millrace snapshot import savepoints/empty --uid totals --state total --from total.jsonl --to savepoints/first
  millrace run payments.ts --from savepoints/first --checkpoint-dir state/

It has the keyed states of all process functions, without a row. Sources are read from their start.`,
    )
    .action(async (module: string, flags: CreateFlags) => {
      const { createCommand } = await import('./import-command.ts');
      process.exitCode = await createCommand(module, flags);
    });
}
