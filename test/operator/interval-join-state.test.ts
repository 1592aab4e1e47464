/** What an interval join keeps, what a snapshot has of it, and how it pauses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { ownedCopy } from '../../src/data/copy.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { IntervalJoinOperator } from '../../src/operator/join/interval-join.ts';
import { JoinRows } from '../../src/operator/join/join-rows.ts';
import { unsetContext } from '../../src/operator/unset.ts';
import { type CaptureStep, NO_STATE, type SnapshotWriter } from '../../src/state/snapshot.ts';

const BY_ID = { kind: 'fields', fields: ['id'] } as const;
const Numbered = record({ id: t.int32, n: t.int32 });

/** An interval join by itself, of typed or free-form rows. */
function alone(lowerMs: number, upperMs: number, isTyped: boolean) {
  const schema = isTyped ? Numbered : null;
  const operator = new IntervalJoinOperator({
    keys: [BY_ID, BY_ID],
    lateTo: [null, null],
    lowerMs,
    upperMs,
    excludesLower: false,
    excludesUpper: false,
    gives: 'row',
    fields: null,
    schemas: [schema, schema],
    functions: [(l: { n: number }, r: { n: number }) => `${l.n}-${r.n}`],
  });
  const written: { name: string; n: number }[] = [];
  const blocks: Batch[] = [];
  const steps: CaptureStep[] = [];
  const pairs: unknown[] = [];
  const writer: SnapshotWriter = {
    checkpoint: 1,
    base: null,
    delta: () => assert.fail('there is no base'),
    removed: () => assert.fail('there is no base'),
    keyed(name, batch) {
      assert.ok(batch.keyHashes !== null && batch.timestamps !== null);
      blocks.push(ownedCopy(batch));
      for (const row of batch.rowObjects() as Record<string, unknown>[]) {
        const { n } = (row['#row'] ?? { n: row['#n'] }) as { n: number };
        written.push({ name, n });
      }
    },
    items: () => assert.fail('there is nothing but rows by key'),
    rows: () => assert.fail('there is nothing but rows by key'),
    later: (step) => steps.push(step),
  };
  const output = {
    isReady: true,
    emit: (batch: Batch) => void pairs.push(...batch.rowObjects()),
    watermark: () => {},
    idle: () => {},
    barrier: () => {},
    end: () => {},
  };
  const context = Object.create(unsetContext, {
    name: { value: 'join' },
    metrics: { value: { ...unsetContext.metrics } },
    snapshot: { value: () => writer },
  }) as typeof unsetContext;
  operator.open(context, output, new Map());
  const rest = (): string => {
    while (steps.length > 0) if (steps[0]!()) steps.shift();
    const of = (name: string) =>
      written.flatMap((row) => (row.name === name ? [row.n] : [])).sort((a, b) => a - b);
    const text = `left ${of('left rows')}; right ${of('right rows')}`;
    written.length = 0;
    return text;
  };
  return {
    operator,
    blocks,
    output,
    pairs,
    push(input: number, n: number, time = n) {
      const builder = new BatchBuilder(schema, 1);
      builder.appendRow({ id: 7, n }, time);
      operator.processBatch(builder.seal(), input);
    },
    barrier: () => operator.processBarrier(1),
    rest,
    state(): string {
      operator.processBarrier(1);
      return rest();
    },
  };
}

for (const isTyped of [true, false]) {
  const rows = isTyped ? 'typed' : 'free-form';

  test(`what is kept of ${rows} rows is what may still have partners`, () => {
    const expected: readonly [bounds: [number, number], after: [number, string][]][] = [
      [
        [-1, 0],
        [
          [1, 'left 2,3,4,5; right 1,2,3,4,5'],
          [4, 'left 5; right 4,5'],
          [6, 'left ; right '],
        ],
      ],
      [
        [0, 1],
        [
          [1, 'left 1,2,3,4,5; right 2,3,4,5'],
          [4, 'left 4,5; right 5'],
          [6, 'left ; right '],
        ],
      ],
    ];
    for (const [[lower, upper], after] of expected) {
      const join = alone(lower, upper, isTyped);
      for (let n = 1; n <= 5; n++) for (const input of [0, 1]) join.push(input, n);
      for (const [watermark, state] of after) {
        join.operator.processWatermark(watermark);
        assert.equal(join.state(), state, `[${lower}, ${upper}] at ${watermark}`);
      }
    }
  });

  test(`a record at the watermark stays until the next one, ${rows}`, () => {
    const join = alone(0, 0, isTyped);
    join.push(0, 3);
    join.operator.processWatermark(3);
    assert.equal(join.state(), 'left ; right ');
    join.push(0, 30, 3);
    join.push(1, 31, 3);
    assert.deepEqual(join.pairs, ['30-31']);
    assert.equal(join.state(), 'left 30; right 31');
  });

  test(`a snapshot is what was there at the barrier, whatever comes while it is written, ${rows}`, () => {
    const join = alone(-10, 5000, isTyped);
    for (let n = 1; n <= 3000; n++) join.push(n % 2, n);
    join.operator.processWatermark(20);
    join.barrier();
    for (let n = 3001; n <= 3100; n++) join.push(n % 2, n);
    join.operator.processWatermark(3050);
    join.operator.processWatermark(50_000);
    join.push(0, 50_000);
    const all = Array.from({ length: 3000 }, (_, i) => i + 1);
    const left = all.filter((n) => n % 2 === 0);
    const right = all.filter((n) => n % 2 === 1 && n > 10);
    assert.equal(join.rest(), `left ${left}; right ${right}`);
    assert.equal(join.state(), 'left 50000; right ');
  });

  test(`a record with many partners joins them in slices, while there is room, ${rows}`, () => {
    const join = alone(0, 0, isTyped);
    for (let n = 0; n < 10_000; n++) join.push(0, n, 1);
    const { emit } = join.output;
    join.output.emit = (batch) => {
      emit(batch);
      join.output.isReady = false;
    };
    join.push(1, 1);
    const lengths = [join.pairs.length];
    while (join.operator.hasPendingWork) {
      join.operator.resume();
      assert.equal(join.pairs.length, lengths.at(-1), 'there is no room');
      join.output.isReady = true;
      join.operator.resume();
      lengths.push(join.pairs.length);
    }
    assert.deepEqual(lengths, [4096, 8192, 10_000]);
    assert.equal(new Set(join.pairs).size, 10_000);
  });
}

test('rows of other keys or fields than the job has now are refused', () => {
  const rowsBy = (fields: readonly string[], schema: Schema | null) =>
    new JoinRows('left rows', { kind: 'fields', fields }, schema, schema);
  const Wide = record({ id: t.int32, n: t.int32, more: t.string });
  const join = alone(0, 0, true);
  join.push(0, 1);
  join.state();
  const found = join.blocks;
  const restore = (rows: JoinRows) => {
    const got: unknown[] = [];
    rows.restore(
      { ...NO_STATE, keyed: () => found },
      () => true,
      (batch) => void got.push(...batch.rowObjects()),
    );
    return got;
  };
  assert.deepEqual(restore(rowsBy(['id'], Numbered)), [{ id: 7, n: 1 }]);
  for (const other of [
    rowsBy(['n'], Numbered),
    rowsBy(['id', 'n'], Numbered),
    rowsBy(['id'], Wide),
    rowsBy(['id'], null),
  ]) {
    assert.throws(() => restore(other), {
      code: 'STATE_INCOMPATIBLE',
      message: /other left rows .*id: int32, #n: int32 in the snapshot/,
    });
  }
});
