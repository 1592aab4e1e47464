/**
 * What keeps the state of a step, where another one of the same type would take it and misread it: positions are those of a source
 * of some kind, what is not committed yet is that of a sink, and windows wait for the timers of their trigger, which another may
 * never hear. How often a trigger fires is no matter, nor whether it purges: the state is the same.
 */
import type { TriggerSpec } from '../operator/window/general/window-spec.ts';
import type { LogicalNode } from './graph.ts';

/** Null for a step whose state tells all of it. */
export function keptBy({ operator }: LogicalNode): string | null {
  switch (operator.type) {
    case 'source':
    case 'sink':
      return `connector ${operator.connector}`;
    case 'window':
    case 'generalJoin':
      return `trigger ${kindOf(operator.window.trigger)}`;
    default:
      return null;
  }
}

function kindOf(trigger: TriggerSpec): string {
  switch (trigger.kind) {
    case 'purging':
      return kindOf(trigger.of);
    case 'timeout':
      return `timeout of ${kindOf(trigger.of)}`;
    default:
      return trigger.kind;
  }
}
