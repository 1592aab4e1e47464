/**
 * Completion for shells. Each script finds the command by the words that are there, then offers its commands, or behind a dash
 * its options; where neither is meant it leaves the word to the shell, which completes files.
 */
import { allCommands, type CompletedCommand, nameOf } from './command-tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (tree: CompletedCommand) => string>> = { bash, zsh, fish };

export function completionScript(shell: Shell, tree: CompletedCommand): string {
  return SCRIPTS[shell](tree);
}

/** `' snapshot inspect'`, as the scripts put the words together. */
function chainOf({ path }: CompletedCommand): string {
  return path.map((name) => ` ${name}`).join('');
}

function plainWords({ commands, choices }: CompletedCommand): readonly string[] {
  return [...commands.map(nameOf), ...choices];
}

function optionWords({ options }: CompletedCommand): readonly string[] {
  return options.flatMap(({ long, short }) => (short === null ? [long] : [long, short]));
}

/** Patterns of a `case` for the chains of all commands but the program. */
function chains(tree: CompletedCommand): string {
  return allCommands(tree)
    .slice(1)
    .map((command) => `"${chainOf(command)}"`)
    .join(' | ');
}

function bash(tree: CompletedCommand): string {
  const cases = allCommands(tree).map(
    (command) =>
      `    "${chainOf(command)}") plain="${plainWords(command).join(' ')}" options="${optionWords(command).join(' ')}" ;;`,
  );
  return `# eval "$(millrace completion bash)"
_millrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" chain="" plain="" options="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$chain \${COMP_WORDS[i]}" in
    ${chains(tree)}) chain="$chain \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$chain" in
${cases.join('\n')}
  esac
  if [[ "$word" == -* ]]; then plain="$options"; fi
  COMPREPLY=($(compgen -W "$plain" -- "$word"))
}
complete -o default -F _millrace millrace
`;
}

function zsh(tree: CompletedCommand): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const item = (name: string, description: string): string =>
    quoted(`${name}:${description.replaceAll(':', '\\:')}`);
  const cases = allCommands(tree).map((command) => {
    const plain = [
      ...command.commands.map((child) => item(nameOf(child), child.description)),
      ...command.choices.map(quoted),
    ];
    const options = command.options.map(({ long, description }) => item(long, description));
    return `    "${chainOf(command)}") plain=(${plain.join(' ')}) options=(${options.join(' ')}) ;;`;
  });
  return `#compdef millrace
# eval "$(millrace completion zsh)"
_millrace() {
  local chain="" i
  local -a plain options
  for ((i = 2; i < CURRENT; i++)); do
    case "$chain \${words[i]}" in
    ${chains(tree)}) chain="$chain \${words[i]}" ;;
    esac
  done
  case "$chain" in
${cases.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe option options
  elif (( \${#plain} > 0 )); then
    _describe command plain
  else
    _files
  fi
}
compdef _millrace millrace
`;
}

function fish(tree: CompletedCommand): string {
  const quoted = (text: string): string =>
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = allCommands(tree).flatMap((command) => {
    const below = plainWords(command);
    const seen = command.path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const none = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(' ')}`];
    const complete = (conditions: readonly string[], what: string): string =>
      `complete -c millrace -n ${quoted(conditions.join('; and '))} ${what}`;
    const here = [...seen, ...none];
    const conditions = here.length === 0 ? ['true'] : here;
    return [
      ...command.commands.map((child) =>
        complete(conditions, `-f -a ${nameOf(child)} -d ${quoted(child.description)}`),
      ),
      ...command.choices.map((choice) => complete(conditions, `-f -a ${choice}`)),
      ...command.options.map(({ long, short, description, takesValue }) => {
        const flags = `-l ${long.slice(2)}${short === null ? '' : ` -s ${short.slice(1)}`}`;
        return complete(conditions, `${flags}${takesValue ? ' -r' : ''} -d ${quoted(description)}`);
      }),
    ];
  });
  return `# millrace completion fish | source\n${lines.join('\n')}\n`;
}
