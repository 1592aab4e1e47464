/** When part files are complete: case 12 of the semantics, decided and done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import type { PartWriter } from '../../src/connector/file/sink/part-writer.ts';
import {
  type RollingOptions,
  RollingPolicy,
  rollingLimits,
} from '../../src/connector/file/sink/rolling-policy.ts';
import { inFolder } from './read-all.ts';
import { batchOf, checkpointOf, contextOf, filesIn, freeFormOf, sinkOf } from './sink-run.ts';

const CASE_12: RollingOptions = { size: 10, inactivity: 4, age: 11 };

/** A part of so many lines of 5 characters. */
const part = (lines: number, createdMs: number, writtenMs: number) => ({
  bytes: lines * 6,
  createdMs,
  writtenMs,
});

test('case 12, decided: size before the write, inactivity and age by time, size at a checkpoint', () => {
  const policy = new RollingPolicy(rollingLimits(CASE_12, true));
  for (const [what, rolls, expected] of [
    ['write at 2', policy.rollsBeforeWrite(part(1, 1, 1)), false],
    ['10 bytes are not over size', policy.rollsBeforeWrite({ ...part(0, 1, 1), bytes: 10 }), false],
    ['write at 3', policy.rollsBeforeWrite(part(2, 1, 2)), true],
    ['tick 5', policy.rollsAtTime(part(1, 3, 3), 5), false],
    ['tick 7', policy.rollsAtTime(part(1, 3, 3), 7), true],
    ['tick 20', policy.rollsAtTime(part(1, 3, 3), 20), true],
    ['10 old, written just now', policy.rollsAtTime(part(1, 3, 13), 13), false],
    ['11 old, written just now', policy.rollsAtTime(part(1, 3, 14), 14), true],
    ['checkpoint', policy.rollsAtCheckpoint(part(1, 3, 3)), false],
    ['checkpoint over size', policy.rollsAtCheckpoint(part(2, 3, 3)), true],
  ] as const) {
    assert.equal(rolls, expected, what);
  }
  assert.equal(policy.dueAtMs(part(1, 3, 3)), 7);
  assert.equal(policy.dueAtMs(part(1, 3, 12)), 14);
  const always = new RollingPolicy(rollingLimits({ onCheckpoint: true }, true));
  assert.equal(always.rollsAtCheckpoint(part(0, 0, 0)), true);
});

test('defaults: 128 MiB and 60 s under checkpoints, nothing without; null is never', () => {
  const flink = { bytes: 134_217_728, ageMs: 60_000, inactivityMs: 60_000, onCheckpoint: false };
  assert.deepEqual(rollingLimits({}, true), flink);
  const never = { bytes: Infinity, ageMs: Infinity, inactivityMs: Infinity, onCheckpoint: false };
  assert.deepEqual(rollingLimits({}, false), never);
  assert.deepEqual(rollingLimits({ size: null, age: null, inactivity: null }, true), never);
  assert.deepEqual(rollingLimits({ age: '2 s' }, false), { ...never, ageMs: 2000 });
});

/** A writer under a clock that tests move, which is woken as the engine would. */
class TimedWriter {
  readonly clock = new VirtualClock();
  readonly writer: PartWriter;

  constructor(folder: string, rolling: RollingOptions, isCheckpointed = true) {
    const context = contextOf({ clock: this.clock, schema: null, isCheckpointed });
    this.writer = sinkOf(folder, jsonLines(), { rolling }).createWriter(context);
  }

  tick(toMs: number): void {
    this.clock.advanceTo(toMs);
    if (this.writer.wakeAtMs! <= toMs) this.writer.advanceTime!(toMs);
  }

  /** Five characters and a line break. */
  write(atMs: number): void {
    this.tick(atMs);
    this.writer.write(freeFormOf(['abc']));
  }
}

/** Numbers of the parts that a pre-commit hands over. */
function completeParts(writer: PartWriter, isEnd = false): string[] {
  const parts = writer.preCommit(isEnd) as readonly { readonly path: string }[];
  return parts.map(({ path }) => /-(\d+)\.\w+$/.exec(path)![1]!);
}

test('case 12, done: the third line goes to a second file, which inactivity completes', async () => {
  await inFolder((folder) => {
    const run = new TimedWriter(folder, CASE_12);
    run.write(1);
    run.write(2);
    assert.equal(filesIn(folder).length, 1);
    run.write(3);
    assert.equal(filesIn(folder).length, 2);
    run.tick(5);
    assert.deepEqual(completeParts(run.writer), ['0']);
    run.tick(7);
    assert.deepEqual(completeParts(run.writer), ['1']);
    run.write(8);
    assert.deepEqual(completeParts(run.writer), [], 'a checkpoint leaves what is small');
    run.tick(25);
    assert.deepEqual(completeParts(run.writer), ['2']);
    assert.equal(run.writer.wakeAtMs, Infinity);
    run.writer.close();
  });
});

test('a part that is written to all the time is complete when it is old', async () => {
  await inFolder((folder) => {
    const run = new TimedWriter(folder, { ...CASE_12, size: null });
    for (let ms = 3; ms < 14; ms += 3) run.write(ms);
    assert.deepEqual(completeParts(run.writer), []);
    run.tick(14);
    assert.deepEqual(completeParts(run.writer), ['0']);
    run.writer.close();
  });
});

test('without checkpoints a writer makes one part, or more if it is asked to, and all at the end', async () => {
  await inFolder((folder) => {
    const one = new TimedWriter(folder, {}, false);
    for (let ms = 0; ms < 1_000_000; ms += 100_000) one.write(ms);
    assert.deepEqual(completeParts(one.writer, true), ['0']);
  });
  await inFolder((folder) => {
    const more = new TimedWriter(folder, { size: 10 }, false);
    for (let ms = 0; ms < 5; ms++) more.write(ms);
    assert.deepEqual(completeParts(more.writer, true), ['0', '1', '2']);
    assert.throws(() => more.write(6), /no rows follow the end/);
  });
});

test('a format whose files need an end is complete at every checkpoint, and has no snapshot', async () => {
  await inFolder((folder) => {
    const writer = sinkOf(folder, parquet()).createWriter(contextOf());
    writer.write(batchOf(1));
    assert.equal(checkpointOf(writer).committables.length, 1);
    writer.write(batchOf(2));
    const { committables, states } = checkpointOf(writer);
    assert.equal(committables.length, 1);
    assert.deepEqual(states, []);
    writer.close();
  });
});
