import { EngineError } from '../base/errors.ts';

/** The error for state that does not fit what the job keeps now. */
export function incompatible(
  state: string,
  field: string | null,
  found: string,
  wanted: string,
): EngineError {
  const where = field === null ? `state '${state}'` : `state '${state}', field '${field}'`;
  return new EngineError(
    'STATE_INCOMPATIBLE',
    `${where}: the snapshot has ${found}, the job keeps ${wanted} now; go back to the old type, or give the step ` +
      'another uid and allow the old state to be dropped',
  );
}
