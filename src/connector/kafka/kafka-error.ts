/** What brokers and connections answer when they refuse, and what of it passes by itself. */
import { EngineError, messageOf } from '../../base/errors.ts';
import { isOfCertificate, reasonOf as reasonOfConnection } from '../net/tls.ts';

/** Codes of the protocol that are told apart here. */
export const CODE = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  messageTooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  recordListTooLarge: 18,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  invalidProducerIdMapping: 49,
  invalidTransactionTimeout: 50,
  concurrentTransactions: 51,
  notAttempted: 55,
  unknownProducerId: 59,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 76,
  producerFenced: 90,
  unknownTopicId: 100,
} as const;

/** Leaders that have moved, brokers that start or catch up, coordinators that load: asked again, they answer. */
const PASSING: ReadonlySet<number> = new Set([
  CODE.unknownTopicOrPartition,
  5,
  6,
  7,
  8,
  9,
  13,
  CODE.coordinatorLoading,
  CODE.coordinatorNotAvailable,
  CODE.notCoordinator,
  19,
  20,
  CODE.concurrentTransactions,
  56,
  CODE.fencedLeaderEpoch,
  CODE.unknownLeaderEpoch,
  CODE.unknownTopicId,
  103,
]);

export function isPassing(code: number): boolean {
  return PASSING.has(code);
}

/** A broker has answered that it will not do something. */
export class RefusedError extends Error {
  readonly apiCode: number;

  constructor(apiCode: number, reason: string) {
    super(`${reason} (error ${apiCode})`);
    this.apiCode = apiCode;
  }
}

/** There is no answer: a connection that cannot be made, or is lost, or says nothing for too long. */
export class UnreachableError extends Error {}

/** Whether the same request may do better a little later. */
export function mayPass(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof RefusedError && isPassing(error.apiCode);
}

/** The shape of errors of the client, which may stand for several. */
type ClientError = Error & {
  readonly apiCode?: unknown;
  readonly apiId?: unknown;
  readonly errors?: readonly unknown[];
  readonly code?: unknown;
};

/** The first that a broker has answered with, among what an error stands for. */
export function refusalOf(error: unknown): RefusedError | null {
  const { apiCode, apiId, errors = [] } = error as ClientError;
  if (typeof apiCode === 'number')
    return new RefusedError(apiCode, `${apiId}: ${messageOf(error)}`);
  for (const one of errors) {
    const found = refusalOf(one);
    if (found !== null) return found;
  }
  return null;
}

/** Why a broker cannot be reached, in the words of the last cause. */
export function reasonOf(error: unknown): string {
  const { errors = [], cause } = error as ClientError;
  const inner = errors.at(-1) ?? cause;
  return inner === undefined ? reasonOfConnection(error) : reasonOf(inner);
}

/** What a job is told. */
export function connectionError(what: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError('CONNECTION_FAILED', `${what}: ${messageOf(error)}`, {
    cause: error,
    retryable: true,
  });
}

/** Credentials and certificates that are refused, and what the client cannot read: no attempt helps. */
export function isFinal(error: unknown): boolean {
  const { code, errors = [], cause } = error as ClientError;
  if ((typeof code === 'string' && FINAL.test(code)) || isOfCertificate(error)) return true;
  return errors.some(isFinal) || (cause !== undefined && isFinal(cause));
}

const FINAL = /^PLT_KFK_(AUTHENTICATION|UNSUPPORTED)/;

export function finalError(what: string, message: string, cause: unknown): EngineError {
  return new EngineError('CONNECTION_FAILED', `${what}: ${message}`, { cause });
}
