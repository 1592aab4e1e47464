/** Compiles the loops in C++, where there is a compiler. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('loops.cpp', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../.build/', import.meta.url));
const FLAGS = ['-O3', '-march=native', '-std=c++20', '-pthread'];

/** The program; null where g++ is missing. An Error when it cannot compile. */
export function cppLoops(): string | null {
  const program = `${FOLDER}nexmark-loops`;
  mkdirSync(FOLDER, { recursive: true });
  try {
    execFileSync('g++', [...FLAGS, SOURCE, '-o', program], { stdio: 'pipe' });
    return program;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error('g++ with C++20 could not compile the loops', { cause: error });
  }
}
