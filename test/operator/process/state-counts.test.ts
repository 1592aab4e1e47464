/** How many keys a state has, as it is counted along, against going through all slots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aggregating,
  list,
  map,
  reducing,
  type TtlOptions,
  value,
} from '../../../src/api/state.ts';
import { Random } from '../../../src/base/random.ts';
import { record, t } from '../../../src/data/schema.ts';
import type { StateTable } from '../../../src/state/state-table.ts';
import { type Saved, StatesRig } from './states-rig.ts';

const KEYS = 40;

function statesWith(ttl?: TtlOptions) {
  const options = ttl === undefined ? {} : { ttl };
  return {
    number: value(t.nullable(t.float64), options),
    flag: value(t.boolean, options),
    text: value(t.string, options),
    row: value(record({ n: t.int32 }), options),
    sum: reducing(t.float64, (a, b) => a + b, options),
    mean: aggregating(
      {
        create: () => ({ sum: 0 }),
        add: (all, n: number) => ({ sum: all.sum + n }),
        result: ({ sum }) => sum,
      },
      options,
    ),
    some: list(t.int32, options),
    byName: map(t.int32, t.int32, options),
  };
}

type States = ReturnType<typeof statesWith>;

function check({ states }: StatesRig<States>, when: string): void {
  const { slotCount } = states.scope;
  for (const { name, keys } of states.look().sizes()) {
    const table = (states.handles as Record<string, unknown>)[name] as StateTable;
    let held = 0;
    for (let slot = 0; slot < slotCount; slot++) if (table.holds(slot)) held++;
    assert.equal(keys, held, `${name}, ${when}`);
  }
}

for (const [what, ttl] of [
  ['that stay', undefined],
  ['that expire', { duration: 50, refresh: 'onReadAndWrite', cleanup: { incremental: 3 } }],
  ['that are seen until they are cleaned', { duration: 50, visibility: 'untilCleaned' }],
] as const) {
  test(`keys of states ${what} are counted as they come, go, expire and come back`, () => {
    const descriptors = statesWith(ttl as TtlOptions | undefined);
    const random = new Random(7);
    let nowMs = 0;
    let saved: Saved = new Map();
    for (let round = 0; round < 6; round++) {
      const rig = new StatesRig(descriptors, saved, nowMs);
      check(rig, `restored in round ${round}`);
      for (let n = 0; n < 400; n++) {
        nowMs += random.below(3);
        const { number, flag, text, row, sum, mean, some, byName } = rig.of(
          random.below(KEYS),
          nowMs,
        );
        const acts = [
          () => number.set(n % 3 === 0 ? null : n),
          () => number.clear(),
          () => number.get(),
          () => flag.set(n % 2 === 0),
          () => flag.clear(),
          () => text.set('text'),
          () => text.update(() => undefined as never),
          () => row.set({ n }),
          () => row.clear(),
          () => sum.add(n),
          () => sum.clear(),
          () => mean.add(n),
          () => mean.clear(),
          () => some.add(n),
          () => some.set([]),
          () => some.set([n, n]),
          () => some.get(),
          () => byName.set(n % 3, n),
          () => byName.delete(n % 3),
          () => byName.clear(),
          () => byName.keys(),
        ];
        acts[random.below(acts.length)]!();
        if (n % 10 === 0) check(rig, `round ${round}, step ${n}`);
      }
      saved = rig.save();
    }
    const rig = new StatesRig(descriptors, saved, nowMs + 1000);
    check(rig, 'long after');
    const left = rig.states.look().sizes();
    if (ttl !== undefined) for (const { name, keys } of left) assert.equal(keys, 0, name);
    else assert.ok(left.every(({ keys }) => keys! > 0));
  });
}
