/**
 * Builds `dist`: the types of every module, and the code of all of them in few files. Each thread of a job loads the
 * engine anew, and finding, reading and compiling hundreds of files is most of the time that takes (figure cold-start).
 * What several entries share lies in `dist/engine`, where src/base/engine-files.ts looks for itself: a file for each set of
 * entries that share something. There are few when most entries hold the whole engine, which is then divided: the
 * compiler of each thread keeps the most memory that a single file has needed (12 MB of versus --job chain).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const ROOT = new URL('./', import.meta.url);
const { bin, exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));

/** What is entered from outside: the doors of the package, its command, and what threads start with. */
const ENTRIES = [
  ...Object.values(exports).flatMap((door) => door.default ?? []),
  ...Object.values(bin),
  'dist/cli/bench/bench-process.js',
  'dist/cli/upgrade/job-process.js',
  'dist/graph/load-job.js',
  'dist/task/worker-main.js',
  'dist/task/pool-worker.js',
  'dist/checkpoint/compress-worker.js',
].map((path) => path.replace(/^(\.\/)?dist\/(.*)\.js$/, 'src/$2.ts'));

/** Entries that do without the rest of the engine, and share nothing with it but code: each has its own copy of that. */
const ALONE = ['src/checkpoint/compress-worker.ts', 'src/sharedarraybuffer-queue/index.ts'];
const SPLIT = ENTRIES.filter((path) => !ALONE.includes(path));
const DOOR = 'src/index.ts';
/** What the door itself imports, and what starts threads before the engine is loaded. */
const PARTS = ['src/graph/load-job.ts', 'src/cli/main.ts'];
/** What the rest imports when it is wanted, a file each: they need what is loaded by then. */
const WANTED = [
  'src/cli/program.ts',
  'src/cli/bench/bench-command.ts',
  'src/cli/config/config-command.ts',
  'src/cli/config/config-schema.ts',
  'src/cli/diff-command.ts',
  'src/cli/explain-command.ts',
  'src/cli/import-command.ts',
  'src/cli/init/init-command.ts',
  'src/cli/serve-command.ts',
  'src/cli/snapshot-command.ts',
  'src/cli/top/top-command.ts',
  'src/cli/upgrade/supervisor.ts',
  'src/cli/watch-command.ts',
  'src/server/http-server.ts',
  'src/server/open-telemetry.ts',
];
/** Folders of the engine that have a file each, lowest first: one uses those before it. The rest has the last. */
const DIVIDED = [
  ['base', 'sharedarraybuffer-queue', 'data', 'time', 'metrics', 'state'],
  ['channel', 'operator'],
  ['graph', 'connector', 'checkpoint', 'task'],
];
const WHOLE = [...SPLIT.filter((path) => path !== DOOR && !PARTS.includes(path)), ...WANTED];

/** Node's own hooks, which are named by their files. */
const HOOKS = [
  'src/base/no-tests.mjs',
  'src/base/test-runner-hooks.mjs',
  'src/base/test-runner-register.mjs',
  'src/base/typescript-hooks.mjs',
  'src/base/typescript-register.mjs',
];

const SHARED = {
  absWorkingDir: new URL('.', ROOT).pathname,
  outbase: 'src',
  outdir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20',
};

/** Libraries that the files have within them: Hyparquet alone is forty modules, which each thread would have to find. */
const HELD = [
  'fflate',
  'fzstd',
  'hyparquet',
  'hyparquet-compressors',
  'hyparquet-writer',
  'hysnappy',
  'lru-cache',
  'msgpackr',
  'zstddec',
];

/** The others are found where the package is installed. */
const packages = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) => {
      if (kind === 'entry-point') return;
      const isHeld = HELD.some((name) => path === name || path.startsWith(`${name}/`));
      return isHeld ? undefined : { path, external: true };
    });
  },
};

const BUNDLED = { ...SHARED, bundle: true };

/** Lets entries hold what the door of the package does. */
const wholeEngine = {
  name: 'whole-engine',
  setup({ onLoad }) {
    const paths = new Set(WHOLE.map((path) => SHARED.absWorkingDir + path));
    const door = JSON.stringify(SHARED.absWorkingDir + DOOR);
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!paths.has(path)) return;
      return { contents: `${readFileSync(path, 'utf8')}\nimport ${door};\n`, loader: 'ts' };
    });
  },
};

rmSync(new URL('dist/', ROOT), { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
const parts = partsOf(await filesBehind(DOOR));
await build({
  ...BUNDLED,
  entryPoints: [...SPLIT.map((path) => ({ in: path, out: path.slice(4, -3) })), ...parts.entries],
  splitting: true,
  chunkNames: 'engine/[hash]',
  plugins: [parts.plugin, wholeEngine, packages],
});
rmSync(new URL(`dist/${parts.folder}/`, ROOT), { recursive: true });
await build({ ...BUNDLED, entryPoints: ALONE, plugins: [packages] });
for (const file of readdirSync(new URL('dist/', ROOT), { recursive: true })) {
  if (file.endsWith('.js')) keepConstants(new URL(`dist/${file}`, ROOT));
}
writeFileSync(new URL('dist/licences.txt', ROOT), HELD.map(licenceOf).join('\n\n'));
copyFileSync(new URL('src/base/pool-entry.cjs', ROOT), new URL('dist/base/pool-entry.cjs', ROOT));
await build({ ...SHARED, entryPoints: HOOKS, outExtension: { '.js': '.mjs' } });

/** Of ours. */
async function filesBehind(entry) {
  const { metafile } = await build({
    ...BUNDLED,
    entryPoints: [entry],
    plugins: [packages],
    metafile: true,
    write: false,
  });
  return Object.keys(metafile.inputs).filter((path) => path.startsWith('src/'));
}

/**
 * An entry for each part of the engine that imports these files of it and of those before, so that each part is what a set of
 * entries shares. What the entries become themselves is in `folder`, and of no use.
 */
function partsOf(files) {
  const folder = 'parts';
  const contentsOf = (part) => {
    const folders = DIVIDED.slice(0, part + 1).flat();
    return files
      .filter((path) => folders.includes(path.split('/')[1]))
      .map((path) => `import ${JSON.stringify(SHARED.absWorkingDir + path)};`)
      .join('\n');
  };
  const entries = DIVIDED.map((_, part) => ({ in: `part:${part}`, out: `${folder}/${part}` }));
  const plugin = {
    name: 'parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^part:/ }, ({ path }) => ({ path, namespace: 'part' }));
      onLoad({ filter: /^part:/, namespace: 'part' }, ({ path }) => ({
        contents: contentsOf(Number(path.split(':')[1])),
        resolveDir: SHARED.absWorkingDir,
      }));
    },
  };
  return { folder, entries, plugin };
}

/**
 * Declares our constants as such again, where the bundler makes variables of them: V8 reads a variable of a module anew each time,
 * within loops too, and compiles a constant into the code. Benchmark: figure sessions.
 */
function keepConstants(path) {
  let isOurs = false;
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => {
      if (/^\/\/ (src|node_modules)\//.test(line)) isOurs = line.startsWith('// src/');
      return isOurs ? line.replace(/^var (?=[A-Z][A-Z0-9_]+ = )/, 'const ') : line;
    });
  writeFileSync(path, lines.join('\n'));
}

function licenceOf(name) {
  const folder = new URL(`node_modules/${name}/`, ROOT);
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  return `${name}\n\n${readFileSync(new URL(file, folder), 'utf8').trim()}\n`;
}
