/** What was in flight when a checkpoint was taken, on its way again to subtasks that go on from its states. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH } from '../../src/channel/channel.ts';
import { encodeInFlight, inFlightState } from '../../src/channel/in-flight.ts';
import { LocalChannel } from '../../src/channel/local-channel.ts';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';
import { type Sender, sendAgain } from '../../src/task/in-flight-state.ts';

const Row = record({ n: t.int32 });
const RULES = inFlightState({ to: 'rules', input: 1, side: null, nth: 0 });

/** Rows for each of the new consumers, of what was on its way to the old ones; `alive`: old ones that left a copy. */
function sentAgain(consumers: number, alive: readonly number[], onTheWay: Record<number, string>) {
  const writers = Array.from({ length: consumers }, () => new LocalChannel(10));
  const items = Object.entries(onTheWay).flatMap(([to, row]) =>
    encodeInFlight(new Batch({ rowCount: 1, schema: null, rows: [row] })).map((encoded) => ({
      fromSubtask: 0,
      toSubtask: Number(to),
      consumers: 2,
      isOvertaken: false,
      ...encoded,
    })),
  );
  const exchange = {
    fromNode: 0,
    toNode: 1,
    input: 0,
    operatorInput: 1,
    side: null,
    partitioning: { kind: 'broadcast' },
  };
  sendAgain({
    exchange,
    graph: {
      nodes: [
        { uid: 'from', schema: null, inputs: [] },
        { uid: 'rules', inputs: [{ from: 0, operatorInput: 1 }] },
      ],
    },
    restored: {
      ...NO_STATE,
      items: (state: string) => (state === RULES ? items : []),
    },
    ofConsumer: [
      { kind: 'broadcast', parts: alive.map((subtask) => ({ subtask, parallelism: 2 })) },
      { kind: 'keyed', parts: [{ subtask: 1, parallelism: 2 }] },
    ],
    index: 0,
    producers: 1,
    gate: null,
    writers,
  } as unknown as Sender);
  return writers.map((writer) => {
    if (writer.peek() !== BATCH) return null;
    return writer.batch().rowObjects()[0];
  });
}

test('each consumer of a broadcast gets what was on its way to the one whose copy it goes on from', () => {
  const onTheWay = { 0: 'to 0', 1: 'to 1' };
  assert.deepEqual(sentAgain(2, [0, 1], onTheWay), ['to 0', 'to 1']);
  assert.deepEqual(sentAgain(3, [0, 1], onTheWay), ['to 0', 'to 1', 'to 0']);
  assert.deepEqual(sentAgain(1, [0, 1], onTheWay), ['to 0']);
});

test('those of a number that had come to its end get what was on its way to another, as they get its copy', () => {
  assert.deepEqual(sentAgain(2, [0], { 0: 'to 0' }), ['to 0', 'to 0']);
  assert.deepEqual(sentAgain(3, [1], { 1: 'to 1' }), ['to 1', 'to 1', 'to 1']);
});

test('where a consumer keeps no copy its number decides', () => {
  assert.deepEqual(sentAgain(3, [], { 1: 'to 1' }), [null, 'to 1', null]);
});

test('rows that had other fields are refused', () => {
  const builder = new BatchBuilder(Row, 1);
  builder.appendRow({ n: 1 });
  const [encoded] = encodeInFlight(builder.seal());
  const item = { fromSubtask: 0, toSubtask: 0, consumers: 1, isOvertaken: false, ...encoded };
  const sent: Batch[] = [];
  const sendTo = (schema: Schema): void =>
    sendAgain({
      exchange: { fromNode: 0, toNode: 1, input: 0, side: null, partitioning: { kind: 'hash' } },
      graph: {
        nodes: [
          { uid: 'from', name: 'window', schema: schema.fields, inputs: [] },
          { uid: 'to', inputs: [{ from: 0 }] },
        ],
      },
      restored: { ...NO_STATE, items: () => [item] },
      ofConsumer: [],
      index: 0,
      producers: 1,
      gate: { emit: (batch: Batch) => sent.push(batch) },
    } as unknown as Sender);
  sendTo(Row);
  assert.deepEqual(sent[0]!.rowObjects(), [{ n: 1 }]);
  assert.throws(() => sendTo(record({ n: t.int32, more: t.float64 })), {
    code: 'STATE_INCOMPATIBLE',
    message: /rows of 'window' in flight/,
  });
});
