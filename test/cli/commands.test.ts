/** All commands: help that teaches, and completion that a real bash takes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { Command } from 'commander';
import { allCommands, commandTree } from '../../src/cli/completion/command-tree.ts';
import { completionScript } from '../../src/cli/completion/shells.ts';
import { millraceProgram } from '../../src/cli/program.ts';

const program = millraceProgram();
const tree = commandTree(program);

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text;
}

function below(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(below)];
}

test('the help of every command has an example of it', () => {
  for (const command of below(program)) {
    const help = helpOf(command);
    assert.match(
      help,
      new RegExp(
        `Examples:\n[\\s\\S]*millrace ([^\\n]* )?${command === program ? '' : command.name()}`,
      ),
    );
  }
});

test('the help of serve and of config says that serve reads no config file', () => {
  const help = (name: string) => helpOf(program.commands.find((one) => one.name() === name)!);
  assert.match(help('serve'), /A config file \(millrace\.config\.\*\) is not read/);
  assert.match(help('config'), /It holds for run, explain, diff and bench, not for serve/);
});

test('every command that does something has --json', () => {
  const silent = ['snapshot', 'completion', ''];
  for (const { path, options } of allCommands(tree)) {
    if (path.at(-1) === 'help' || silent.includes(path.join(' '))) continue;
    assert.ok(
      options.some(({ long }) => long === '--json'),
      path.join(' '),
    );
  }
});

/** What bash offers for the last of the words. */
function offered(...words: readonly string[]): readonly string[] {
  const list = ['millrace', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${completionScript('bash', tree)}
complete -p millrace >&2 || exit 1
COMP_WORDS=(${list})
COMP_CWORD=${words.length}
_millrace
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['-c', script], { encoding: 'utf8', stdio: 'pipe' });
  return text.split('\n').filter(Boolean);
}

test('bash completes commands, what is below them, options and choices, and leaves files alone', () => {
  assert.deepEqual(
    offered(''),
    program
      .createHelp()
      .visibleCommands(program)
      .map((one) => one.name()),
  );
  assert.deepEqual(offered('che'), ['checkpoint', 'checkpoints']);
  assert.deepEqual(offered('run', '--th'), ['--threads', '--thread-heap']);
  assert.deepEqual(offered('run', 'job.ts', '--wa'), ['--watch']);
  assert.deepEqual(offered('snapshot', 'ins'), ['inspect']);
  assert.deepEqual(offered('snapshot', 'export', 'state/', '--u'), ['--uid']);
  assert.deepEqual(offered('completion', 'z'), ['zsh']);
  assert.deepEqual(offered('run', 'jo'), []);
});

test('zsh and fish get every command and every option, quoted as they want it', () => {
  const [zsh, fish] = [completionScript('zsh', tree), completionScript('fish', tree)];
  assert.match(zsh, /^#compdef millrace\n/);
  for (const { path, options } of allCommands(tree)) {
    const line = zsh
      .split('\n')
      .find((one) => one.startsWith(`    "${path.map((name) => ` ${name}`).join('')}")`));
    for (const { long } of options) {
      assert.ok(line!.includes(`'${long}:`), `${path} ${long}`);
      assert.match(fish, new RegExp(`^complete -c millrace -n '.*' -l ${long.slice(2)}( |$)`, 'm'));
    }
  }
  for (const line of fish.trim().split('\n').slice(1)) {
    const bare = line.replaceAll('\\\\', '').replaceAll("\\'", '');
    assert.equal(bare.split("'").length % 2, 1, line);
  }
});
