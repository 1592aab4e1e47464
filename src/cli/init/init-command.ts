/** `millrace init`: a folder with a job that runs and a test that passes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { engineFile } from '../../base/engine-files.ts';
import { EngineError } from '../../base/errors.ts';
import { outputError } from '../../connector/file/sink/output-error.ts';
import type { AnswerFlags } from '../answer.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../failure.ts';
import { projectFiles } from './template.ts';

export type InitFlags = AnswerFlags & {
  /** Without asking. */
  readonly yes?: boolean;
};

/** Exit code of the process. */
export async function initCommand(target: string, flags: InitFlags): Promise<ExitCode> {
  const { yes = false, json = false } = flags;
  try {
    const folder = resolve(target);
    refuseOtherFiles(folder);
    const files = projectFiles({ name: packageName(folder), millrace: ownPackage(folder) });
    if (!yes && process.stdin.isTTY && !(await agrees(folder, Object.keys(files)))) {
      return EXIT.cancelled;
    }
    for (const [path, text] of Object.entries(files)) write(join(folder, path), text);
    const paths = Object.keys(files);
    const enter = folder === process.cwd() ? '' : `cd ${shellWord(target)} && `;
    const next = `${enter}npm install && npm start && npm test`;
    if (json) console.log(JSON.stringify({ folder, files: paths, next }, null, 2));
    else console.log(`${paths.map((path) => join(target, path)).join('\n')}\n\nnext: ${next}`);
    return EXIT.done;
  } catch (error) {
    return fail(flags, error);
  }
}

/** EngineError OUTPUT_FAILED. */
function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  } catch (cause) {
    throw outputError(path, cause);
  }
}

/** As a shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A repository without files is as good as an empty folder. */
function refuseOtherFiles(folder: string): void {
  const others = namesIn(folder).filter((name) => name !== '.git');
  if (others.length === 0) return;
  throw new EngineError(
    'OUTPUT_EXISTS',
    `${folder} is not empty (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', ...' : ''}): give another folder`,
  );
}

/** None where it is not there yet. EngineError OUTPUT_FAILED for a file. */
function namesIn(folder: string): readonly string[] {
  try {
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch (cause) {
    throw outputError(folder, cause);
  }
}

/** The name of the folder, as package.json may have it. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  return name === '' ? 'jobs' : name;
}

/** The version that runs; where it runs from a clone, the way there. */
function ownPackage(folder: string): string {
  const root = fileURLToPath(engineFile('../'));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  if (root.split(sep).includes('node_modules')) return `^${version}`;
  return `file:${relative(folder, root).split(sep).join('/')}`;
}

async function agrees(folder: string, paths: readonly string[]): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`write ${paths.join(', ')} into ${folder}? [Y/n] `);
    return !/^n/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
