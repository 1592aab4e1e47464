/**
 * The client library, which is the user's to install: `@platformatic/kafka`. Only its connections and its codec of the protocol
 * are used. What is built on them here differs from its own consumer and producer: read_committed by the rule of Java's consumer, keys
 * to partitions likewise, and transactions that another process than the one that began them may commit.
 */
import { EngineError } from '../../base/errors.ts';

export type KafkaClient = typeof import('@platformatic/kafka');

const NAME = '@platformatic/kafka';

/** Loaded when a job needs it. EngineError LIBRARY_MISSING. */
export async function kafkaClient(what: string): Promise<KafkaClient> {
  try {
    return await import('@platformatic/kafka');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const message = `${what} needs the package '${NAME}', which is not there: npm install ${NAME}`;
    throw new EngineError('LIBRARY_MISSING', message, { cause });
  }
}
