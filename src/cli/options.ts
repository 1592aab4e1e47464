/** Options that several commands have. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LOG_LEVELS } from '../job/log.ts';

/** For a count. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function param(text: string, params: Record<string, string>): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must look like name=value.');
  return { ...params, [text.slice(0, equals)]: text.slice(equals + 1) };
}

export function paramOption(): Option {
  return new Option('-p, --param <name=value>', 'a parameter of the job; may be repeated')
    .argParser(param)
    .default({}, 'none');
}

export function configOption(): Option {
  return new Option(
    '--config <file>',
    'the config file (default: millrace.config.* of this folder)',
  );
}

/** A command about the job of a module, with the options that say which job it is and how large. */
export function jobCommand(program: Command, name: string, description: string): Command {
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
    .option('-j, --job <name>', 'which job, when the module defines several')
    .addOption(configOption());
}

export function chainingOption(): Option {
  return new Option('--no-chaining', 'steps share no subtasks, which shows what each costs');
}

export function logLevelOption(): Option {
  return new Option(
    '--log-level <level>',
    'write what becomes of the job to standard error, by pino',
  ).choices(LOG_LEVELS);
}
