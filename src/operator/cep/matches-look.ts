/**
 * Partial matches as those see them who watch the job: of a key, what each has taken so far, by step. Records that wait for the
 * watermark are not gone through.
 */
import { SHOWN_ROWS_MAX } from '../../base/limits.ts';
import type { StateLook, StateSize } from '../state-look.ts';
import { matchOf } from './matcher.ts';
import type { Match } from './pattern-spec.ts';
import type { RunsTable } from './runs-table.ts';

export class MatchesLook implements StateLook {
  readonly #table: RunsTable;
  readonly #steps: readonly string[];
  readonly #slotOf: (key: unknown) => number;

  /** `steps`: their names, by number. `slotOf`: of a key as JSON has it; -1 where it has none. */
  constructor(table: RunsTable, steps: readonly string[], slotOf: (key: unknown) => number) {
    this.#table = table;
    this.#steps = steps;
    this.#slotOf = slotOf;
  }

  get keyCount(): number {
    return this.#table.keyCount;
  }

  sizes(): readonly StateSize[] {
    const { name, keyCount } = this.#table;
    return [{ name, kind: 'pattern', keys: keyCount, windows: null }];
  }

  valueOf(state: string, key: unknown): readonly Match[] | undefined {
    if (state !== this.#table.name) return undefined;
    const runs = this.#table.runs[this.#slotOf(key)]?.runs ?? [];
    const shown = runs.slice(0, SHOWN_ROWS_MAX).map(({ node }) => matchOf(this.#steps, node));
    return shown.length === 0 ? undefined : shown;
  }
}
