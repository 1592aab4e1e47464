/** A look at an exchange ends by itself: when it has its records, or as many bytes as there may be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TAPPED_BYTES_MAX } from '../../src/base/limits.ts';
import type { OutputGate } from '../../src/channel/output-gate.ts';
import { Batch } from '../../src/data/batch.ts';
import { EdgeTap } from '../../src/task/edge-tap.ts';

function gate(): Pick<OutputGate, 'tap'> & OutputGate {
  return { tap: null } as OutputGate;
}

function batchOf(...rows: unknown[]): Batch {
  return new Batch({ rowCount: rows.length, schema: null, rows });
}

test('so many records of several batches and gates, read once, then nobody looks', () => {
  const gates = [gate(), gate()];
  const tap = new EdgeTap(gates, 4);
  gates[0]!.tap!.take(batchOf(1, 2));
  assert.deepEqual(tap.read(), { records: [1, 2], passed: 2 });
  gates[1]!.tap!.take(batchOf(3, 4, 5));
  assert.deepEqual(tap.read(), { records: [3, 4], passed: 3 });
  assert.deepEqual(tap.read(), { records: [], passed: 0 });
  assert.deepEqual([gates[0]!.tap, gates[1]!.tap], [null, null]);
});

test('so many bytes, and a tap that came later stays', () => {
  const one = gate();
  const tap = new EdgeTap([one], 1_000_000);
  const text = 'x'.repeat(10_000);
  let batches = 0;
  for (; one.tap !== null && batches < 1000; batches++) one.tap.take(batchOf(text));
  assert.ok(batches * text.length < TAPPED_BYTES_MAX + text.length, `${batches}`);
  assert.equal(tap.read().records.length, batches);
  const later = new EdgeTap([one], 1);
  tap.stop();
  assert.equal(one.tap, later);
});
