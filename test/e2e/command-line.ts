/** Runs the built command line in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';

export const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export type Ended = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Running = {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves as soon as the text has been written to either stream. */
  wrote(text: string): Promise<void>;
  /** What has been written to standard error. */
  written(): string;
};

/** Starts `millrace` with arguments. */
export function startMillrace(...args: readonly (string | number)[]): Running {
  return startMillraceIn(process.cwd(), ...args);
}

/** The same in a folder. */
export function startMillraceIn(cwd: string, ...args: readonly (string | number)[]): Running {
  const child = spawn(process.execPath, [MAIN, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
  });
  let stdout = '';
  let stderr = '';
  const readers = new Set<() => void>();
  child.stdout.on('data', (data) => {
    stdout += data;
    for (const look of readers) look();
  });
  child.stderr.on('data', (data) => {
    stderr += data;
    for (const look of readers) look();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    process: child,
    ended,
    written: () => stderr,
    wrote: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!stdout.includes(text) && !stderr.includes(text)) return;
          readers.delete(look);
          resolve();
        };
        readers.add(look);
        void ended.then(() => reject(new Error(`ended without '${text}': ${stderr}`)));
        look();
      }),
  };
}

export async function millrace(...args: readonly (string | number)[]): Promise<Ended> {
  return await startMillrace(...args).ended;
}

/** The path of a job module of test/e2e/jobs. */
export function jobFile(name: string): string {
  return new URL(`jobs/${name}.ts`, import.meta.url).pathname;
}
