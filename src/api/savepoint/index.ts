/** millrace/state: keyed state of checkpoints and savepoints, read and written by programs. */
import { openDoor } from '../../base/doors.ts';

openDoor(import.meta.url);

export { keyedState, type NamedState, type StateEntry } from './keyed-state.ts';
export { readState } from './read-state.ts';
export {
  type CreateSavepointOptions,
  changeSavepoint,
  createSavepoint,
  mergeState,
  removeState,
  type StateChange,
  setState,
} from './write-savepoint.ts';
