/** One run as the command sees it: the process that has it, and what becomes of it. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { engineEntry } from '../../base/engine-files.ts';
import type { RunAnswer, RunRequest } from './bench.ts';

const ENTRY = fileURLToPath(engineEntry('cli/bench/bench-process'));

export type BenchRun = {
  /** Resolves when its process has ended. */
  readonly answer: Promise<RunAnswer>;
  /** SIGTERM has it cancel its job. */
  kill(signal: NodeJS.Signals): void;
};

export function startRun(request: RunRequest): BenchRun {
  const child = fork(ENTRY, process.argv.slice(2), {
    // A Ctrl-C of the terminal reaches the command alone, which passes it on once.
    detached: true,
    // What the job prints would be between the figures; what it warns of is for people.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let answered: RunAnswer | null = null;
  child.on('message', (answer: RunAnswer) => {
    answered = answer;
  });
  const answer = new Promise<RunAnswer>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : signal;
      const message = `its process ended by ${how}, before the job had`;
      const failure = { code: null, message };
      resolve(answered ?? { type: 'failed', text: `error: ${message}`, failure, isUsage: false });
    });
  });
  child.send(request, () => {});
  return { answer, kill: (signal) => void child.kill(signal) };
}
