/** The ends of transactions, in the calling thread: those of complete checkpoints are committed, those that nobody will commit aborted. */
import { EngineError, messageOf } from '../../../base/errors.ts';
import { Cluster } from '../cluster.ts';
import type { ConnectionSettings } from '../connection-options.ts';
import type { KafkaClient } from '../kafka-client.ts';
import { CODE, RefusedError } from '../kafka-error.ts';
import { initialize, isOver, type PreparedTransaction } from './identity.ts';

export type TransactionRules = {
  readonly idPrefix: string;
  readonly timeoutMs: number;
};

/** Begins the ids of all transactions of a prefix, and of no other: prefixes have no colon. */
export function idsBegin({ idPrefix }: TransactionRules): string {
  return `${idPrefix}:`;
}

type Ended = Awaited<ReturnType<KafkaClient['endTxnV4']['api']['async']>>;

async function end(cluster: Cluster, one: PreparedTransaction, isCommit: boolean): Promise<void> {
  const { transactionalId, producerId, producerEpoch } = one;
  await cluster.patiently(`ending transaction '${transactionalId}'`, async () => {
    await cluster.askCoordinator('transaction', transactionalId, (broker) =>
      cluster.askAt<unknown[], Ended>(
        broker,
        'EndTxn',
        transactionalId,
        BigInt(producerId),
        producerEpoch,
        isCommit,
      ),
    );
  });
  cluster.forgetCoordinator('transaction', transactionalId);
}

/** One that is committed already stays so. */
export async function commitTransactions(
  settings: ConnectionSettings,
  transactions: readonly PreparedTransaction[],
): Promise<void> {
  const cluster = await Cluster.open(settings);
  try {
    for (const one of transactions) {
      try {
        await end(cluster, one, true);
      } catch (error) {
        throw isOver(error) ? lost(settings, one, error) : error;
      }
    }
  } finally {
    cluster.close();
  }
}

function lost(
  { what }: ConnectionSettings,
  { transactionalId }: PreparedTransaction,
  cause: unknown,
): EngineError {
  const message =
    `${what}: transaction '${transactionalId}' of a complete checkpoint cannot be committed, for the broker has ended it, and its ` +
    `records are lost: ${messageOf(cause)}. Its transactionTimeout was shorter than the time from its first record to here, or ` +
    'another job uses the same transactionalIdPrefix. To go on without them, give the sink another uid and allow the old state to be dropped';
  return new EngineError('OUTPUT_FAILED', message, { cause });
}

export async function abortTransactions(
  settings: ConnectionSettings,
  transactions: readonly PreparedTransaction[],
): Promise<void> {
  const cluster = await Cluster.open(settings);
  try {
    for (const one of transactions) await end(cluster, one, false);
  } finally {
    cluster.close();
  }
}

type Listed = Awaited<ReturnType<KafkaClient['listTransactionsV1']['api']['async']>>;

/**
 * Aborts what runs before this one have left open: until then no reader of committed records sees what lies behind. And finds out
 * whether the broker allows transactions of so long.
 */
export async function abortLeftOpen(cluster: Cluster, rules: TransactionRules): Promise<void> {
  const begin = idsBegin(rules);
  await cluster.topics([]);
  const open = new Set<string>();
  for (const broker of cluster.brokers) {
    const listed = await cluster.askAt<unknown[], Listed>(
      broker,
      'ListTransactions',
      ['Ongoing'],
      [],
      -1n,
      null,
    );
    for (const { transactionalId } of listed.transactionStates) {
      if (transactionalId.startsWith(begin)) open.add(transactionalId);
    }
  }
  for (const id of [...open, `${begin}check`]) await fence(cluster, id, rules);
}

async function fence(cluster: Cluster, id: string, { timeoutMs }: TransactionRules): Promise<void> {
  try {
    await cluster.patiently(
      `aborting transaction '${id}'`,
      async () => await initialize(cluster, id, timeoutMs),
    );
  } catch (error) {
    if (!(error instanceof RefusedError) || error.apiCode !== CODE.invalidTransactionTimeout)
      throw error;
    const message =
      `kafkaSink: transactionTimeout of ${timeoutMs} ms is longer than the broker allows: lower it, or raise transaction.max.timeout.ms ` +
      'of the broker; it has to be longer than the time between two checkpoints and that of a restart together';
    throw new EngineError('JOB_DEFINITION', message, { cause: error });
  }
}
