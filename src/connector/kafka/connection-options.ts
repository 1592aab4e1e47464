/** How the brokers of a cluster are reached: what source and sink have in common. */
import { EngineError } from '../../base/errors.ts';
import {
  checkOptions,
  type OptionRule,
  type OptionRules,
  oneOf,
  someText,
  wrong,
} from '../../base/options.ts';
import { aDuration, type Duration, durationMs } from '../../time/duration.ts';
import { TLS, type TlsOptions } from '../net/tls.ts';

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/** A name and a password. */
export type SaslOptions = {
  readonly mechanism: (typeof SASL_MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
};

/** Defaults in brackets. */
export type KafkaConnection = {
  /** Some brokers of the cluster, such as 'localhost:9092'; the others are found by them. */
  readonly brokers: readonly string[];
  /** TLS: whom to trust, and what to show; true for the authorities that Node knows [none]. */
  readonly tls?: TlsOptions | true;
  readonly sasl?: SaslOptions;
  /** What brokers write into their logs ['millrace']. */
  readonly clientId?: string;
  /** How long brokers may be out of reach, or not be ready, before the job fails ['1 min']. */
  readonly timeout?: Duration;
};

const SASL_OPTIONS: OptionRules<SaslOptions> = {
  mechanism: (what, value) => void oneOf(what, value, SASL_MECHANISMS),
  username: someText,
  // Not by wrong(): it would show the value.
  password: (what, value) => {
    if (typeof value !== 'string') throw new EngineError('JOB_DEFINITION', `${what} is a text`);
  },
};

const SASL: OptionRule = (what, value) => {
  checkOptions(what, value as SaslOptions, SASL_OPTIONS);
  for (const name of Object.keys(SASL_OPTIONS) as (keyof SaslOptions)[]) {
    if ((value as SaslOptions)[name] === undefined)
      throw new EngineError('JOB_DEFINITION', `${what}: ${name} is missing`);
  }
};

const BROKERS: OptionRule = (what, value) => {
  if (!Array.isArray(value) || value.length === 0)
    throw wrong(what, "are addresses such as ['localhost:9092']", value);
  for (const one of value) brokerOf(what, one);
};

export const CONNECTION_OPTIONS: OptionRules<KafkaConnection> = {
  brokers: BROKERS,
  tls: (what, value) => {
    if (value !== true) TLS(what, value);
  },
  sasl: SASL,
  clientId: someText,
  timeout: aDuration,
};

export type Broker = { readonly host: string; readonly port: number };

const DEFAULT_PORT = 9092;

/** `'localhost:9092'`, `'[::1]:9092'`, `'kafka'`. */
export function brokerOf(what: string, text: unknown): Broker {
  const match =
    typeof text === 'string' ? /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text) : null;
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (match === null || port > 65_535)
    throw wrong(what, "have addresses like 'localhost:9092'", text);
  return { host: (match[1] ?? match[2])!, port };
}

/** Options with their defaults. */
export type ConnectionSettings = {
  /** 'kafkaSource' or 'kafkaSink', in errors. */
  readonly what: string;
  readonly brokers: readonly Broker[];
  readonly tls: TlsOptions | null;
  readonly sasl: SaslOptions | null;
  readonly clientId: string;
  readonly timeoutMs: number;
};

export function connectionSettings(what: string, options: KafkaConnection): ConnectionSettings {
  BROKERS(`${what}: brokers`, options.brokers);
  const { tls, sasl = null, clientId = 'millrace', timeout = '1 min' } = options;
  return {
    what,
    brokers: options.brokers.map((one) => brokerOf(what, one)),
    tls: tls === true ? {} : (tls ?? null),
    sasl,
    clientId,
    timeoutMs: durationMs(timeout, `${what}: timeout`),
  };
}
