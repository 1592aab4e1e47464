/** The guide and the README hold: their code compiles, their programs print what they show, their commands and links exist. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publicFunctions } from './docstrings.ts';
import { compile, kindOf, ROOT, type Snippet, writeModules } from './snippets.ts';

const HOOKS = new URL('src/base/typescript-register.mjs', ROOT).href;

type Block = { readonly language: string; readonly code: string; readonly line: number };

const guide = readdirSync(new URL('docs/', ROOT)).filter((name) => name.endsWith('.md'));
const pages = new Map(
  ['README.md', ...guide.map((name) => `docs/${name}`)].map(
    (path) => [path, readFileSync(new URL(path, ROOT), 'utf8')] as const,
  ),
);

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1]!,
    code: match[2]!,
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** Blocks of TypeScript, and beneath each the output that the page shows of it. */
const snippets: (Snippet & { readonly output: string | null })[] = [];
for (const [path, text] of pages) {
  const blocks = blocksOf(text);
  for (const [i, { language, code, line }] of blocks.entries()) {
    if (language !== 'ts') continue;
    const id = `${path.replace(/\W/g, '-')}-${line}`;
    const next = blocks[i + 1];
    snippets.push({ id, code, output: next?.language === 'text' ? next.code : null });
  }
}
const files = writeModules('guide', snippets);

test('every block of TypeScript compiles', () => {
  assert.ok(snippets.length > 30);
  assert.equal(compile('guide'), '');
});

test('every output that a page shows is that of the program before it', () => {
  const shown = [...pages.values()].flatMap(blocksOf).filter(({ language }) => language === 'text');
  const programs = snippets.filter(({ output }) => output !== null);
  assert.equal(programs.length, shown.length);
  for (const { id, code } of programs) assert.equal(kindOf(code), 'program', id);
});

for (const { id, output } of snippets.filter((snippet) => snippet.output !== null)) {
  test(`the program at ${id} prints what the page shows`, () => {
    const run = spawnSync(process.execPath, ['--import', HOOKS, files.get(id)!], {
      encoding: 'utf8',
    });
    assert.equal(run.stderr, '');
    assert.equal(run.stdout, output);
  });
}

/** Where the members of objects are that users are given, or give. */
const TYPES = [
  'src/api/function-context.ts',
  'src/api/process.ts',
  'src/api/broadcast.ts',
  'src/job/job.ts',
  'src/metrics/user-metrics.ts',
  'src/operator/source.ts',
  'src/operator/sink.ts',
  'src/time/strategies.ts',
];

/** What `--help` of each command says, made once. */
const helps = new Map<string, string>();
function helpOf(command: readonly string[]): string {
  const key = command.join(' ');
  if (!helps.has(key)) {
    const millrace = fileURLToPath(new URL('dist/cli/main.js', ROOT));
    const args = [millrace, ...command, '--help'];
    helps.set(key, execFileSync(process.execPath, args, { encoding: 'utf8' }));
  }
  return helps.get(key)!;
}

test('every command that is shown exists, with its options', () => {
  let commands = 0;
  for (const [path, text] of pages) {
    for (const [command, name, rest] of text.matchAll(
      /npx millrace ((?:snapshot )?\w+)([^\n`|#]*)/g,
    )) {
      const help = helpOf(name!.split(' '));
      assert.match(help, new RegExp(`^Usage: millrace ${name} `), `${path}: ${command}`);
      for (const [option] of rest!.matchAll(/--[\w-]+/g)) {
        assert.ok(
          help.includes(`${option} `) || help.includes(`${option}\n`),
          `${path}: ${command}`,
        );
      }
      commands++;
    }
  }
  assert.ok(commands > 10);
});

test('the commands of the first job do what they say when they are pasted in order', () => {
  const [, section] = pages.get('docs/first-job.md')!.split('## Read and write files');
  const blocks = blocksOf(section!);
  const of = (language: string) => blocks.filter((block) => block.language === language);
  // In the package, where the job finds it by its name.
  const out = fileURLToPath(new URL('out/', ROOT));
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, 'first-job-'));
  try {
    writeFileSync(join(folder, 'visits.ts'), of('ts')[0]!.code);
    const millrace = fileURLToPath(new URL('dist/cli/main.js', ROOT));
    const npx = `npx() { shift; '${process.execPath}' '${millrace}' "$@"; }`;
    const commands = of('sh').map(({ code }) => code);
    const run = spawnSync('bash', ['-ec', [npx, ...commands].join('\n')], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stderr.match(/^visits: finished in /gm)?.length, 2, run.stderr);
    assert.ok(existsSync(join(folder, 'hourly')));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every link to a file leads to one', () => {
  for (const [path, text] of pages) {
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[\w-]+)?\)/g)) {
      assert.ok(existsSync(new URL(target!, new URL(path, ROOT))), `${path}: ${target}`);
    }
  }
});

test('every call that a table names is one of the public ones', () => {
  const known = new Set(publicFunctions().flatMap(({ name }) => [name, name.split('.').at(-1)!]));
  for (const path of TYPES) {
    const text = readFileSync(new URL(path, ROOT), 'utf8');
    for (const [, name] of text.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:<]/gm)) known.add(name!);
  }
  let calls = 0;
  for (const path of [
    'docs/from-flink.md',
    'docs/from-rxjs.md',
    'docs/windows.md',
    'docs/state.md',
  ]) {
    for (const [row] of pages.get(path)!.matchAll(/^\| .*$/gm)) {
      const cell = row.split('|').at(path.includes('from-') ? 2 : 1)!;
      for (const [, code] of cell.matchAll(/`([^`]+)`/g)) {
        for (const [, name] of code!.matchAll(/(\w+)(?:<\w+>)?\(/g)) {
          assert.ok(known.has(name!), `${path}: ${name} in ${code}`);
          calls++;
        }
      }
    }
  }
  assert.ok(calls > 100);
});
