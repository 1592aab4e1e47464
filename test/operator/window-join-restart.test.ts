/** A window join that goes on from subtasks which had fired up to different ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { keyGroupOf, subtaskOf } from '../../src/data/key-group.ts';
import { murmur } from '../../src/data/key-hash.ts';
import { record, t } from '../../src/data/schema.ts';
import { WindowJoinOperator } from '../../src/operator/join/window-join.ts';
import type { StoredState } from '../../src/task/restored-state.ts';
import { ALONE, GROUPS, OneSubtask, type Place, statesOf } from './one-subtask.ts';

const Numbered = record({ id: t.int32, n: t.int32 });
const BY_ID = { kind: 'fields', fields: ['id'] } as const;
const IDS = Array.from({ length: 100 }, (_, id) => id);

/** One subtask of a join in tumbling windows of 10, of pairs as text. */
class Rig extends OneSubtask<WindowJoinOperator, string> {
  constructor(place: Place, states: readonly StoredState[] = []) {
    const operator = new WindowJoinOperator({
      keys: [BY_ID, BY_ID],
      lateTo: [null, null],
      window: { kind: 'tumbling', time: 'event', sizeMs: 10, slideMs: 10, offsetMs: 0 },
      takes: 'pairs',
      schemas: [Numbered, Numbered],
      functions: [(l: { id: number; n: number }, r: { n: number }) => `${l.id}: ${l.n}-${r.n}`],
    });
    super(operator, place, states);
  }

  push(ids: readonly number[], n: number, time: number): void {
    for (const input of [0, 1]) {
      const builder = new BatchBuilder(Numbered, ids.length);
      for (const id of ids) builder.appendRow({ id, n }, time);
      this.operator.processBatch(builder.seal(), input);
    }
  }
}

for (const restarts of [1, 2, 3]) {
  test(`each window of each key fires once, after ${restarts} restarts`, () => {
    const ownerOf = (id: number): number => subtaskOf(keyGroupOf(murmur(id), GROUPS), 2, GROUPS);
    const rigs = [0, 1].map((subtask) => {
      const rig = new Rig({ subtask, parallelism: 2 });
      const own = IDS.filter((id) => ownerOf(id) === subtask);
      rig.push(own, 1, 5);
      rig.push(own, 2, 15);
      return rig;
    });
    // Only the second has come to the end of the first window.
    rigs[1]!.operator.processWatermark(9);
    for (const rig of rigs) {
      rig.barrier();
      rig.finish();
    }
    const before = rigs.flatMap(({ results }) => results);
    let again = new Rig(ALONE, statesOf(rigs));
    for (let n = 1; n < restarts; n++) {
      // Time has not come to where it was before.
      again.barrier();
      again.finish();
      again = new Rig(ALONE, again.states());
    }
    // Behind a window that has fired for these keys: they are late, of others they are not.
    again.push(IDS, 3, 6);
    again.operator.processWatermark(19);
    const late = IDS.filter((id) => ownerOf(id) === 1);
    const expected = IDS.flatMap((id) =>
      late.includes(id)
        ? [`${id}: 1-1`, `${id}: 2-2`]
        : [`${id}: 1-1`, `${id}: 1-3`, `${id}: 3-1`, `${id}: 3-3`, `${id}: 2-2`],
    );
    assert.deepEqual([...before, ...again.results].sort(), expected.sort());
  });
}
