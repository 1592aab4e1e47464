/** `list`, `top`, `info`, `checkpoints` and `cancel` on the command line: their options and what their help teaches. */
import type { Command } from 'commander';
import type { AnswerFlags } from './answer.ts';
import type { TopFlags } from './top/top-command.ts';

export function addWatchCommands(program: Command): void {
  program
    .command('list')
    .description('the jobs that millrace run runs on this machine, or that a server has')
    .argument('[url]', 'the address of a server: http://localhost:8081')
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace list
  millrace list http://localhost:8081 --json | jq -r '.[].id'

A process that does not answer within 5 s is NOT ANSWERING, and its jobs are not known.`,
    )
    .action(async (url: string | undefined, flags: AnswerFlags) => {
      const { listCommand } = await import('./watch-command.ts');
      process.exitCode = await listCommand(url ?? null, flags);
    });

  program
    .command('top')
    .description(
      'running jobs as they are now: rates, who is busy or held up, watermarks, checkpoints',
    )
    .argument('[url]', 'the address of a server: http://localhost:8081')
    .option('--every <time>', 'time between two looks', '1 s')
    .option('--once', 'one frame as text, as where there is no terminal')
    .option('--json', 'one frame as plain data')
    .addHelpText(
      'after',
      `
Examples:
  millrace top
  millrace top --once
  millrace top --json | jq '.chosen.tasks[] | {name, inPerSecond, busy}'

Rates and shares are of the time since the look before. Keys: q quits, up, down and tab choose a job.`,
    )
    .action(async (url: string | undefined, flags: TopFlags) => {
      const { topCommand } = await import('./top/top-command.ts');
      process.exitCode = await topCommand(url ?? null, flags);
    });

  watchCommand(
    program,
    'info',
    'how a running job is: its tasks, their records and who holds them up',
    (commands) => commands.infoCommand,
  );
  watchCommand(
    program,
    'checkpoints',
    'the last checkpoints of a running job',
    (commands) => commands.checkpointsCommand,
  );
  watchCommand(
    program,
    'cancel',
    'cancel a running job: nothing is left of what it has not completed',
    (commands) => commands.cancelCommand,
  );
}

/** A command about a running job. */
function watchCommand(
  program: Command,
  name: string,
  description: string,
  of: (
    commands: typeof import('./watch-command.ts'),
  ) => (job: string, flags: AnswerFlags) => Promise<number>,
): Command {
  return program
    .command(name)
    .description(description)
    .argument(
      '<job>',
      'its id or name as list shows them, its --checkpoint-dir, or the address of its server: of several jobs there the one ' +
        'that runs, or the one whose id or name stands behind /jobs/',
    )
    .option('--json', 'plain data instead of text')
    .addHelpText(
      'after',
      `
Examples:
  millrace ${name} flights
  millrace ${name} state/ --json
  MILLRACE_TOKEN=... millrace ${name} http://localhost:8081
  MILLRACE_TOKEN=... millrace ${name} http://localhost:8081/jobs/flights`,
    )
    .action(async (job: string, flags: AnswerFlags) => {
      const run = of(await import('./watch-command.ts'));
      process.exitCode = await run(job, flags);
    });
}
