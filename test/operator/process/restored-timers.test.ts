/** Timers of a job that was down: those of processing time that became due meanwhile fire when it starts again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import type { Batch } from '../../../src/data/batch.ts';
import { BatchBuilder } from '../../../src/data/batch-builder.ts';
import { decodeBatch, encodeToBytes } from '../../../src/data/codec.ts';
import { record, t } from '../../../src/data/schema.ts';
import type { OperatorContext, Output } from '../../../src/operator/operator.ts';
import { ProcessOperator } from '../../../src/operator/process/process-operator.ts';
import type { ProcessDefinition } from '../../../src/operator/process/process-spec.ts';
import type { CaptureStep, RestoredState } from '../../../src/state/snapshot.ts';
import { NO_STATE } from '../../../src/state/snapshot.ts';

const Row = record({ k: t.string });

type Timer = { readonly kind: string; readonly time: number };

/** An operator with its clock and what it has emitted; it sets timers at 10, 20 and 200 of both kinds. */
function started(nowMs: number, restored: RestoredState) {
  const definition: ProcessDefinition = {
    onRecord(_, context) {
      const { timers } = context as { timers: Record<string, (time: number) => void> };
      for (const time of [200, 20, 10]) {
        timers.eventTime!(time);
        timers.processingTime!(time);
      }
    },
    onTimer(time, context) {
      const { timer, key, emit } = context as {
        timer: string;
        key: { k: string };
        emit: (row: unknown) => void;
      };
      assert.equal(key.k, 'a');
      emit({ kind: timer, time });
    },
  };
  const operator = new ProcessOperator({
    process: {
      inputs: [{ key: { kind: 'fields', fields: ['k'] }, calls: 'onRecord' }],
      emits: null,
      states: [],
      operatorStates: [],
      broadcastStates: [],
    },
    schemas: [Row, null],
    functions: [definition],
  });
  const fired: Timer[] = [];
  const saved = new Map<string, Batch[]>();
  const steps: CaptureStep[] = [];
  const context: OperatorContext = {
    name: 'process',
    subtask: 0,
    parallelism: 1,
    maxParallelism: 128,
    clock: new VirtualClock(nowMs),
    watermarkIntervalMs: 0,
    metrics: {
      recordsIn: 0,
      recordsOut: 0,
      lateRecords: 0,
      skippedRecords: 0,
      bytesRead: 0,
      bytesWritten: 0,
    },
    job: { name: 'alone', id: 'alone', attempt: 0 },
    isCheckpointed: true,
    isIncremental: false,
    isBatch: false,
    restored,
    snapshot: () => ({
      checkpoint: 1,
      base: null,
      delta: () => assert.fail('there is no base'),
      removed: () => assert.fail('there is no base'),
      keyed(state, batch) {
        const bytes = encodeToBytes(batch);
        const copy = decodeBatch(bytes.buffer, bytes.byteOffset, bytes.length, batch.schema!);
        saved.set(state, [...(saved.get(state) ?? []), copy]);
      },
      items() {},
      rows() {},
      later: (step) => void steps.push(step),
    }),
    wake() {},
    prepareCommit() {},
    onMetric() {},
  };
  const output: Output = {
    isReady: true,
    emit: (batch) => void fired.push(...(batch.rowObjects() as Timer[])),
    watermark() {},
    idle() {},
    barrier() {},
    end() {},
  };
  operator.open(context, output, new Map());
  return { operator, fired, saved, steps };
}

test('timers that became due while the job was down', () => {
  const first = started(0, NO_STATE);
  const builder = new BatchBuilder(Row, 1);
  builder.appendRow({ k: 'a' });
  first.operator.processBatch(builder.seal(), 0);
  assert.equal(first.operator.wakeAtMs, 10);
  first.operator.processBarrier(1);
  while (!first.steps[0]!());
  assert.deepEqual([...first.saved.keys()].sort(), ['event timers', 'processing timers']);

  const { operator, fired } = started(100, {
    keyed: (state) => first.saved.get(state) ?? [],
    keyedRows: () => 0,
    items: () => [],
    rows: () => [],
  });
  // Due: its subtask lets it go on at once.
  assert.equal(operator.wakeAtMs, 10);
  operator.advanceTime(100);
  assert.deepEqual(fired.splice(0), [
    { kind: 'processing', time: 10 },
    { kind: 'processing', time: 20 },
  ]);
  assert.equal(operator.wakeAtMs, 200);
  operator.processWatermark(15);
  operator.processWatermark(Infinity);
  assert.deepEqual(fired.splice(0), [
    { kind: 'event', time: 10 },
    { kind: 'event', time: 20 },
    { kind: 'event', time: 200 },
  ]);
});
