/** State of a snapshot that is not what the job keeps now. */
import { EngineError } from '../base/errors.ts';

/** The error: `field` is null where it is about the state as a whole. */
export function incompatible(
  state: string,
  field: string | null,
  found: string,
  wanted: string,
  remedy = 'go back to the old type',
): EngineError {
  const where = field === null ? `state '${state}'` : `state '${state}', field '${field}'`;
  return new EngineError(
    'STATE_INCOMPATIBLE',
    `${where}: the snapshot has ${found}, the job keeps ${wanted} now; ${remedy}, or give the step ` +
      'another uid and allow the old state to be dropped',
  );
}
