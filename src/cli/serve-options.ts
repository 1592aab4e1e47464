/** `millrace serve` on the command line: its options and what its help teaches. */
import type { Command } from 'commander';
import { logLevelOption, wholeNumber } from './options.ts';
import type { ServeFlags } from './serve-command.ts';

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the jobs of a folder side by side, with one server for all of them')
    .argument('<folder>', 'a folder of modules that define jobs')
    .option('--port <n>', 'serve metrics and the REST API on this port', wholeNumber, 8081)
    .option('--host <address>', 'the address to serve on; others than loopback need MILLRACE_TOKEN')
    .option('-t, --threads <n>', 'worker threads of each job', wholeNumber, 1)
    .option('--checkpoint-dir <dir>', 'each job takes checkpoints in a folder of its own there')
    .option('--checkpoint-every <time>', 'time between two checkpoints (default: 10s)')
    .option('--archive <dir>', 'where jobs that have ended are kept', 'millrace-archive')
    .option('--no-start', 'start no job but those that are asked for by REST')
    .addOption(logLevelOption())
    .option('--json', 'what becomes of the jobs, as lines of JSON on standard output')
    .addHelpText(
      'after',
      `
Examples:
  MILLRACE_TOKEN=... millrace serve jobs/ --checkpoint-dir state/
  millrace serve jobs/ --json | jq -r 'select(.event == "ended") | .job'
  curl localhost:8081/modules
  curl -X POST -H "Authorization: Bearer $MILLRACE_TOKEN" localhost:8081/modules/flights.ts/run -d '{"params": {"rate": 10}}'
  curl -X PATCH -H "Authorization: Bearer $MILLRACE_TOKEN" localhost:8081/jobs/ID?mode=cancel

A job that fails leaves the others alone. Ctrl-C cancels all of them. A config file (millrace.config.*) is not read: what jobs are
started with are these options, and what the request says of params, threads and parallelism.`,
    )
    .action(async (folder: string, flags: ServeFlags) => {
      const { serveCommand } = await import('./serve-command.ts');
      process.exitCode = await serveCommand(folder, flags);
    });
}
