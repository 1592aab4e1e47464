/** Connectors and triggers of steps that go on from a checkpoint: they have to be of the kind that has left its state. */
import { EngineError } from '../base/errors.ts';
import type { OperatorManifest } from '../checkpoint/checkpoint.ts';
import type { LogicalNode } from '../graph/graph.ts';
import { keptBy } from '../graph/kept-by.ts';
import { isOfUse } from '../task/untaken-state.ts';

/** Refuses state of another connector or trigger; a checkpoint of before this was told has none of them. */
export function checkKeeper(path: string, operator: OperatorManifest, node: LogicalNode): void {
  const { uid, name, keptBy: before } = operator;
  const now = keptBy(node);
  if (before === null || now === null || before === now || !isKept(operator)) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} has state of '${name}' (uid ${uid}) with ${before}, and the step has ${now} now: go back to the old one, or give ` +
      'the step another uid and allow the old state to be dropped (allowDroppedState, --allow-dropped-state)',
  );
}

/** Whether there is anything that could be misread: of most sinks there is not. */
function isKept({ states, committables }: OperatorManifest): boolean {
  return states.some(isOfUse) || committables.some((one) => one !== null);
}
