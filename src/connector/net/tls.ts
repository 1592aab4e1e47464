/** TLS of connections: whom one who connects trusts, what both sides show, and what is said of a certificate that is refused. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { EngineError, messageOf } from '../../base/errors.ts';
import { checkOptions, type OptionRule, type OptionRules, wrong } from '../../base/options.ts';

/** Texts in PEM. */
export type TlsOptions = {
  /** Certificates of the authorities that are trusted, instead of those that Node knows. */
  readonly ca?: string | readonly string[];
  /** Shown to a server that asks for a certificate; with its key. */
  readonly cert?: string;
  readonly key?: string;
};

/** Texts in PEM. */
export type TlsListenOptions = {
  /** The certificate, and behind it those that lead to its authority. */
  readonly cert: string;
  readonly key: string;
};

/** As wrong(), without the value, which may be secret. */
function parsed(what: string, rule: string, parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    throw new EngineError('JOB_DEFINITION', `${what} ${rule}: ${messageOf(cause)}`, { cause });
  }
}

const certificates: OptionRule = (what, value) => {
  for (const pem of [value].flat()) {
    parsed(what, 'is a certificate in PEM', () => new X509Certificate(pem as string));
  }
};

const TLS_OPTIONS: OptionRules<TlsOptions> = {
  ca: certificates,
  cert: certificates,
  key: (what, value) =>
    parsed(what, 'is a private key in PEM', () => createPrivateKey(value as string)),
};
const TLS_LISTEN_OPTIONS: OptionRules<TlsListenOptions> = {
  cert: TLS_OPTIONS.cert,
  key: TLS_OPTIONS.key,
};

function checkPair(what: string, { cert, key }: Pick<TlsOptions, 'cert' | 'key'>): void {
  if ((cert === undefined) !== (key === undefined)) {
    throw new EngineError('JOB_DEFINITION', `${what}: cert and key go together`);
  }
  const pair = { ...(cert === undefined ? {} : { cert, key }) };
  parsed(what, 'has a key that belongs to its certificate', () => createSecureContext(pair));
}

/** Of one that connects. */
export const TLS: OptionRule = (what, value) => {
  checkOptions(what, value as TlsOptions, TLS_OPTIONS);
  checkPair(what, value as TlsOptions);
};

/** Of one that listens. */
export const TLS_LISTEN: OptionRule = (what, value) => {
  checkOptions(what, value as TlsListenOptions, TLS_LISTEN_OPTIONS);
  const { cert, key } = value as Partial<TlsListenOptions>;
  if (cert === undefined || key === undefined)
    throw wrong(what, 'has cert and key', Object.keys(value as object));
  checkPair(what, { cert, key });
};

/** What connections to a URL are given; nothing where there are no options. EngineError JOB_DEFINITION where they would be of no use. */
export function tlsFor(
  what: string,
  { protocol }: URL,
  tls: TlsOptions | undefined,
): SecureContextOptions {
  if (tls === undefined) return {};
  if (protocol === 'https:' || protocol === 'wss:') {
    const { ca, ...own } = tls;
    return ca === undefined ? own : { ...own, ca: [ca].flat() };
  }
  throw wrong(`${what}: tls`, 'is for addresses with https:// or wss://', `${protocol}//`);
}

/** In the codes of OpenSSL and Node for certificates that this side refuses, or the other. */
const REFUSED = /CERT|VERIFY_LEAF|UNKNOWN_CA|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME/;
const REFUSED_THERE = /ALERT_.*(CERT|UNKNOWN_CA)/;
const UNTRUSTED = /SELF_SIGNED|ISSUER|VERIFY_LEAF/;

/** A certificate is refused: another attempt would fail too. */
export function isOfCertificate(cause: unknown): boolean {
  return REFUSED.test(codeOf(cause));
}

/** The message of what a connection has failed by, and what helps. */
export function reasonOf(cause: unknown): string {
  const message = messageOf(cause);
  const code = codeOf(cause);
  if (UNTRUSTED.test(code)) {
    return `the certificate of the server is not trusted (${message}): give that of its authority as tls: { ca }`;
  }
  if (!REFUSED_THERE.test(code)) return message;
  return `the server wants a certificate that it trusts (${code}): give one as tls: { cert, key }`;
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
