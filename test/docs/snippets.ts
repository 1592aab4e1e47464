/**
 * Pieces of code in documentation, made into modules of their own: what they name is imported, and what is no program gets a job
 * around it. Then the compiler looks at all of them at once.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = new URL('../../', import.meta.url);

export type Snippet = {
  /** Names its module: the place where it stands. */
  readonly id: string;
  readonly code: string;
};

/**
 * program: says itself what it imports. module: defines a job of its own, or awaits something. steps: adds steps to a flow.
 */
export type SnippetKind = 'program' | 'module' | 'steps';

export function kindOf(code: string): SnippetKind {
  if (/^import\b/m.test(code)) return 'program';
  const awaits = usesClient(code) || (/\bawait\b/.test(code) && !/\basync\b/.test(code));
  return awaits || /^(export\b|(const \w+ = )?job\()/m.test(code) ? 'module' : 'steps';
}

/** Whether it speaks of a client that somebody else has started. */
function usesClient(code: string): boolean {
  return /\bclient\./.test(code) && !/\bconst client\b/.test(code);
}

/** The modules that names come from, the first that has it; by what their source exports. */
const SOURCES: readonly (readonly [string, string])[] = [
  ['millrace', 'src/index.ts'],
  ['millrace/connectors', 'src/connector/kit/index.ts'],
  ['millrace/connectors/files', 'src/connector/file/index.ts'],
  ['millrace/connectors/net', 'src/connector/net/index.ts'],
  ['millrace/kafka', 'src/connector/kafka/index.ts'],
  ['millrace/cep', 'src/api/cep/index.ts'],
  ['millrace/state', 'src/api/savepoint/index.ts'],
  ['millrace/testing', 'src/testing/index.ts'],
  ['millrace/sharedarraybuffer-queue', 'src/sharedarraybuffer-queue/index.ts'],
  ['../../../test/docs/names.ts', 'test/docs/names.ts'],
  ['../../../test/docs/declared.ts', 'test/docs/declared.ts'],
];

function exportsOf(path: string): string[] {
  const text = readFileSync(new URL(path, ROOT), 'utf8');
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim().replace(/^type (?=\w)/, '')),
  );
  const own = [
    ...text.matchAll(/^export (?:declare )?(?:async )?(?:const|function|type|class) (\w+)/gm),
  ];
  return [...lists.filter((name) => name !== ''), ...own.map(([, name]) => name!)];
}

const MODULES = new Map(
  SOURCES.map(([module, path]) => [module, new Set(exportsOf(path))] as const),
);

/** Names of the streams in names.ts. */
const STREAMS = [
  ...readFileSync(new URL('test/docs/names.ts', ROOT), 'utf8').matchAll(/^ {4}(\w+): /gm),
].map(([, name]) => name!);

/** Words of the code that may be names of something outside it. */
function wordsOf(code: string): Set<string> {
  return new Set(code.match(/(?<![.\w'"/])[A-Za-z_]\w*/g) ?? []);
}

/** Names that the code itself defines, or imports. */
function definedBy(code: string): Set<string> {
  const imported = [...code.matchAll(/^import ([^;]*) from/gm)].map(([, names]) => names!);
  const own = [...code.matchAll(/^(?:export )?(?:const|let|function|class|type) ([^=(]+)/gm)];
  return wordsOf([...imported, ...own.map(([, names]) => names)].join(' '));
}

/** The names that the code takes from a module. */
function namesFrom(module: string, code: string): string[] {
  const defined = definedBy(code);
  return [...wordsOf(code)].filter(
    (word) =>
      !defined.has(word) && [...MODULES].find(([, names]) => names.has(word))?.[0] === module,
  );
}

/** A program says what it imports of the package; the rest of the world is given to it too. */
function imports(code: string, isProgram = false): string {
  return [...MODULES.keys()]
    .filter((module) => !isProgram || module.startsWith('.'))
    .map((module) => [module, namesFrom(module, code)] as const)
    .filter(([, names]) => names.length > 0)
    .map(([module, names]) => `import { ${names.join(', ')} } from '${module}';\n`)
    .join('');
}

/** In code that is not one expression: it begins with a word of statements, or another one begins behind it. */
const STATEMENTS = /^(?:const|let|function|type|class|for|if|try)\b|;[ \t]*(?:\/\/.*)?\n+[A-Za-z]/;

/** The text of the module of a snippet. */
function moduleOf({ id, code }: Snippet): string {
  switch (kindOf(code)) {
    case 'program':
      return `${imports(code, true)}${code}`;
    case 'module':
      return usesClient(code)
        ? `${imports(`${code}\nstartClient`)}
const client = await startClient({ writes: ${code.includes('inputs')} });
${code}
client.inputs.clicks.end();
await client.result();
`
        : `${imports(code)}\n${code}\nexport {};\n`;
    case 'steps': {
      const used = STREAMS.filter((name) => wordsOf(code).has(name) || name === 'bids');
      const isOne = !STATEMENTS.test(code);
      const body = isOne
        ? `const result = (${code.trim().replace(/;?(?:\s+\/\/.*)?$/, '')});`
        : code;
      const given = `const given = streams(flow);\n  const { ${used.join(', ')} } = given;`;
      const own = `const example = job(import.meta, '${id}', (flow) => {
  ${given}
  {
${body}
    finish(given, ${isOne ? 'result' : 'null'});
  }
});
`;
      return `${imports(`${code}\njob streams finish`)}\nexport ${own}`;
    }
  }
}

/** Writes the modules into a folder of their own below `out`, and returns where each is. */
export function writeModules(folder: string, snippets: readonly Snippet[]): Map<string, string> {
  const at = new URL(`out/docs/${folder}/`, ROOT);
  rmSync(at, { recursive: true, force: true });
  mkdirSync(at, { recursive: true });
  const config = {
    extends: '../../../tsconfig.json',
    // Examples name what a reader would go on with.
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      verbatimModuleSyntax: false,
      rootDir: '../../..',
    },
    include: ['*.ts'],
  };
  writeFileSync(new URL('tsconfig.json', at), JSON.stringify(config));
  return new Map(
    snippets.map((snippet) => {
      const file = new URL(`${snippet.id}.ts`, at);
      writeFileSync(file, moduleOf(snippet));
      return [snippet.id, fileURLToPath(file)];
    }),
  );
}

/** What the compiler says of the modules of a folder; nothing when all is well. */
export function compile(folder: string): string {
  const project = fileURLToPath(new URL(`out/docs/${folder}/tsconfig.json`, ROOT));
  const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', ROOT));
  const run = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
  return run.stdout + run.stderr;
}
