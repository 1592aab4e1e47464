/** What commands that answer a question have in common: text or JSON on standard output, and an exit code. */
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { describeFailure } from './load-job.ts';

export type AnswerFlags = {
  /** Plain data instead of text. */
  readonly json?: boolean;
};

/** Prints what was found; exit code of the process. */
export async function answer<T>(
  { json }: AnswerFlags,
  find: () => Promise<T>,
  text: (found: T) => string,
  codeOf: (found: T) => ExitCode = () => EXIT.done,
): Promise<ExitCode> {
  try {
    const found = await find();
    console.log(json ? JSON.stringify(found, null, 2) : text(found));
    return codeOf(found);
  } catch (error) {
    console.error(describeFailure(error));
    return exitCodeOf(error);
  }
}
