/** From the plain data of states and their live halves to their tables. */
import { must, unreachable } from '../../base/assert.ts';
import { AggregatingTable, ReducingTable } from '../../state/folding-tables.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import { ListTable } from '../../state/list-table.ts';
import { MapTable } from '../../state/map-table.ts';
import type { StateTable } from '../../state/state-table.ts';
import { ValueTable } from '../../state/value-table.ts';
import type { StateFunctions, StateSpec } from './process-spec.ts';

export function stateTable(spec: StateSpec, live: StateFunctions, scope: KeyScope): StateTable {
  const { name, kind, type, ttl } = spec;
  const single = { name, kind, type, ttl, label: '#value', fallback: live.fallback };
  switch (kind) {
    case 'value':
      return new ValueTable(single, scope);
    case 'reducing':
      return new ReducingTable(single, must(live.reduce, 'a reducing function'), scope);
    case 'aggregating':
      return new AggregatingTable(
        { ...single, label: '#accumulator' },
        must(live.aggregate, 'an aggregate'),
        scope,
      );
    case 'list':
      return new ListTable(name, type, ttl, scope);
    case 'map':
      return new MapTable(name, must(spec.keyType, 'the type of keys'), type, ttl, scope);
    default:
      return unreachable(kind);
  }
}
