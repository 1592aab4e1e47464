/** The states of a process function as those see it who watch the job: read as a snapshot reads them, so that none is touched. */
import { StateRows } from '../../state/slot-rows.ts';
import type { StateTable } from '../../state/state-table.ts';
import type { StateLook, StateSize } from '../state-look.ts';

type Row = Readonly<Record<string, unknown>>;

export class TablesLook implements StateLook {
  readonly #tables: readonly StateTable[];
  readonly keyCount: number;
  readonly #slotOf: (key: unknown) => number;

  /** `slotOf`: of a key as JSON has it; -1 where it has none. */
  constructor(tables: readonly StateTable[], keyCount: number, slotOf: (key: unknown) => number) {
    this.#tables = tables;
    this.keyCount = keyCount;
    this.#slotOf = slotOf;
  }

  sizes(): readonly StateSize[] {
    return this.#tables.map((table) => ({
      name: table.name,
      kind: table.kind,
      keys: table.keyCount,
      windows: null,
    }));
  }

  valueOf(state: string, key: unknown): unknown {
    const table = this.#tables.find(({ name }) => name === state);
    if (table === undefined) return undefined;
    const slot = this.#slotOf(key);
    return slot < 0 || !table.holds(slot) ? undefined : valueIn(table, rowsOf(table, slot));
  }
}

function rowsOf(table: StateTable, slot: number): readonly Row[] {
  const found: Row[] = [];
  const rows = new StateRows(table.name, [], table.fields, (batch) => {
    found.push(...(batch.rowObjects() as Row[]));
  });
  table.append(slot, rows);
  rows.flush();
  return found;
}

function valueIn({ kind }: StateTable, rows: readonly Row[]): unknown {
  switch (kind) {
    case 'list':
      return rows.map((row) => partOf(row, '#element'));
    case 'map':
      return new Map(rows.map((row) => [partOf(row, '#key'), partOf(row, '#value')]));
    case 'aggregating':
      return rows[0] && partOf(rows[0], '#accumulator');
    default:
      return rows[0] && partOf(rows[0], '#value');
  }
}

/** One column, or one a field of a record (value-type.ts). */
function partOf(row: Row, label: string): unknown {
  if (Object.hasOwn(row, label)) return row[label];
  const prefix = `${label}.`;
  const fields = Object.entries(row).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(fields.map(([name, value]) => [name.slice(prefix.length), value]));
}
