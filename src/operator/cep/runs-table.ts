/** The partial matches of each key, by its slot, as state: a row a key, with all its runs in one value. */
import type { DynamicColumn, FixedColumn } from '../../data/column.ts';
import { stringHashCode } from '../../data/key-hash.ts';
import type { Schema } from '../../data/schema.ts';
import { incompatible } from '../../state/incompatible.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import type { SlotRows } from '../../state/slot-rows.ts';
import { type LoadRow, StateTable } from '../../state/state-table.ts';
import type { Nfa } from './nfa.ts';
import { type KeyRuns, type PackedRuns, packRuns, unpackRuns } from './runs.ts';

const PATTERN = '#pattern';
const RUNS = '#runs';

export class RunsTable extends StateTable {
  /** By slot; null for a key without runs. */
  readonly runs: readonly (KeyRuns | null)[];
  readonly #runs: (KeyRuns | null)[] = [];
  #keyCount = 0;
  /** Runs stand in states by number, which mean nothing to another pattern. */
  readonly #pattern: number;

  constructor(nfa: Nfa, scope: KeyScope) {
    const fields = [
      { name: PATTERN, kind: 'int32', nullable: false },
      { name: RUNS, kind: 'dynamic', nullable: false },
    ] as const;
    super('matches', 'value', fields, scope, null);
    this.runs = this.#runs;
    this.#pattern = stringHashCode(JSON.stringify(nfa));
  }

  reserve(slotCount: number): void {
    while (this.#runs.length < slotCount) this.#runs.push(null);
  }

  get keyCount(): number {
    return this.#keyCount;
  }

  /** Null for none. */
  put(slot: number, runs: KeyRuns | null): void {
    this.#keyCount += (runs === null ? 0 : 1) - (this.holds(slot) ? 1 : 0);
    this.#runs[slot] = runs;
  }

  holds(slot: number): boolean {
    return (this.#runs[slot] ?? null) !== null;
  }

  append(slot: number, rows: SlotRows): void {
    const at = rows.begin(slot);
    rows.builder.fixed(rows.firstColumn).values[at] = this.#pattern;
    rows.builder.dynamic(rows.firstColumn + 1).values[at] = packRuns(this.runs[slot]!);
    rows.end();
  }

  loader(found: Schema): LoadRow {
    const column = (wanted: string): number =>
      found.fields.findIndex(({ name }) => name === wanted);
    const [pattern, runs] = [column(PATTERN), column(RUNS)];
    if (pattern < 0 || runs < 0) throw incompatible(this.name, null, 'none of a pattern', 'some');
    return (batch, row, slot) => {
      const saved = (batch.columns[pattern] as FixedColumn).values[row];
      if (saved !== this.#pattern) {
        throw incompatible(this.name, null, 'matches of another pattern', 'those of this one');
      }
      const packed = (batch.columns[runs] as DynamicColumn).values[row];
      this.put(slot, unpackRuns(packed as PackedRuns));
    };
  }

  protected hasExpired(): boolean {
    return false;
  }

  protected dropExpired(): void {}
}
