/** Rules of STYLE.md that a program can check. An exception is a named line here, with its reason. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { test } from 'node:test';
import { FIGURES } from '../native-bench/figures.ts';
import { ERROR_CODES } from '../src/base/errors.ts';

/** Path below a root to text. */
type Files = ReadonlyMap<string, string>;

/** Lowest first. A file may import its own folder and any folder on an earlier line. */
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['sharedarraybuffer-queue'],
  ['data'],
  ['time', 'metrics'],
  ['state'],
  ['operator', 'channel'],
  ['graph', 'connector'],
  ['checkpoint'],
  ['task'],
  ['job'],
  ['server'],
  ['api'],
  ['cli', 'testing'],
];
const RANKS = new Map(
  LAYERS.flatMap((folders, line) => folders.map((folder) => [folder, line] as const)),
);

/** Operators are tested without threads: they never see how rows travel. */
const NEVER: ReadonlyMap<string, string> = new Map([['operator', 'sharedarraybuffer-queue']]);

/** The modules that a package export names. */
const DOORS = [
  'index.ts',
  'sharedarraybuffer-queue/index.ts',
  'connector/file/index.ts',
  'connector/kafka/index.ts',
  'connector/kit/index.ts',
  'connector/net/index.ts',
  'testing/index.ts',
  'api/cep/index.ts',
  'api/savepoint/index.ts',
];

/** What may stand only in some places, by the beginning of the path. */
const BANNED: readonly { what: RegExp; except: readonly string[] }[] = [
  // The queue imports nothing of src; the command line has no time but that of the person before it.
  {
    what: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bset(Timeout|Interval|Immediate)\(/,
    except: ['base/', 'sharedarraybuffer-queue/', 'cli/'],
  },
  { what: /\bMath\.random\b/, except: ['base/'] },
  {
    what: /\b(new SharedArrayBuffer|Atomics\.)/,
    except: ['sharedarraybuffer-queue/', 'channel/', 'metrics/', 'state/grown-arrays.ts'],
  },
  {
    what: /'node:worker_threads'/,
    except: ['task/worker-main.ts', 'job/worker-pool.ts', 'job/worker-threads.ts'],
  },
  { what: /'node:https?'/, except: ['server/', 'connector/net/'] },
  { what: /'node:fs/, except: ['checkpoint/', 'connector/', 'cli/', 'server/dashboard.ts'] },
  { what: /'msgpackr/, except: ['data/', 'state/'] },
  { what: /'(hyparquet|tinyglobby|fflate|apache-arrow|protobufjs)/, except: ['connector/file/'] },
  { what: /'fzstd'/, except: ['checkpoint/'] },
  { what: /'zstddec/, except: ['connector/file/zstd.ts'] },
  {
    what: /'piscina'/,
    except: [
      'base/start-pool.ts',
      'checkpoint/compress-pool.ts',
      'checkpoint/compress-worker.ts',
      'task/pool-worker.ts',
      'task/thread-pool.ts',
    ],
  },
  { what: /'(node:net|ws|eventsource-parser)'/, except: ['connector/net/', 'server/', 'cli/'] },
  { what: /'lru-cache'/, except: ['operator/async/lookup.ts'] },
  { what: /'commander'/, except: ['cli/'] },
  { what: /\bconsole\./, except: ['cli/'] },
  { what: /^export (\*|\{[^}]*\}|type \{[^}]*\}) from/m, except: DOORS },
];

/** A stream gives a keyed stream, which gives a stream: classes that return each other import each other. */
const CYCLES = new Set([
  'api/async.ts',
  'api/broadcast.ts',
  'api/connected.ts',
  'api/full-partition.ts',
  'api/cep/match.ts',
  'api/interval-join.ts',
  'api/keyed-stream.ts',
  'api/stream.ts',
  'api/window-join.ts',
  'api/windowed-stream.ts',
]);

function read(root: string, extension: string): Files {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return new Map(
    paths
      .filter((path) => path.endsWith(extension))
      .map((path) => [path.split(sep).join('/'), readFileSync(join(root, path), 'utf8')]),
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** Paths that a file imports, below the same root; those for types alone may be left out. */
function importsOf(path: string, text: string, withTypes: boolean): string[] {
  const statements = text.matchAll(/^(import|export) (type )?([^;]*?)from '(\.[^']+)'/gm);
  return [...statements]
    .filter(([, , type, names]) => withTypes || (type === undefined && !isTypesOnly(names!)))
    .map(([, , , , target]) =>
      normalize(join(dirname(path), target!))
        .split(sep)
        .join('/'),
    );
}

/** `{ type A, type B }` */
function isTypesOnly(names: string): boolean {
  const list = /^\{([\s\S]*)\}\s*$/.exec(names.trim())?.[1];
  if (list === undefined) return false;
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .every((name) => name.startsWith('type '));
}

function layerViolations(files: Files): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const from = path.split('/')[0]!;
    const rank = RANKS.get(from);
    if (rank === undefined) {
      if (path.includes('/')) found.push(`${path} is in no layer`);
      continue;
    }
    for (const target of importsOf(path, text, true)) {
      const to = target.split('/')[0]!;
      const isBelow = (RANKS.get(to) ?? Infinity) < rank && NEVER.get(from) !== to;
      if (to !== from && !isBelow) found.push(`${path} may not import ${to}`);
    }
  }
  return found;
}

function bannedWords(files: Files): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const code = withoutComments(text);
    for (const { what, except } of BANNED) {
      const match = what.exec(code);
      if (match === null || except.some((start) => path.startsWith(start))) continue;
      found.push(`${path}: ${match[0]}`);
    }
  }
  return found;
}

/** What a job is held against has nothing of the engine that moves or changes records, but for types. */
function sharedWithOracle(files: Files): string[] {
  const engine = ['operator', 'state', 'channel', 'task', 'job'];
  return [...files]
    .filter(([path]) => path.startsWith('testing/naive/'))
    .flatMap(([path, text]) => importsOf(path, text, false).map((target) => ({ path, target })))
    .filter(({ target }) => engine.includes(target.split('/')[0]!))
    .map(({ path, target }) => `${path} imports ${target}`);
}

function cycles(files: Files): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const cycle = trail.slice(at);
      if (!cycle.every((member) => CYCLES.has(member))) found.add([...cycle, path].join(' → '));
      return;
    }
    if (done.has(path)) return;
    for (const next of importsOf(path, files.get(path) ?? '', false)) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return [...found];
}

/** Names behind `Benchmark: figure` and `Benchmarks: figures`, or what stands there instead. */
function unknownFigures(files: Files): string[] {
  const known: ReadonlySet<string> = new Set(FIGURES.map(({ id }) => id));
  return [...files].flatMap(([path, text]) =>
    [...text.matchAll(/Benchmarks?: ([^.]*)\./g)]
      .map(([, list]) => list!.replaceAll(/[\s*]+/g, ' '))
      .flatMap((list) => /^figures? (.*)/.exec(list)?.[1]?.split(', ') ?? [`'${list}'`])
      .filter((name) => !known.has(name))
      .map((name) => `${path}: ${name}`),
  );
}

const SOURCES = read('src', '.ts');

test('layers: no file imports from its right', () => {
  assert.deepEqual(layerViolations(SOURCES), []);
});

test('clocks, threads, files and libraries stand in their places only', () => {
  assert.deepEqual(bannedWords(SOURCES), []);
});

test('the naive evaluation of jobs shares no operator with the engine', () => {
  assert.deepEqual(sharedWithOracle(SOURCES), []);
});

test('no files import each other in a circle', () => {
  assert.deepEqual(cycles(SOURCES), []);
});

test('each error code is thrown somewhere and provoked by a test', () => {
  const engine = [...SOURCES].filter(([path]) => path !== 'base/errors.ts').map(([, text]) => text);
  const tests = [...read('test', '.test.ts')]
    .filter(([path]) => path !== 'tidy.test.ts')
    .map(([, text]) => text);
  const isIn = (texts: readonly string[], code: string): boolean =>
    texts.some((text) => new RegExp(`\\b${code}\\b`).test(text));
  // UserFunctionError gives its code itself, in errors.ts.
  const codes = Object.keys(ERROR_CODES).filter((code) => code !== 'USER_FUNCTION');
  assert.deepEqual(
    codes.filter((code) => !isIn(engine, code)),
    [],
    'never thrown',
  );
  assert.deepEqual(
    Object.keys(ERROR_CODES).filter((code) => !isIn(tests, code)),
    [],
    'never provoked',
  );
});

/** Sources and pages: what is larger has come in by mistake. */
const FILE_BYTES_MAX = 128 * 1024;

test('no file that is kept is large', (context) => {
  let kept: string[];
  try {
    kept = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0');
  } catch {
    context.skip('not a checkout');
    return;
  }
  const large = kept.filter(
    (name) => name !== '' && existsSync(name) && statSync(name).size > FILE_BYTES_MAX,
  );
  assert.deepEqual(large, []);
});

test('figures that comments name exist', () => {
  assert.deepEqual(unknownFigures(SOURCES), []);
});

test('a violation of each rule is found', () => {
  const bad: Files = new Map([
    ['data/a.ts', "import { b } from '../state/b.ts';"],
    ['operator/c.ts', "import { q } from '../sharedarraybuffer-queue/index.ts';\nDate.now();"],
    ['state/b.ts', "import { d } from './d.ts';"],
    ['state/d.ts', "import { type T, b } from './b.ts';\nexport { x } from './x.ts';"],
    ['state/e.ts', "import type { b } from './f.ts'; // Math.random() in a comment"],
    ['state/f.ts', "import { type E } from './e.ts';"],
    [
      'time/g.ts',
      '// Benchmark: figure codec. Benchmarks: figures codec,\n * no-such. Benchmark: codec.',
    ],
    ['testing/naive/h.ts', "import { startOf } from '../../operator/window/window.ts';"],
  ]);
  assert.deepEqual(layerViolations(bad), [
    'data/a.ts may not import state',
    'operator/c.ts may not import sharedarraybuffer-queue',
  ]);
  assert.deepEqual(bannedWords(bad), ['operator/c.ts: Date.now(', 'state/d.ts: export { x } from']);
  assert.deepEqual(unknownFigures(bad), ['time/g.ts: no-such', "time/g.ts: 'codec'"]);
  assert.deepEqual(sharedWithOracle(bad), ['testing/naive/h.ts imports operator/window/window.ts']);
  assert.deepEqual(cycles(bad), ['state/b.ts → state/d.ts → state/b.ts']);
});
