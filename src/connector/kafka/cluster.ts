/**
 * Requests to the brokers of a cluster, over one connection to each. A request has a deadline of its own, behind which its
 * connection is given up: answers to later ones would come behind the one that is missing.
 */

import { systemClock } from '../../base/clock.ts';
import { EngineError, messageOf } from '../../base/errors.ts';
import { after } from '../../base/event-loop.ts';
import { pause } from '../kit/attempt.ts';
import type { Broker, ConnectionSettings } from './connection-options.ts';
import { type KafkaClient, kafkaClient } from './kafka-client.ts';
import {
  CODE,
  connectionError,
  finalError,
  isFinal,
  mayPass,
  RefusedError,
  reasonOf,
  refusalOf,
  UnreachableError,
} from './kafka-error.ts';

export type Connection = InstanceType<KafkaClient['Connection']>;

/** A request of the protocol, with what it takes and answers. */
type Api<Args extends unknown[], Answer> = {
  readonly async: (connection: Connection, ...args: Args) => Promise<Answer>;
};

export type TopicPartition = { readonly topic: string; readonly partition: number };

export type PartitionInfo = {
  readonly partition: number;
  /** Number of the broker to ask; negative while there is none. */
  readonly leader: number;
};

export type TopicInfo = {
  readonly name: string;
  readonly id: string;
  readonly isInternal: boolean;
  /** 0 when all is well. */
  readonly errorCode: number;
  /** In the order of their numbers. */
  readonly partitions: readonly PartitionInfo[];
};

export type CoordinatorOf = 'group' | 'transaction';
const COORDINATOR_TYPES: Readonly<Record<CoordinatorOf, number>> = { group: 0, transaction: 1 };

const CONNECT_MS = 5000;
/** Beyond what a broker itself may take for a request. */
const REQUEST_MS = 40_000;
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 2000;
/** Node's timers know no longer one; the deadlines of the client are not used. */
const NEVER_MS = 2 ** 31 - 1;

export class Cluster {
  readonly client: KafkaClient;
  readonly settings: ConnectionSettings;
  readonly #base: InstanceType<KafkaClient['Base']>;
  readonly #closing = new AbortController();
  #brokers = new Map<number, Broker>();
  readonly #coordinators = new Map<string, Broker>();

  private constructor(client: KafkaClient, settings: ConnectionSettings) {
    this.client = client;
    this.settings = settings;
    const { brokers, clientId, tls, sasl } = settings;
    this.#base = new client.Base({
      clientId,
      bootstrapBrokers: [...brokers],
      retries: 0,
      connectTimeout: CONNECT_MS,
      requestTimeout: NEVER_MS,
      ...(tls === null
        ? {}
        : { tls: { ...tls, ca: tls.ca === undefined ? undefined : [tls.ca].flat() } }),
      ...(sasl === null ? {} : { sasl }),
    });
    // What goes wrong is told to those who wait for an answer: an error that nobody listens to would end the process.
    this.#base.connections.on('connecting', ({ connection }) => connection.on('error', () => {}));
  }

  static async open(settings: ConnectionSettings): Promise<Cluster> {
    return new Cluster(await kafkaClient(settings.what), settings);
  }

  /** Aborted by `close`. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** What the bootstrap brokers are called in errors. */
  get name(): string {
    return this.settings.brokers.map(nameOf).join(', ');
  }

  /** To any broker; of `name` the latest version that both sides know. */
  async ask<Args extends unknown[], Answer>(name: string, ...args: Args): Promise<Answer> {
    const broker = await this.#firstReachable();
    return await this.askAt<Args, Answer>(broker, name, ...args);
  }

  async #firstReachable(): Promise<Broker> {
    const known = [...this.settings.brokers, ...this.#brokers.values()];
    const reasons: string[] = [];
    for (const broker of known) {
      try {
        await this.#connection(broker);
        return broker;
      } catch (error) {
        if (error instanceof EngineError) throw error;
        reasons.push(messageOf(error));
      }
    }
    throw new UnreachableError([...new Set(reasons)].join('; '));
  }

  async #connection(broker: Broker): Promise<Connection> {
    try {
      return await this.#within(CONNECT_MS * 2, this.#base.connections.get(broker));
    } catch (error) {
      const message = `broker ${nameOf(broker)} cannot be reached: ${reasonOf(error)}`;
      throw isFinal(error)
        ? finalError(this.settings.what, message, error)
        : new UnreachableError(message);
    }
  }

  /** To one broker. Throws UnreachableError and RefusedError. */
  async askAt<Args extends unknown[], Answer>(
    broker: Broker,
    name: string,
    ...args: Args
  ): Promise<Answer> {
    const api = await this.#api<Args, Answer>(broker, name);
    return await this.askApi(broker, api, ...args);
  }

  /** The same for one version. */
  async askApi<Args extends unknown[], Answer>(
    broker: Broker,
    api: Api<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    const connection = await this.#connection(broker);
    try {
      return await this.#within(REQUEST_MS, api.async(connection, ...args), () =>
        connection.socket.destroy(),
      );
    } catch (error) {
      const { response } = error as { readonly response?: Answer & object };
      // Parts of the answer have codes of their own: whoever asked looks at them.
      if (response !== undefined && isOfParts(response)) return response;
      if (isFinal(error)) {
        throw finalError(this.settings.what, `broker ${nameOf(broker)}: ${reasonOf(error)}`, error);
      }
      throw (
        refusalOf(error) ??
        new UnreachableError(`broker ${nameOf(broker)} does not answer: ${reasonOf(error)}`)
      );
    }
  }

  async #api<Args extends unknown[], Answer>(
    broker: Broker,
    name: string,
  ): Promise<Api<Args, Answer>> {
    const found = new Promise((resolve, reject) => {
      this.#base[this.client.kGetApi](name, (error, api) => {
        if (error) reject(error);
        else resolve(api);
      });
    });
    try {
      return (await this.#within(REQUEST_MS, found)) as Api<Args, Answer>;
    } catch (error) {
      throw new UnreachableError(
        `broker ${nameOf(broker)} does not know ${name}: ${reasonOf(error)}`,
      );
    }
  }

  /** Of a client that is closed some answers never come. */
  async #within<T>(ms: number, answer: T | PromiseLike<T>, give = (): void => {}): Promise<T> {
    let reject = (_error: Error): void => {};
    const none = new Promise<never>((_, refuse) => {
      reject = refuse;
    });
    const stop = after(ms, () => {
      give();
      reject(new Error(`no answer within ${ms} ms`));
    });
    const onClose = (): void => reject(new Error('the connection was closed'));
    this.signal.addEventListener('abort', onClose);
    if (this.signal.aborted) onClose();
    try {
      return await Promise.race([answer, none]);
    } finally {
      stop();
      this.signal.removeEventListener('abort', onClose);
    }
  }

  /** Again and again while what is wrong may pass, for as long as the settings say. EngineError CONNECTION_FAILED behind that. */
  async patiently<T>(
    doing: string,
    attempt: () => Promise<T>,
    ms = this.settings.timeoutMs,
  ): Promise<T> {
    const until = systemClock.monotonic() + ms;
    for (let backoffMs = BACKOFF_MS; ; backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX)) {
      try {
        return await attempt();
      } catch (error) {
        const isOver = systemClock.monotonic() + backoffMs >= until || this.signal.aborted;
        if (!mayPass(error)) throw error;
        if (isOver) throw connectionError(`${this.settings.what}: ${doing}`, error);
        await pause(backoffMs, this.signal);
      }
    }
  }

  /** Topics by name, all where `names` is null; those that do not exist have an error code. */
  async topics(
    names: readonly string[] | null,
    mayCreate = false,
  ): Promise<Map<string, TopicInfo>> {
    type Metadata = Awaited<ReturnType<KafkaClient['metadataV12']['api']['async']>>;
    const wanted = names === null ? null : [...names];
    const answer = await this.ask<[string[] | null, boolean, boolean], Metadata>(
      'Metadata',
      wanted,
      mayCreate,
      false,
    );
    this.#brokers = new Map(
      answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]),
    );
    return new Map(
      answer.topics.map(({ name, topicId, isInternal, errorCode, partitions }) => [
        name!,
        {
          name: name!,
          id: topicId,
          isInternal,
          errorCode,
          partitions: partitions
            .map(({ partitionIndex, leaderId }) => ({
              partition: partitionIndex,
              leader: leaderId,
            }))
            .sort((a, b) => a.partition - b.partition),
        },
      ]),
    );
  }

  /** The broker with a number, as the last answer about topics has it. */
  broker(node: number): Broker {
    const broker = this.#brokers.get(node);
    if (broker === undefined) throw new UnreachableError(`the cluster has no broker ${node} now`);
    return broker;
  }

  get brokers(): readonly Broker[] {
    return [...this.#brokers.values()];
  }

  /** Asks the coordinator of a group or transaction, which may move. */
  async askCoordinator<Answer>(
    of: CoordinatorOf,
    key: string,
    ask: (broker: Broker) => Promise<Answer>,
  ): Promise<Answer> {
    const place = `${of} ${key}`;
    try {
      const broker = this.#coordinators.get(place) ?? (await this.#findCoordinator(of, key));
      this.#coordinators.set(place, broker);
      return await ask(broker);
    } catch (error) {
      this.#coordinators.delete(place);
      throw error;
    }
  }

  async #findCoordinator(of: CoordinatorOf, key: string): Promise<Broker> {
    type Found = Awaited<ReturnType<KafkaClient['findCoordinatorV6']['api']['async']>>;
    const { coordinators } = await this.ask<[number, string[]], Found>(
      'FindCoordinator',
      COORDINATOR_TYPES[of],
      [key],
    );
    const { host, port, errorCode, errorMessage } = coordinators[0]!;
    if (errorCode === CODE.none) return { host, port };
    throw new RefusedError(errorCode, errorMessage ?? `no coordinator of the ${of} '${key}'`);
  }

  /** A coordinator that need not be remembered any longer. */
  forgetCoordinator(of: CoordinatorOf, key: string): void {
    this.#coordinators.delete(`${of} ${key}`);
  }

  /** Nobody waits for it. */
  close(): void {
    this.#closing.abort(new Error('closed'));
    this.#base.close(() => {});
  }
}

export function nameOf({ host, port }: Broker): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Answers that are about several topics, partitions or coordinators, each with a code of its own. */
function isOfParts(response: object): boolean {
  const { errorCode = CODE.none } = response as { readonly errorCode?: number };
  return (
    errorCode === CODE.none &&
    ['topics', 'responses', 'coordinators', 'groups', 'resultsByTransaction'].some(
      (name) => name in response,
    )
  );
}

/** Throws what a part of an answer says. */
export function checkCode(errorCode: number, client: KafkaClient, about: string): void {
  if (errorCode === CODE.none) return;
  throw new RefusedError(errorCode, `${about}: ${textOfCode(errorCode, client)}`);
}

export function textOfCode(
  errorCode: number,
  { protocolErrors, protocolErrorsCodesById }: KafkaClient,
): string {
  const id = protocolErrorsCodesById[errorCode] ?? 'UNKNOWN';
  return `${id}: ${protocolErrors[id]?.message ?? 'an unknown error'}`;
}
