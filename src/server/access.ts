/**
 * Who may ask what. On a loopback address everybody on the machine may look, at records only where there is no token; what
 * changes the job, and everything on other addresses, needs the token. Pages of other origins may do neither, and a name that leads to this address from elsewhere
 * does not count as its own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RestError, type Route } from './rest.ts';

export type AccessRules = {
  readonly isLoopback: boolean;
  /** Null: nobody may change the job. */
  readonly token: string | null;
  /** Origins, beside its own, whose pages may ask. */
  readonly allowedOrigins: readonly string[];
};

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** RestError 403 for a request that comes from a page of elsewhere, or was meant for another server. */
export function checkOrigin(rules: AccessRules, { headers }: IncomingMessage): void {
  const { origin, host = '' } = headers;
  if (rules.isLoopback && !isOwnName(rules, host.toLowerCase())) {
    throw new RestError(403, `this is no server of '${host}': ask it by localhost`);
  }
  if (origin === undefined || origin === `http://${host}`) return;
  if (rules.allowedOrigins.includes(origin)) return;
  throw new RestError(403, `pages of '${origin}' may not ask; allow them by allowedOrigins`);
}

/** On loopback also the names of allowed origins, which a proxy passes on. */
function isOwnName({ allowedOrigins }: AccessRules, host: string): boolean {
  const name = host.replace(/:\d*$/, '');
  if (LOOPBACK_NAMES.has(name) || isLoopback(name)) return true;
  return allowedOrigins.some((origin) => new URL(origin).host === host);
}

/** Headers that let a page of an allowed origin see the answer. */
export function originHeaders(
  rules: AccessRules,
  { headers }: IncomingMessage,
): Readonly<Record<string, string>> {
  const { origin } = headers;
  if (origin === undefined || !rules.allowedOrigins.includes(origin)) return {};
  return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' };
}

/** What a browser asks before it sends what pages of an allowed origin want. */
export const PREFLIGHT_HEADERS = {
  'Access-Control-Allow-Methods': 'GET, PATCH, POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  'Access-Control-Max-Age': '600',
} as const;

/** RestError 401 or 403 for a request that needs the token and does not have it. */
export function checkToken(
  rules: AccessRules,
  request: IncomingMessage,
  { changes, reveals }: Pick<Route, 'changes' | 'reveals'>,
): void {
  const needsToken = changes || (reveals === true && rules.token !== null);
  if (!needsToken && rules.isLoopback) return;
  if (rules.token === null) {
    throw new RestError(
      403,
      'what changes the job needs a token, and it was started without one: give it by token or MILLRACE_TOKEN',
    );
  }
  const [, given] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (given !== undefined && isEqual(given, rules.token)) return;
  throw new RestError(401, 'this needs the token: Authorization: Bearer <token>', {
    'WWW-Authenticate': 'Bearer',
  });
}

/** In a time that says nothing of either. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
