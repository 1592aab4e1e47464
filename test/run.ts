/**
 * Runs all test files, each in a process of its own, or several that need none: to load the engine from its sources and to warm it
 * up is a large part of what a short file takes. First those that leave room for others, two at a time where there are two
 * processors, then those that need the machine for themselves. One line a process; what one that fails has printed follows it.
 *
 *   node --import ./src/base/typescript-register.mjs test/run.ts [part of a path ...]
 */
import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REGISTER = './src/base/typescript-register.mjs';
const TOGETHER = 'test/together.ts';

/** Two, since the threads of jobs want processors too. */
const LANES = Math.min(2, availableParallelism());
/** Behind it a file hangs. */
const TIMEOUT_MS = 15 * 60_000;

/** Files that look at how the time of the machine is shared, that must be quicker than something else, or that open a browser. */
const ALONE: readonly string[] = [
  'test/dashboard/',
  'test/e2e/cancellation.test.ts',
  'test/e2e/folder-watching.test.ts',
  'test/e2e/metrics.test.ts',
  'test/e2e/serve.test.ts',
  'test/e2e/upgrade.test.ts',
  'test/e2e/watch.test.ts',
  'test/server/inspection.test.ts',
  'test/sharedarraybuffer-queue/stress.test.ts',
];
/** Begun first, so that none of them is left over at the end. */
const LONG: readonly string[] = [
  'test/bench/figures.test.ts',
  'test/bench/nexmark.test.ts',
  'test/e2e/crash-loop.test.ts',
  'test/e2e/install.test.ts',
  'test/e2e/kafka/kafka.test.ts',
  'test/e2e/recovery.test.ts',
  'test/operator/every-key.test.ts',
  'test/operator/every-step.test.ts',
  'test/operator/every-window.test.ts',
];

/** Folders whose files share processes, where nothing in a file speaks against it. */
const SHARED: readonly string[] = [
  'test/base/',
  'test/channel/',
  'test/data/',
  'test/graph/',
  'test/metrics/',
  'test/operator/',
  'test/state/',
  'test/time/',
];
/** What a file does to its process, or wants to have for itself: hooks of its tests would be those of all, memory would be that of all. */
const NOT_SHARED =
  /\b(?:process\.|globalThis|mock|collector|node:(?:worker_threads|child_process|v8|vm|module|async_hooks))|^(?:before|after)(?:Each)?\(|^await /m;
/** So many that what they load is little against what they do. */
const FILES_SHARED_MAX = 10;

/** A file system in memory, where Linux has one: of most tests that write files, syncing them is most of the time. */
const MEMORY = '/dev/shm';
/** What tests have there at one time, an installed package with tools among it, and room to spare. */
const MEMORY_BYTES = 4 * 2 ** 30;

type Outcome = { readonly output: string; readonly isFailed: boolean; readonly ms: number };

/** What `node --test` counts at the end of its output. */
const COUNTS = ['pass', 'fail', 'skipped'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

function testFiles(parts: readonly string[]): string[] {
  const paths = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => join('test', path))
    .filter((path) => path.endsWith('.test.ts'));
  return paths.filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)));
}

function beginsWithOne(path: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => path.startsWith(beginning));
}

/** A folder in memory for the temporary files of all tests; null for where they are otherwise. */
function folderInMemory(): string | null {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    const isRoomy = Math.min(bavail * bsize, freemem()) >= MEMORY_BYTES;
    return isRoomy ? mkdtempSync(join(MEMORY, 'millrace-tests-')) : null;
  } catch {
    return null;
  }
}

/**
 * By Node itself: `--test` would start it in a second process. As there, a variable tells the engine that its threads are those
 * of a test.
 */
async function run(files: readonly string[]): Promise<Outcome> {
  const begun = performance.now();
  const entry = files.length === 1 ? files : [TOGETHER, ...files];
  const flags = ['--import', REGISTER, '--test-reporter=spec', ...entry];
  const child = spawn(process.execPath, flags, {
    cwd: ROOT,
    env: { ...process.env, ...temporary, NODE_TEST_CONTEXT: 'file' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: files.length * TIMEOUT_MS,
  });
  const printed: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => printed.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => printed.push(bytes));
  const end = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  const ms = performance.now() - begun;
  const text = Buffer.concat(printed).toString();
  const output = typeof end === 'number' ? text : `${text}ended by ${end}\n`;
  return { output, isFailed: end !== 0, ms };
}

function countsIn(output: string): Counts {
  const found = COUNTS.map((name) => {
    const [, count = 0] = new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(output) ?? [];
    return [name, Number(count)] as const;
  });
  return Object.fromEntries(found) as Counts;
}

class Report {
  readonly total: Counts = { pass: 0, fail: 0, skipped: 0 };
  readonly failed: string[] = [];
  files = 0;

  add(files: readonly string[], { output, isFailed, ms }: Outcome): void {
    const counts = countsIn(output);
    for (const name of COUNTS) this.total[name] += counts[name];
    this.files += files.length;
    const [first, ...others] = files.map((path, n) => (n === 0 ? path : basename(path)));
    const file = [first, ...others].join(' ');
    const seconds = (ms / 1000).toFixed(1).padStart(6);
    console.log(`${isFailed ? '✖' : '✔'} ${seconds} s  ${file}  ${textOf(counts)}`);
    if (!isFailed) return;
    this.failed.push(file);
    console.log(output);
  }
}

function textOf({ pass, fail, skipped }: Counts): string {
  const rest = [fail > 0 ? `${fail} failed` : '', skipped > 0 ? `${skipped} skipped` : ''];
  return [`${pass} passed`, ...rest.filter((text) => text !== '')].join(', ');
}

/** Files in the processes that run them. */
function grouped(files: readonly string[]): string[][] {
  const groups: string[][] = [];
  let open: string[] = [];
  for (const file of files) {
    if (!beginsWithOne(file, SHARED) || NOT_SHARED.test(readFileSync(join(ROOT, file), 'utf8'))) {
      groups.push([file]);
      continue;
    }
    const isFull = open.length === FILES_SHARED_MAX;
    if (open.length === 0 || isFull || dirname(open[0]!) !== dirname(file)) {
      open = [];
      groups.push(open);
    }
    open.push(file);
  }
  return groups;
}

async function runAll(
  groups: readonly (readonly string[])[],
  lanes: number,
  report: Report,
): Promise<void> {
  const left = [...groups];
  const lane = async (): Promise<void> => {
    for (let group = left.shift(); group !== undefined; group = left.shift()) {
      report.add(group, await run(group));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const files = testFiles(process.argv.slice(2)).sort();
const alone = files.filter((path) => beginsWithOne(path, ALONE));
const long = files.filter((path) => LONG.includes(path));
const others = files.filter((path) => !alone.includes(path) && !long.includes(path));
const begun = performance.now();
const report = new Report();
const memory = folderInMemory();
const temporary = memory === null ? {} : { TMPDIR: memory };
process.on('exit', () => {
  if (memory !== null) rmSync(memory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
await runAll([...long.map((file) => [file]), ...grouped(others)], LANES, report);
await runAll(
  alone.map((file) => [file]),
  1,
  report,
);

const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
console.log(`\n${report.files} files, ${textOf(report.total)}, ${minutes} min`);
for (const file of report.failed) console.log(`✖ ${file}`);
// A run of nothing is no success.
process.exitCode = report.failed.length > 0 || report.files === 0 ? 1 : 0;
