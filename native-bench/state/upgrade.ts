/**
 * How long the rows of a job stay away when a new version of it is saved: `millrace run --watch` of a job with many keys, the
 * longest time between two portions of rows from the moment of saving until rows of the new version come.
 *
 *   upgrade.ts <keys>      { gapMs }
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const path = (name: string): string => fileURLToPath(new URL(name, ROOT));

const [keys] = process.argv.slice(2).map(Number) as [number];

/** In the project, where the job finds the package by its name. */
const BUILD = path('native-bench/.build');
mkdirSync(BUILD, { recursive: true });
const folder = mkdtempSync(join(BUILD, 'upgrade-'));
const module = join(folder, 'job.ts');
const text = readFileSync(path('native-bench/state/upgrade-job.ts'), 'utf8');
writeFileSync(module, text);

const child = spawn(
  process.execPath,
  [
    ...[path('dist/cli/main.js'), 'run', module, '--watch', '--threads', '2', '--no-progress'],
    ...['--checkpoint-dir', join(folder, 'state'), '--checkpoint-every', '10s'],
    ...['--param', `keys=${keys}`],
  ],
  { stdio: ['ignore', 'pipe', 'pipe'] },
);
let errors = '';
child.stderr.setEncoding('utf8').on('data', (more: string) => {
  errors += more;
});

/** How often its key has come, and the version that shows it. */
type Row = { readonly rounds: number; readonly version: number };

let lastMs: number | null = null;
let gapMs = 0;
let isSaved = false;

child.stdout.setEncoding('utf8').on('data', (portion: string) => {
  const nowMs = performance.now();
  if (isSaved && lastMs !== null) gapMs = Math.max(gapMs, nowMs - lastMs);
  lastMs = nowMs;
  const lines = portion.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  const row = JSON.parse(lines.at(-1) ?? '{"rounds":0,"version":1}') as Row;
  if (!isSaved && row.rounds > 1) {
    isSaved = true;
    writeFileSync(module, text.replace('VERSION = 1', 'VERSION = 2'));
  }
  if (row.version === 2) child.kill('SIGINT');
});

child.on('close', () => {
  rmSync(folder, { recursive: true, force: true });
  if (gapMs === 0) throw new Error(`no new version came\n${errors}`);
  console.log(JSON.stringify({ gapMs }));
});
