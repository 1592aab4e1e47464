/** Windows of steps that go on from a checkpoint: they have to be those that the checkpoint has state of. */
import { EngineError } from '../base/errors.ts';
import type { OperatorManifest } from '../checkpoint/checkpoint.ts';
import type { LogicalNode } from '../graph/graph.ts';
import { describeWindows, storedWindows } from '../graph/kept-windows.ts';

/** Refuses state of other windows. */
export function checkWindows(
  path: string,
  { uid, name, windows }: OperatorManifest,
  { operator }: LogicalNode,
): void {
  const now = storedWindows(operator);
  if (JSON.stringify(windows) === JSON.stringify(now)) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} has state of '${name}' (uid ${uid}) with ${describeWindows(windows)}, and the step has ` +
      `${describeWindows(now)} now: go back to the old windows, or give the step another uid and allow the old state ` +
      'to be dropped (allowDroppedState, --allow-dropped-state)',
  );
}
