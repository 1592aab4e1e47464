/** Where connectors connect to, and where they listen: for this machine alone, unless they are told otherwise. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { EngineError, messageOf } from '../../base/errors.ts';
import {
  aFunction,
  type OptionRule,
  type OptionRules,
  someText,
  wrong,
} from '../../base/options.ts';

export type Address = { readonly host: string; readonly port: number };

const LOOPBACK = '127.0.0.1';
const PORT_MAX = 65_535;

export type ListenOptions = {
  /** 0 for any that is free. */
  readonly port: number;
  /** 127.0.0.1 when left out: only programs of this machine reach it. */
  readonly host?: string;
  /** Called in the thread that listens, when it does: tells the port that 0 has become. */
  readonly onListening?: (address: Address) => void;
};

const aPort: OptionRule = (what, value) => {
  const isPort = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= PORT_MAX;
  if (!isPort) throw wrong(what, 'is a port, 0 to 65535', value);
};

/** The port is the one option that may not be left out. */
export function checkPort(what: string, { port }: ListenOptions): void {
  aPort(`${what}: port`, port);
}

export const LISTEN_OPTIONS: OptionRules<ListenOptions> = {
  port: aPort,
  host: someText,
  onListening: aFunction,
};

/** `'127.0.0.1:9000'`, `'[::1]:9000'`, `':9000'` or `'9000'` of this machine. */
export function addressOf(what: string, text: string): Address {
  someText(what, text);
  const match = /^(?:(?:\[([^\]]+)\]|([^:]*)):)?(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > PORT_MAX) throw wrong(what, "is like '127.0.0.1:9000'", text);
  return { host: match[1] ?? (match[2] || LOOPBACK), port };
}

export function textOfAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The URL of a connector, with one of the protocols. EngineError JOB_DEFINITION. */
export function urlOf(what: string, text: string, protocols: readonly string[]): URL {
  someText(what, text);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !protocols.includes(url.protocol)) {
    throw wrong(
      what,
      `is a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
      text,
    );
  }
  return url;
}

/** Headers of requests. */
export type Headers = Readonly<Record<string, string>>;

export const HEADERS: OptionRule = (what, value) => {
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject || !Object.values(value).every((one) => typeof one === 'string')) {
    throw wrong(what, 'are an object of texts', value);
  }
  for (const [name, text] of Object.entries(value)) checkHeader(what, name, text as string);
};

/** The message of Node, which does not show the value: it may be secret. */
function checkHeader(what: string, name: string, text: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, text);
  } catch (cause) {
    throw new EngineError('JOB_DEFINITION', `${what}: ${messageOf(cause)}`, { cause });
  }
}

/** Begins to listen; `onError` gets an EngineError SERVER_FAILED, at most once. */
export function listen(
  what: string,
  server: Server,
  { port, host = LOOPBACK, onListening }: ListenOptions,
  onError: (error: EngineError) => void,
): void {
  server.on('error', (cause) => {
    const message = `${what} cannot listen on ${textOfAddress({ host, port })}: ${messageOf(cause)}`;
    onError(new EngineError('SERVER_FAILED', message, { cause, retryable: true }));
  });
  server.listen(port, host, () => {
    onListening?.({ host, port: (server.address() as AddressInfo).port });
  });
}

export function isLoopback(host = LOOPBACK): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
