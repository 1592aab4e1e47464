/**
 * The tokens of a function's source, as far as it takes to see what the function does with its row. Null for what only a
 * parser could tell: regular expressions, which begin as a division does, texts with expressions in them, and names that are
 * written by escapes; and for what reaches a row without its name.
 */

/** A name, a number, a text with its quotes, or a mark of one to four signs. */
export type Token = string;

const SPACE = /(?:\s+|\/\/.*|\/\*[\s\S]*?\*\/)*/y;
const TOKEN =
  /[A-Za-z_$][\w$]*|\d[\w.]*|\.\d[\w]*|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|`[^`\\$]*`|\.\.\.|=>|\?\.(?!\d)|>>>=?|[*<>&|?]{2}=?|\+\+|--|[=!]==?|[-+*/%&|^<>]=?|[{}()[\],;:?.!~=]/y;
const NAME = /^[A-Za-z_$][\w$]*$/;
const DOUBTS: ReadonlySet<Token> = new Set(['arguments', 'eval', 'this', 'super', 'with']);
/** Behind the parentheses of these, a regular expression may begin. */
const CONDITIONS: ReadonlySet<Token> = new Set(['if', 'while', 'for']);
/** Names behind which a division cannot stand. */
const OPERATORS: ReadonlySet<Token> = new Set(
  'return typeof void delete in of instanceof case else do new throw yield await'.split(' '),
);

export function tokensOf(source: string): readonly Token[] | null {
  const tokens: Token[] = [];
  for (let at = 0; ; ) {
    SPACE.lastIndex = at;
    at += SPACE.exec(source)![0].length;
    if (at === source.length) return tokens;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source)?.[0];
    if (token === undefined || DOUBTS.has(token)) return null;
    if (token.startsWith('/') && !isDivision(tokens)) return null;
    tokens.push(token);
    at += token.length;
  }
}

/** Whether what is before a slash ends a value. A brace may end a block as well, which is a doubt. */
function isDivision(before: readonly Token[]): boolean {
  const last = before.at(-1);
  if (last === undefined || OPERATORS.has(last)) return false;
  if (last === ')') return !before.some((token) => CONDITIONS.has(token));
  return last === ']' || /^[\w$'"`]/.test(last);
}

/** Whether a token is a name, of a variable or of a field. */
export function isName(token: Token | undefined): boolean {
  return token !== undefined && NAME.test(token);
}
