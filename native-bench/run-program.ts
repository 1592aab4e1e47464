/** Runs one program in a fresh process, and looks at the clock. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command, Report, Run } from './figure.ts';

export const PROJECT_FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** A program that takes longer is stuck. */
const RUN_MS_MAX = 15 * 60_000;

/** Rejects with what the program wrote as errors when it does not end well. */
export function runProgram({ program, args, env, folder }: Command): Promise<Run> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    let firstOutputMs = Number.NaN;
    let output = '';
    let errors = '';
    const child = spawn(program ?? process.execPath, args, {
      cwd: folder ?? PROJECT_FOLDER,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MS_MAX,
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output === '') firstOutputMs = performance.now() - startMs;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const wallMs = performance.now() - startMs;
      if (code === 0) resolve({ wallMs, firstOutputMs, report: reportOf(output) });
      else {
        const command = [program ?? 'node', ...args].join(' ');
        reject(new Error(`'${command}' ended with ${signal ?? `code ${code}`}\n${errors}`));
      }
    });
  });
}

function reportOf(output: string): Report | null {
  const lastLine = output.trimEnd().split('\n').at(-1)!;
  return lastLine.startsWith('{') ? (JSON.parse(lastLine) as Report) : null;
}
