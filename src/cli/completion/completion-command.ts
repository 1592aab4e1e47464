/** `millrace completion`: the script by which a shell completes commands and options. */
import { Argument, type Command } from 'commander';
import { commandTree } from './command-tree.ts';
import { completionScript, SHELLS, type Shell } from './shells.ts';

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('a script for your shell, which then completes commands and options')
    .addArgument(new Argument('<shell>', 'yours').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  eval "$(millrace completion bash)"      # in ~/.bashrc
  eval "$(millrace completion zsh)"       # in ~/.zshrc, behind compinit
  millrace completion fish | source       # in ~/.config/fish/config.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell, commandTree(program)));
    });
}
