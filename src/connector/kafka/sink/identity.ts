/** As whom records are sent: the broker takes each batch of one producer once, by its sequence number, however often it is sent. */

import { type Cluster, checkCode, type TopicPartition } from '../cluster.ts';
import type { KafkaClient } from '../kafka-client.ts';
import { CODE, RefusedError } from '../kafka-error.ts';
import { byTopic } from '../source/offsets.ts';

export type Identity = {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly transactionalId: string | null;
};

export interface IdentityKeeper {
  /** Who sends to these partitions next. */
  ready(cluster: Cluster, partitions: readonly TopicPartition[]): Promise<Identity>;
  /** The broker does not know the present one any more; false where another may not take its place. */
  renew(): boolean;
}

type Initialized = Awaited<ReturnType<KafkaClient['initProducerIdV5']['api']['async']>>;
const NO_PRODUCER = -1n;
const NO_EPOCH = -1;
/** Without a transaction nothing runs out. */
const NO_TRANSACTION_MS = 60_000;

/** One for as long as the broker knows it. */
export class Idempotent implements IdentityKeeper {
  #identity: Identity | null = null;

  async ready(cluster: Cluster): Promise<Identity> {
    this.#identity ??= await initialize(cluster, null, NO_TRANSACTION_MS);
    return this.#identity;
  }

  renew(): boolean {
    this.#identity = null;
    return true;
  }
}

/** A new identity; of a transaction it is one that fences those before, and aborts what they have begun. */
export async function initialize(
  cluster: Cluster,
  transactionalId: string | null,
  timeoutMs: number,
): Promise<Identity> {
  const args = [transactionalId, timeoutMs, NO_PRODUCER, NO_EPOCH] as const;
  const { errorCode, producerId, producerEpoch } =
    transactionalId === null
      ? await cluster.ask<unknown[], Initialized>('InitProducerId', ...args)
      : await cluster.askCoordinator('transaction', transactionalId, (broker) =>
          cluster.askAt<unknown[], Initialized>(broker, 'InitProducerId', ...args),
        );
  checkCode(errorCode, cluster.client, 'a producer');
  return { producerId, producerEpoch, transactionalId };
}

/** What it takes to end a transaction, from any process. */
export type PreparedTransaction = {
  readonly transactionalId: string;
  /** Digits. */
  readonly producerId: string;
  readonly producerEpoch: number;
};

/** One after the other, each with an id of its own: so ending one again changes nothing, and is told from one that ran out. */
export class Transactions implements IdentityKeeper {
  readonly #idBegins: string;
  readonly #timeoutMs: number;
  #begun = 0;
  #open: Identity | null = null;
  /** Partitions that the coordinator knows to be in the open one. */
  readonly #partitions = new Set<string>();

  constructor(idBegins: string, timeoutMs: number) {
    this.#idBegins = idBegins;
    this.#timeoutMs = timeoutMs;
  }

  async ready(cluster: Cluster, partitions: readonly TopicPartition[]): Promise<Identity> {
    const id = `${this.#idBegins}:${this.#begun}`;
    const open = this.#open ?? (await initialize(cluster, id, this.#timeoutMs));
    this.#open = open;
    const added = partitions.filter((one) => !this.#partitions.has(nameOfPartition(one)));
    if (added.length > 0) await addPartitions(cluster, open, added);
    for (const one of added) this.#partitions.add(nameOfPartition(one));
    return open;
  }

  renew(): boolean {
    return false;
  }

  /** The open one, to which nothing is added any more; null where nothing was sent. */
  take(): PreparedTransaction | null {
    const open = this.#open;
    const isEmpty = this.#partitions.size === 0;
    if (open === null || isEmpty) return null;
    this.#open = null;
    this.#partitions.clear();
    this.#begun++;
    const { producerId, producerEpoch } = open;
    return {
      transactionalId: open.transactionalId!,
      producerId: String(producerId),
      producerEpoch,
    };
  }
}

function nameOfPartition({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** By version 3, the last that is for clients: later ones are among brokers. */
async function addPartitions(
  cluster: Cluster,
  { transactionalId, producerId, producerEpoch }: Identity,
  partitions: readonly TopicPartition[],
): Promise<void> {
  const { api } = cluster.client.addPartitionsToTxnV3;
  const topics = byTopic(partitions).map(([name, numbers]) => ({ name, partitions: numbers }));
  const request = {
    transactionalId: transactionalId!,
    producerId,
    producerEpoch,
    verifyOnly: false,
    topics,
  };
  const { resultsByTransaction } = await cluster.askCoordinator(
    'transaction',
    transactionalId!,
    (broker) => cluster.askApi(broker, api, [request]),
  );
  const refused = resultsByTransaction
    .flatMap(({ topicResults }) => topicResults)
    .flatMap(({ name, resultsByPartition }) => resultsByPartition.map((one) => ({ name, ...one })))
    .filter(({ partitionErrorCode }) => partitionErrorCode !== CODE.none)
    // Of those that were not tried the one that was refused says why.
    .sort(
      (a, b) =>
        Number(a.partitionErrorCode === CODE.notAttempted) -
        Number(b.partitionErrorCode === CODE.notAttempted),
    );
  for (const { name, partitionIndex, partitionErrorCode } of refused) {
    checkCode(
      partitionErrorCode,
      cluster.client,
      `transaction '${transactionalId}' with ${name}-${partitionIndex}`,
    );
  }
}

/** Whether a transaction is over, and not by us. */
export function isOver(error: unknown): boolean {
  return error instanceof RefusedError && OVER.has(error.apiCode);
}

const OVER: ReadonlySet<number> = new Set([
  CODE.invalidProducerEpoch,
  CODE.producerFenced,
  CODE.invalidTxnState,
  CODE.invalidProducerIdMapping,
]);
