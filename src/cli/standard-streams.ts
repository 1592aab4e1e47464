/**
 * Standard output and standard error of a command, and its end. Whoever reads them may go away, as `head` does when it has its lines:
 * that is no failure, and what is written then is for nobody. Any other error of standard output, such as a full disk, is one:
 * the command tells it and fails, when it has done the rest of its work.
 */
import { EngineError, messageOf } from '../base/errors.ts';
import { nextTurn } from '../base/event-loop.ts';
import { EXIT } from './exit-codes.ts';
import { describeFailure } from './failure.ts';

/** Why standard output could not be written; null for nothing. */
let failure: Error | null = null;

/** Before anything is written: an error that nobody listens for ends the process. */
export function watchStandardStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') failure ??= error;
  });
  // There is nowhere left to tell it.
  process.stderr.on('error', () => {});
}

/** Ends the process when all has been written, whatever timers and sockets a module may have left. */
export async function endProcess(code: number): Promise<never> {
  await written(process.stdout);
  const ends = outcome(code);
  await written(process.stderr);
  process.exit(ends);
}

/** A command that has failed has said why. */
function outcome(code: number): number {
  if (failure === null || code === EXIT.failed) return code;
  const message = `cannot write to standard output: ${messageOf(failure)}`;
  console.error(describeFailure(new EngineError('OUTPUT_FAILED', message)));
  return code === EXIT.done ? EXIT.failed : code;
}

/** Threads write through these streams too, as fast as they take it. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  do {
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
    await nextTurn();
  } while (stream.writableLength > 0);
}
