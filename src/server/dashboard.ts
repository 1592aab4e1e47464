/**
 * The dashboard: static files that `vite` builds from `dashboard/`, each with a packed copy beside it. They are read once, and
 * a path is looked up among them, so that no path leads to any other file. They hold nothing of the job, so everybody who
 * reaches the server may have them; what they show they ask for by the REST API, with the token where one is needed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ENGINE_ROOT, IS_TYPESCRIPT } from '../base/engine-files.ts';
import { RestError } from './rest.ts';

type StaticFile = {
  readonly type: string;
  readonly tag: string;
  readonly caching: string;
  readonly body: Buffer;
  /** Null where the file is not packed. */
  readonly packed: Buffer | null;
};

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Nothing of elsewhere, nothing inline, in no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Accept-Encoding',
} as const;

let files: ReadonlyMap<string, StaticFile> | null = null;

/** By path; empty where a bundler has put the engine into the program, without its files. */
function allFiles(): ReadonlyMap<string, StaticFile> {
  files ??= ENGINE_ROOT === null ? new Map() : readFiles(new URL(folderOf(), ENGINE_ROOT));
  return files;
}

function folderOf(): string {
  return IS_TYPESCRIPT ? '../dist/dashboard/' : 'dashboard/';
}

function readFiles(folder: URL): Map<string, StaticFile> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return new Map();
  }
  const known = names.filter((name) => extensionOf(name) in TYPES);
  return new Map(
    known.map((name) => {
      const packed = `${name}.gz`;
      const file = staticFile(
        name,
        readFileSync(new URL(name, folder)),
        names.includes(packed) ? readFileSync(new URL(packed, folder)) : null,
      );
      return [name === 'index.html' ? '/' : `/${name}`, file];
    }),
  );
}

function staticFile(name: string, body: Buffer, packed: Buffer | null): StaticFile {
  return {
    type: TYPES[extensionOf(name)]!,
    tag: `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    // All but the page have names that change with what they hold.
    caching: name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
    body,
    packed,
  };
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Answers a request for a file of the dashboard; false where the path is none. RestError 404 where it is not there. */
export function answerFile(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const file = allFiles().get(path);
  if (file === undefined) {
    if (path !== '/') return false;
    throw new RestError(404, 'the dashboard is not here: a bundle has no files of the package');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new RestError(405, `'${path}' takes GET`, { Allow: 'GET' });
  }
  const headers = { ...HEADERS, ETag: file.tag, 'Cache-Control': file.caching };
  if (isKnown(request, file)) {
    response.writeHead(304, headers);
    response.end();
    return true;
  }
  const packed = takesGzip(request) ? file.packed : null;
  const body = packed ?? file.body;
  response.writeHead(200, {
    ...headers,
    'Content-Type': file.type,
    'Content-Length': body.length,
    ...(packed === null ? {} : { 'Content-Encoding': 'gzip' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  return true;
}

function isKnown({ headers }: IncomingMessage, { tag }: StaticFile): boolean {
  const known = headers['if-none-match'];
  if (known === undefined) return false;
  return known.split(',').some((one) => one.trim() === tag || one.trim() === '*');
}

function takesGzip({ headers }: IncomingMessage): boolean {
  const ways = String(headers['accept-encoding'] ?? '').split(',');
  return ways.some((way) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$)|$)/i.test(way));
}
