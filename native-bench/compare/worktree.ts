/** Another revision of the engine in a folder of its own, built, with the benchmarks of this one: one yardstick for both. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PROJECT_FOLDER } from '../run-program.ts';

export type Worktree = {
  readonly folder: string;
  /** Short, of git. */
  readonly revision: string;
  remove(): void;
};

const OWN = new Set(['node_modules', 'target', 'results']);

/** An error says what git or the build said. */
export function worktreeOf(ref: string): Worktree {
  const revision = git('rev-parse', '--short', '--verify', `${ref}^{commit}`);
  const parent = mkdtempSync(join(tmpdir(), 'millrace-compare-'));
  const folder = join(parent, revision);
  const remove = (): void => {
    if (existsSync(folder)) git('worktree', 'remove', '--force', folder);
    rmSync(parent, { recursive: true });
  };
  try {
    git('worktree', 'add', '--detach', '--quiet', folder, revision);
    installIn(folder);
    run('npm', ['run', '--silent', 'build'], folder);
    const benchmarks = join(folder, 'native-bench');
    rmSync(benchmarks, { recursive: true, force: true });
    cpSync(join(PROJECT_FOLDER, 'native-bench'), benchmarks, {
      recursive: true,
      filter: (path) => !OWN.has(basename(path)),
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, revision, remove };
}

/** The packages of this folder, where they are the same. */
function installIn(folder: string): void {
  const lock = (of: string): string => readFileSync(join(of, 'package-lock.json'), 'utf8');
  const isSame = lock(folder) === lock(PROJECT_FOLDER);
  if (isSame) symlinkSync(join(PROJECT_FOLDER, 'node_modules'), join(folder, 'node_modules'));
  else run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], folder);
}

function git(...args: readonly string[]): string {
  return run('git', args, PROJECT_FOLDER).trim();
}

function run(program: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
  } catch (cause) {
    const { stdout = '', stderr = '', message } = cause as Error & Record<string, string>;
    const said = `${stderr}${stdout}`.trim() || message;
    throw new Error(`'${program} ${args.join(' ')}' failed: ${said}`, { cause });
  }
}
