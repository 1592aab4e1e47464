/** The public functions, with their docstrings and the examples in them, read from the sources. */
import { readFileSync } from 'node:fs';
import { ROOT } from './snippets.ts';

export type PublicFunction = {
  /** `tumbling`, `Stream.map`. */
  readonly name: string;
  /** Of the source, below the root. */
  readonly file: string;
  readonly docstring: string;
  /** A class is where its methods are at home. */
  readonly isClass: boolean;
};

const DOORS = [
  'src/index.ts',
  'src/connector/file/index.ts',
  'src/connector/kit/index.ts',
  'src/connector/net/index.ts',
  'src/connector/kafka/index.ts',
  'src/api/cep/index.ts',
  'src/api/savepoint/index.ts',
  'src/testing/index.ts',
  'src/sharedarraybuffer-queue/index.ts',
];

const DECLARATION =
  /^(?:export )?(?:abstract )?(async function|class|function) (\w+)(?:.* extends (\w+))?/;
const METHOD = /^ {2}(?:static )?(?:async )?(\w+)[<(]/;
const NO_METHODS = new Set(['constructor', 'if', 'for', 'while', 'switch', 'return']);

/** Files behind the doors, with the names of values that these export from them. */
function exported(): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const door of DOORS) {
    const text = readFileSync(new URL(door, ROOT), 'utf8');
    for (const [, names, target] of text.matchAll(/^export \{([^}]*)\} from '([^']+)'/gm)) {
      const file = new URL(target!, new URL(door, ROOT)).href.slice(ROOT.href.length);
      const known = files.get(file) ?? new Set();
      for (const name of names!.split(',').map((one) => one.trim())) {
        if (name !== '' && !name.startsWith('type ')) known.add(name);
      }
      files.set(file, known);
    }
  }
  return files;
}

/** All exported classes and functions, and the public methods of the classes. Overloads are one, with the first docstring. */
export function publicFunctions(): PublicFunction[] {
  return [...exported()].flatMap(([file, names]) => functionsOf(file, names));
}

function functionsOf(file: string, names: ReadonlySet<string>): PublicFunction[] {
  const text = readFileSync(new URL(file, ROOT), 'utf8');
  const bases = basesOf(text, names);
  const found = new Map<string, PublicFunction>();
  let owner: string | null = null;
  let docstring = '';
  let isComment = false;
  for (const line of text.split('\n')) {
    if (/^\s*\/\*\*/.test(line)) [docstring, isComment] = ['', true];
    if (isComment) {
      docstring += `${line}\n`;
      isComment = !line.includes('*/');
      continue;
    }
    const [, kind, top] = DECLARATION.exec(line) ?? [];
    const method = METHOD.exec(line)?.[1];
    if (top !== undefined) owner = kind === 'class' && bases.has(top) ? top : null;
    const isPublic = top !== undefined ? bases.has(top) : owner !== null && method !== undefined;
    const name = top ?? `${owner}.${method}`;
    if (isPublic && !NO_METHODS.has(method ?? '') && !found.has(name)) {
      found.set(name, { name, file, docstring, isClass: kind === 'class' });
    }
    if (line.trim() !== '') docstring = '';
  }
  return [...found.values()];
}

/** The names, and those of the classes of the file that they extend. */
function basesOf(text: string, names: ReadonlySet<string>): Set<string> {
  const all = new Set(names);
  for (const line of text.split('\n').reverse()) {
    const [, , name, base] = DECLARATION.exec(line) ?? [];
    if (name !== undefined && base !== undefined && all.has(name)) all.add(base);
  }
  return all;
}

/** What no example can be: a part of one, with dots for what is left out. */
const LEFT_OUT = /\.\.\.(?![\w[(])/;

/** A call, whole, or behind a dot to something that the docstring is about. */
const CALL = /^(?=.*\()(?:\.|new |await |const |for await |[\w.]+(?:<[\w<>, ]+>)?\()/;

/** The pieces of code of a docstring that are whole: indented blocks, and calls in backticks. */
export function examplesOf(docstring: string): string[] {
  const lines = docstring
    .replace(/^\s*\/\*\*|\*\/\s*$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''));
  const blocks = lines.join('\n').match(/(?:^ {2}.*\n+)+/gm) ?? [];
  const prose = lines.filter((line) => !line.startsWith('  ')).join(' ');
  // A chain of calls may go over a line.
  const calls = [...prose.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replaceAll(' .', '.'));
  return [
    ...blocks.map((block) => block.replace(/^ {2}/gm, '').trim()),
    ...calls.filter((code) => CALL.test(code)),
  ].filter((code) => code !== '' && !LEFT_OUT.test(code));
}
