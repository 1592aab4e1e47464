/** Where a user's function failed, in the words of the job. */
import { EngineError, messageAndPlace, namedError, UserFunctionError } from '../base/errors.ts';
import type { OperatorContext } from './operator.ts';

/**
 * The error for something thrown while a batch was processed. Errors of the engine (a wrong field type, say)
 * keep their code and get the operator's name; anything else came out of a user's function. `record` is the place of
 * the record among all that reached the subtask.
 */
export function userFunctionError(
  context: Pick<OperatorContext, 'name' | 'subtask'>,
  thrown: unknown,
  record: number,
): EngineError {
  if (thrown instanceof UserFunctionError) return thrown;
  if (thrown instanceof EngineError) return namedError(context.name, thrown);
  return new UserFunctionError(
    { operator: context.name, subtask: context.subtask, record },
    thrown,
  );
}

/** The same for what a source or sink does in the calling thread, before or behind all records. */
export async function inCallingThread<T>(operator: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw new EngineError('USER_FUNCTION', `operator '${operator}': ${messageAndPlace(thrown)}`, {
      cause: thrown,
    });
  }
}
