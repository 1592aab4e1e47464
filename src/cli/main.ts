#!/usr/bin/env node
/** The command `millrace`. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { addJobCommands } from './job-commands.ts';
import { addStateCommands } from './state-commands.ts';
import { addWatchCommands } from './watch-commands.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

const program = new Command('millrace')
  .description('Stateful stream processing on every core of this machine.')
  .version(version)
  .showHelpAfterError('(millrace --help tells more)')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.done : EXIT.usage));

addJobCommands(program);
addStateCommands(program);
addWatchCommands(program);

// Places in errors are those of the TypeScript that the user wrote.
process.setSourceMapsEnabled(true);
await program.parseAsync();
