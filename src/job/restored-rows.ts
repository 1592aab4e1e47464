/** Rows of steps that go on from a checkpoint: they have to be of the fields that its state is of. */
import { EngineError } from '../base/errors.ts';
import type { OperatorManifest } from '../checkpoint/checkpoint.ts';
import { fieldChanges } from '../data/field-changes.ts';
import type { LogicalGraph, LogicalNode } from '../graph/graph.ts';
import { type KeptRows, keptRowsOf } from '../graph/kept-rows.ts';
import { isOfUse } from '../task/untaken-state.ts';

const SIDES = ['of the left side ', 'of the right side '];

/** Refuses state of other rows. Free-form rows tell nothing of their fields. */
export function checkRows(
  path: string,
  operator: OperatorManifest,
  graph: LogicalGraph,
  node: LogicalNode,
): void {
  const { uid, name, rows, states } = operator;
  // Of requests there may be none under way.
  if (!states.some(isOfUse)) return;
  const before = rows as unknown as KeptRows | null;
  const now = keptRowsOf(graph, node);
  if (before === null || now === null || before.length !== now.length) return;
  const changes = now.flatMap((fields, input) => {
    const was = before[input]!;
    if (fields === null || was === null) return [];
    const side = now.length === 1 ? '' : SIDES[input]!;
    return fieldChanges(was, fields).map((change) => side + change);
  });
  if (changes.length === 0) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} has state of '${name}' (uid ${uid}) that is of other rows than the step gets now: ${changes.join('; ')}. Go back to ` +
      'the old fields, or give the step another uid and allow the old state to be dropped (allowDroppedState, --allow-dropped-state)',
  );
}
