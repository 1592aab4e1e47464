/**
 * State that a checkpoint has of a step and that no declaration of the step takes: it is another step under an old uid, or one of
 * its states has another name now. It would be lost without a word, so it is refused, as that of whole steps is (job/restore.ts).
 * Which states an operator takes nobody but itself knows: it has asked for them when it has been opened.
 */
import { EngineError } from '../base/errors.ts';
import { isInFlightState } from '../channel/in-flight.ts';
import type { OperatorManifest, StateManifest } from '../checkpoint/checkpoint.ts';
import type { NodeId } from '../graph/graph.ts';
import { COUNTERS } from '../operator/saved-counters.ts';
import type { DeploymentOptions } from './deployment.ts';
import { type ReadBlock, type RestoredSnapshot, storedStates } from './restored-state.ts';

/** What a deployment needs to know of the checkpoint that it goes on from; null for none. */
export function restoredParts(
  restored: RestoredSnapshot | null,
  read?: ReadBlock,
): Pick<DeploymentOptions, 'restored' | 'checkTaken'> {
  return {
    restored: (node) => storedStates(restored, node, read),
    checkTaken: (node, taken) => checkTaken(restored, node, taken),
  };
}

/** EngineError STATE_UNKNOWN where there is state of a node beside that which has been taken. */
function checkTaken(
  restored: RestoredSnapshot | null,
  node: NodeId,
  taken: ReadonlySet<string>,
): void {
  const operator = restored?.operators.get(node);
  if (operator === undefined || restored!.mayDropState) return;
  refuseUntaken(restored!.path, operator, taken);
}

export function refuseUntaken(
  path: string,
  { uid, name, states }: OperatorManifest,
  taken: ReadonlySet<string>,
): void {
  const left = states.filter((state) => !taken.has(state.name) && isOfUse(state));
  if (left.length === 0) return;
  const names = left.map((state) => `'${shownName(state)}'`).join(', ');
  throw new EngineError(
    'STATE_UNKNOWN',
    `${path} has state ${names} of '${name}' (uid ${uid}), which the step does not take now: give it the state again, by the same ` +
      'name, or the step another uid where it is another step; or allow the state to be dropped (allowDroppedState, ' +
      '--allow-dropped-state)',
  );
}

/** Not what is no state of the step, and not where there is none. */
export function isOfUse({ name, parts }: StateManifest): boolean {
  if (name === COUNTERS || isInFlightState(name)) return false;
  return parts.some(({ blocks, deltas }) =>
    [...blocks, ...deltas.flatMap((delta) => delta.blocks)].some(({ rows }) => rows > 0),
  );
}

/** As the user has named it. */
function shownName({ name }: StateManifest): string {
  return name.replace(/^(operator |broadcast )?state\//, '');
}
