/** How many rows a chain may be given, by what comes out of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowsWanted } from '../../src/channel/rows-wanted.ts';

function setUp(...rowsMax: number[]) {
  const gates = rowsMax.map((most) => ({ rowsMax: most, sentRows: 0 }));
  const wanted = new RowsWanted(gates);
  /** Rows go in, and so many out at each gate. */
  const pass = (rows: number, ...out: number[]): void => {
    wanted.onRows(rows);
    out.forEach((sent, g) => {
      gates[g]!.sentRows += sent;
    });
  };
  return { gates, wanted, pass };
}

test('where each row comes out, as many as may wait', () => {
  const { wanted, pass, gates } = setUp(50);
  assert.equal(wanted.rows, Infinity, 'nobody knows yet what comes out');
  pass(64, 64);
  assert.equal(wanted.rows, 50);
  gates[0]!.rowsMax = 0.2;
  assert.equal(wanted.rows, 1, 'one is the least');
  gates[0]!.rowsMax = Infinity;
  assert.equal(wanted.rows, Infinity);
});

test('more where few come out, fewer where each becomes several', () => {
  const { wanted, pass } = setUp(50);
  pass(1000, 10);
  assert.equal(wanted.rows, 5000);
  pass(1000, 39_990);
  assert.equal(wanted.rows, 2);
});

test('the gate counts behind which the fewest may wait; one that nothing goes through bounds nothing', () => {
  const { wanted, pass } = setUp(50, 10, 1);
  pass(100, 100, 100, 0);
  assert.equal(wanted.rows, 10);
  pass(900, 900, 0, 0);
  assert.equal(wanted.rows, 50);
});

test('what has long gone by counts less and less', () => {
  const { wanted, pass } = setUp(50);
  for (let n = 0; n < 1000; n++) pass(4096, 0);
  assert.equal(wanted.rows, Infinity);
  for (let n = 0; n < 100; n++) pass(4096, 4096);
  assert.ok(wanted.rows > 40 && wanted.rows < 80, `${wanted.rows}`);
});
