/** The commands and options that there are, asked of commander itself, so that completion knows what help knows. */
import type { Command } from 'commander';

export type CompletedOption = {
  /** `--threads`. */
  readonly long: string;
  /** `-t`; null where there is none. */
  readonly short: string | null;
  readonly description: string;
  readonly takesValue: boolean;
};

export type CompletedCommand = {
  /** Names from the program down to it: none for the program, `['snapshot', 'inspect']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly commands: readonly CompletedCommand[];
  /** What its first argument may be; empty where any file or word may come. */
  readonly choices: readonly string[];
};

export function commandTree(command: Command, path: readonly string[] = []): CompletedCommand {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    options: help
      .visibleOptions(command)
      .filter(({ long }) => long !== undefined)
      .map(({ long, short, description, required, optional }) => ({
        long: long!,
        short: short ?? null,
        description,
        takesValue: required || optional,
      })),
    commands: help
      .visibleCommands(command)
      .map((child) => commandTree(child, [...path, child.name()])),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

/** The command and all below it. */
export function allCommands(tree: CompletedCommand): readonly CompletedCommand[] {
  return [tree, ...tree.commands.flatMap(allCommands)];
}

export function nameOf({ path }: CompletedCommand): string {
  return path.at(-1)!;
}
