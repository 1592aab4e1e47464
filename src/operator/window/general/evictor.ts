/**
 * Takes rows out of a window that fires, before or behind its function. They are gone for later firings too.
 *
 *   count  all but the last so many
 *   time   those that are so much older than the newest, or more
 *   delta  those that are so far from the last one, or farther, by a function of the user: delta(row, last)
 */
import { unreachable } from '../../../base/assert.ts';
import type { DeltaFunction } from './delta-trigger.ts';
import type { WindowRows } from './row-contents.ts';
import type { EvictorSpec } from './window-spec.ts';

export class Evictor {
  readonly isAfter: boolean;
  readonly #spec: EvictorSpec;
  readonly #functions: readonly object[];

  constructor(spec: EvictorSpec, functions: readonly object[]) {
    this.isAfter = spec.isAfter;
    this.#spec = spec;
    this.#functions = functions;
  }

  /** Takes rows out. */
  evict(window: WindowRows): void {
    const { rows, times } = window;
    const spec = this.#spec;
    switch (spec.kind) {
      case 'count': {
        const gone = Math.max(0, rows.length - spec.count);
        rows.splice(0, gone);
        times.splice(0, gone);
        break;
      }
      case 'time': {
        let newest = -Infinity;
        for (const time of times) newest = Math.max(newest, time);
        keep(window, (i) => !(times[i]! <= newest - spec.keptMs));
        break;
      }
      case 'delta': {
        const delta = this.#functions[spec.by] as DeltaFunction;
        const last = rows.at(-1);
        keep(window, (i) => !(delta(rows[i], last) >= spec.threshold));
        break;
      }
      default:
        unreachable(spec);
    }
  }
}

function keep({ rows, times }: WindowRows, isKept: (i: number) => boolean): void {
  const kept: number[] = [];
  for (let i = 0; i < rows.length; i++) if (isKept(i)) kept.push(i);
  if (kept.length === rows.length) return;
  kept.forEach((from, to) => {
    rows[to] = rows[from];
    times[to] = times[from]!;
  });
  rows.length = kept.length;
  times.length = kept.length;
}
