/** What commands that answer a question have in common: text or JSON on standard output, and an exit code. */
import { EXIT, type ExitCode } from './exit-codes.ts';
import { fail, type JsonFlag } from './failure.ts';

export type AnswerFlags = JsonFlag;

/** Prints what was found; exit code of the process. */
export async function answer<T>(
  flags: AnswerFlags,
  find: () => Promise<T>,
  text: (found: T) => string,
  codeOf: (found: T) => ExitCode = () => EXIT.done,
): Promise<ExitCode> {
  try {
    const found = await find();
    console.log(flags.json ? JSON.stringify(found, null, 2) : text(found));
    return codeOf(found);
  } catch (error) {
    return fail(flags, error);
  }
}
