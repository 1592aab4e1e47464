/**
 * All commands. A new one is a file of its own, and a line in the group that it belongs to. What each does is imported when it
 * is called, so that `run` waits for nothing else (figure command-start).
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { engineFile } from '../base/engine-files.ts';
import { addBenchCommand } from './bench/bench-options.ts';
import { addCompletionCommand } from './completion/completion-command.ts';
import { EXIT } from './exit-codes.ts';
import { addJobCommands } from './job-commands.ts';
import { addServeCommand } from './serve-options.ts';
import { endProcess, watchStandardStreams } from './standard-streams.ts';
import { addStateCommands } from './state-commands.ts';
import { addWatchCommands } from './watch-commands.ts';

/** Does what the command line says, and ends the process. */
export async function runMillrace(): Promise<never> {
  watchStandardStreams();
  try {
    await millraceProgram().parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return await endProcess(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  }
  return await endProcess(Number(process.exitCode ?? EXIT.done));
}

/** The command line, to be parsed. */
export function millraceProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL(engineFile('../package.json')), 'utf8')) as {
    version: string;
  };
  const program = new Command('millrace')
    .description('Stateful stream processing on every core of this machine.')
    .version(version)
    .showHelpAfterError('(millrace --help tells more)')
    // What has been written, help too, goes out before the process ends.
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  millrace init visits
  millrace run flights.ts --checkpoint-dir state/ --watch
  millrace top`,
    );
  addJobCommands(program);
  addBenchCommand(program);
  addServeCommand(program);
  addStateCommands(program);
  addWatchCommands(program);
  addCompletionCommand(program);
  return program;
}
