/** `snapshot`, `checkpoint`, `savepoint` and `stop` on the command line: their options and what their help teaches. */
import type { Command } from 'commander';
import type { AnswerFlags } from './answer.ts';
import type { CheckpointFlags, ExportFlags, StopFlags } from './snapshot-command.ts';

const RUNNING_JOB =
  'its id or name as list shows them, or its --checkpoint-dir; a job that runs on this machine';

export function addStateCommands(program: Command): void {
  const snapshot = program
    .command('snapshot')
    .description('look into a checkpoint or savepoint')
    .showHelpAfterError('(millrace snapshot --help tells more)')
    .addHelpText('after', '\nExamples:\n  millrace snapshot inspect state/');

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
