/** Certificates for tests: an authority, and what it issues, made anew by each run. X.509 in DER (RFC 5280), as little as there is. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const YEAR_MS = 365 * 24 * 3600 * 1000;

/** A value of ASN.1: its tag, its length and what it holds. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const identifier = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
const number = (value: number): Buffer => der(0x02, Buffer.from([value]));
const octets = (content: Uint8Array): Buffer => der(0x04, content);
const TRUE = der(0x01, Buffer.from([0xff]));

const ECDSA_SHA256 = sequence(identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

function nameOf(common: string): Buffer {
  return sequence(der(0x31, sequence(identifier(0x55, 4, 3), der(0x0c, Buffer.from(common)))));
}

function time(ms: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`));
}

const IS_AUTHORITY = sequence(identifier(0x55, 29, 19), TRUE, octets(sequence(TRUE)));

function isFor(...names: readonly Uint8Array[]): Buffer {
  return sequence(identifier(0x55, 29, 17), octets(sequence(...names)));
}

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

function certificate(
  subject: string,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  { extension, untilMs }: { extension: Buffer; untilMs: number },
): string {
  const body = sequence(
    der(0xa0, number(2)),
    number(1 + Math.floor(Math.random() * 126)),
    ECDSA_SHA256,
    nameOf(issuer),
    sequence(time(Date.now() - 2 * YEAR_MS), time(untilMs)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, issuerKey));
  const lines = sequence(body, ECDSA_SHA256, signature)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const newPair = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Nobody trusts it who is not given `ca`. What it issues is for 127.0.0.1, or for another name. */
export function authority(name: string) {
  const own = newPair();
  const lasting = Date.now() + YEAR_MS;
  const options = { extension: IS_AUTHORITY, untilMs: lasting };
  return {
    ca: certificate(name, own.publicKey, name, own.privateKey, options),
    issue({ host = null as string | null, isOver = false } = {}) {
      const { publicKey, privateKey } = newPair();
      const address = der(0x87, Buffer.from([127, 0, 0, 1]));
      const extension = isFor(host === null ? address : der(0x82, Buffer.from(host)));
      const untilMs = isOver ? Date.now() - YEAR_MS : lasting;
      return {
        cert: certificate('a test', publicKey, name, own.privateKey, { extension, untilMs }),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}
