/**
 * Takes rows out of a window that fires, before or behind its function. They are gone for later firings too.
 *
 *   count  all but the last so many
 *   time   those that are so much older than the newest, or more
 *   delta  those that are so far from the last one, or farther, by a function of the user: delta(row, last)
 *   custom those that functions of the user do not give back: custom-evictor.ts
 */
import { unreachable } from '../../../base/assert.ts';
import type { DeltaFunction } from './delta-trigger.ts';
import { keepRows, listsOf, type WindowRows } from './row-contents.ts';
import type { RuleEvictorSpec } from './window-spec.ts';

/** Takes rows out of the window in a slot, before and behind its function. */
export interface Evictor {
  before(slot: number, window: WindowRows): void;
  after(slot: number, window: WindowRows): void;
}

/** By a rule, on one of the two sides. */
export class RuleEvictor implements Evictor {
  readonly #spec: RuleEvictorSpec;
  readonly #functions: readonly object[];

  constructor(spec: RuleEvictorSpec, functions: readonly object[]) {
    this.#spec = spec;
    this.#functions = functions;
  }

  before(_slot: number, window: WindowRows): void {
    if (!this.#spec.isAfter) this.#evict(window);
  }

  after(_slot: number, window: WindowRows): void {
    if (this.#spec.isAfter) this.#evict(window);
  }

  #evict(window: WindowRows): void {
    const { rows, times } = window;
    const spec = this.#spec;
    switch (spec.kind) {
      case 'count': {
        const gone = Math.max(0, rows.length - spec.count);
        for (const list of listsOf(window)) list.splice(0, gone);
        break;
      }
      case 'time': {
        let newest = -Infinity;
        for (const time of times) newest = Math.max(newest, time);
        keepRows(window, (i) => !(times[i]! <= newest - spec.keptMs));
        break;
      }
      case 'delta': {
        const delta = this.#functions[spec.by] as DeltaFunction;
        const last = rows.at(-1);
        keepRows(window, (i) => !(delta(rows[i], last) >= spec.threshold));
        break;
      }
      default:
        unreachable(spec);
    }
  }
}
