/** Timers of process functions, in every mode: case 6 of the semantics, and what it does not say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../../src/api/emits.ts';
import { value } from '../../../src/api/state.ts';
import { record, t } from '../../../src/data/schema.ts';
import { harness } from '../../../src/testing/harness.ts';
import { inEveryMode, WITHOUT_RESTARTS } from '../../modes.ts';

const Item = record({ v: t.int32 });

/** Records of the elements, as text, with their timestamps; and watermarks. */
function textOf(elements: readonly object[]): string[] {
  return elements.map((element) => {
    if (!('record' in element)) return JSON.stringify(element);
    const { record: row, timestamp } = element as { record: string; timestamp: number | null };
    return `${row}@${timestamp}`;
  });
}

/** Case 6: the first value of a key sets a timer at W + 5, the second one clears the key. */
inEveryMode(
  'the first value sets a timer, the second deletes it',
  Item,
  (items) =>
    items.keyBy('v').process({
      emits: type<string>(),
      state: { first: value(t.int32) },
      onRecord({ v }, ctx) {
        if (ctx.state.first.get() === undefined) {
          ctx.emit(`INPUT ${v}`);
          ctx.state.first.set(v);
          ctx.timers.eventTime(ctx.watermark + 5);
        } else {
          ctx.state.first.clear();
          ctx.timers.deleteEventTime(ctx.watermark + 4);
        }
      },
      onTimer(_, ctx) {
        ctx.emit(`STATE ${ctx.state.first.get()}`);
      },
    }),
  async (h) => {
    h.watermark(1);
    h.push({ v: 17 }, 0);
    h.push({ v: 13 }, 0);
    const first = textOf(h.take());
    assert.equal(first[0], '{"watermark":1}');
    assert.deepEqual(first.slice(1).sort(), ['INPUT 13@0', 'INPUT 17@0']);
    h.watermark(2);
    h.push({ v: 42 }, 1);
    h.push({ v: 13 }, 1);
    assert.deepEqual(textOf(h.take()), ['{"watermark":2}', 'INPUT 42@1']);
    h.watermark(6);
    assert.deepEqual(textOf(h.take()), ['STATE 17@6', '{"watermark":6}']);
    h.watermark(7);
    assert.deepEqual(textOf(h.take()), ['STATE 42@7', '{"watermark":7}']);
  },
);

const Command = record({ key: t.string, kind: t.string, time: t.timestamp });

/** Registers and deletes what records say, and tells what fires. */
inEveryMode(
  'each kind, key and time fires once, in the order of times, unless it was deleted',
  Command,
  (commands) =>
    commands.keyBy('key').process({
      emits: type<string>(),
      onRecord({ kind, time }, { timers }) {
        if (kind === 'event') timers.eventTime(time);
        else if (kind === 'processing') timers.processingTime(time);
        else if (kind === 'not event') timers.deleteEventTime(time);
        else timers.deleteProcessingTime(time);
      },
      onTimer(time, ctx) {
        ctx.emit(`${ctx.timer} ${time} ${ctx.key.key} ${ctx.timestamp} ${ctx.watermark}`);
      },
    }),
  async (h) => {
    const say = (kind: string, ...times: readonly number[]): void => {
      for (const time of times) h.push({ key: 'a', kind, time }, 0);
    };
    say('event', 30, 10, 20, 10, 40);
    say('processing', 20, 10, 10);
    say('not event', 20, 999);
    h.watermark(30);
    assert.deepEqual(textOf(h.take()), [
      'event 10 a 10 30@10',
      'event 30 a 30 30@30',
      '{"watermark":30}',
    ]);
    h.processingTime(9);
    assert.deepEqual(h.take(), []);
    h.processingTime(10);
    assert.deepEqual(textOf(h.take()), ['processing 10 a null 30@null']);
    say('not processing', 20, 21);
    say('not event', 50);
    h.processingTime(30);
    assert.deepEqual(h.take(), []);
    // The one that is not due when the input ends is dropped.
    say('processing', 31);
    say('event', 60, 50);
    await h.end();
    assert.deepEqual(textOf(h.take()), [
      'event 40 a 40 Infinity@40',
      'event 50 a 50 Infinity@50',
      'event 60 a 60 Infinity@60',
      '{"watermark":null}',
      '{"end":true}',
    ]);
  },
);

inEveryMode(
  'a processing-time timer that is due already fires at once',
  Command,
  (commands) =>
    commands.keyBy('key').process({
      emits: type<string>(),
      onRecord({ time }, { timers }) {
        timers.processingTime(time);
      },
      onTimer(time, ctx) {
        ctx.emit(`${time} at ${ctx.processingTime}`);
      },
    }),
  (h) => {
    h.processingTime(100);
    h.push({ key: 'a', kind: '', time: 50 }, 7);
    h.push({ key: 'a', kind: '', time: 101 }, 7);
    assert.deepEqual(textOf(h.take()), ['50 at 100@null']);
    h.processingTime(500);
    assert.deepEqual(textOf(h.take()), ['101 at 500@null']);
  },
);

inEveryMode(
  'an event-time timer at or before the watermark fires at its next advance',
  Command,
  (commands) =>
    commands.keyBy('key').process({
      emits: type<number>(),
      onRecord({ time }, { timers }) {
        timers.eventTime(time);
      },
      onTimer(time, ctx) {
        ctx.emit(time);
      },
    }),
  (h) => {
    h.watermark(10);
    h.push({ key: 'a', kind: '', time: 10 }, 20);
    h.push({ key: 'a', kind: '', time: 3 }, 20);
    assert.deepEqual(textOf(h.take()), ['{"watermark":10}']);
    h.watermark(11);
    assert.deepEqual(textOf(h.take()), ['3@3', '10@10', '{"watermark":11}']);
  },
  // After a restart the watermark comes anew: that is an advance.
  WITHOUT_RESTARTS,
);

inEveryMode(
  'timers that onTimer registers fire in the same advance when they are due',
  Command,
  (commands) =>
    commands.keyBy('key').process({
      emits: type<string>(),
      onRecord({ time }, { timers }) {
        timers.eventTime(time);
        timers.processingTime(time);
      },
      onTimer(time, ctx) {
        ctx.emit(`${ctx.timer} ${time}`);
        if (time % 10 === 0) return;
        if (ctx.timer === 'event') ctx.timers.eventTime(time + 1);
        else ctx.timers.processingTime(time + 1);
      },
    }),
  (h) => {
    h.push({ key: 'a', kind: '', time: 6 }, 0);
    h.watermark(8);
    assert.deepEqual(textOf(h.take()), ['event 6@6', 'event 7@7', 'event 8@8', '{"watermark":8}']);
    h.processingTime(9);
    h.watermark(100);
    assert.deepEqual(textOf(h.take()), [
      ...['processing 6@null', 'processing 7@null', 'processing 8@null', 'processing 9@null'],
      ...['event 9@9', 'event 10@10', '{"watermark":100}'],
    ]);
  },
);

inEveryMode(
  'timers between milliseconds, long ago and at the end of the stream, several of a key, moved and deleted',
  Command,
  (commands) =>
    commands.keyBy('key').process({
      emits: type<string>(),
      onRecord({ kind, time }, { timers }) {
        if (kind === 'quarters') timers.eventTime(time / 4);
        else if (kind === 'delete') timers.deleteEventTime(time / 4);
        else for (const at of [Infinity, -Infinity, Number.MAX_VALUE]) timers.eventTime(at);
      },
      onTimer(time, ctx) {
        ctx.emit(`${ctx.key.key} ${time}`);
      },
    }),
  async (h) => {
    const say = (key: string, kind: string, ...times: readonly number[]): void => {
      for (const time of times) h.push({ key, kind, time }, 0);
    };
    // Keys side by side have no order; a key has.
    const fired = (): string[] =>
      textOf(h.take())
        .map((text) => text.replace(/@.*/, ''))
        .sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0));
    h.watermark(0);
    h.take();
    say('a', 'quarters', 42, 41, 48, 44, 41);
    say('b', 'quarters', 43, 400, 4000);
    say('c', 'extremes', 0);
    say('a', 'delete', 42, 48, 47);
    say('a', 'quarters', 48);
    h.watermark(10.75);
    assert.deepEqual(fired(), [...['a 10.25', 'b 10.75', 'c -Infinity'], '{"watermark":10.75}']);
    say('b', 'delete', 400);
    h.watermark(999);
    assert.deepEqual(fired(), ['a 11', 'a 12', '{"watermark":999}']);
    await h.end();
    assert.deepEqual(fired(), [
      ...['b 1000', `c ${Number.MAX_VALUE}`, 'c Infinity'],
      ...['{"watermark":null}', '{"end":true}'],
    ]);
  },
);

/** The end of case 6. */
inEveryMode(
  'timers of both kinds survive a snapshot, and go with their keys',
  Command,
  (commands) =>
    commands.keyBy('key').process({
      emits: type<string>(),
      state: { seen: value(t.timestamp) },
      onRecord({ time }, ctx) {
        ctx.state.seen.set(time);
        ctx.timers.eventTime(6);
        ctx.timers.processingTime(6);
      },
      onTimer(_, ctx) {
        ctx.emit(`${ctx.timer === 'event' ? 'EVENT' : 'PROC'} ${ctx.state.seen.get()}`);
      },
    }),
  async (h) => {
    h.push({ key: 'a', kind: '', time: 1777 }, 0);
    await h.restart({ parallelism: 2 });
    h.processingTime(6);
    assert.deepEqual(textOf(h.take()), ['PROC 1777@null']);
    await h.restart({ parallelism: 1 });
    h.watermark(6);
    assert.deepEqual(textOf(h.take()), ['EVENT 1777@6', '{"watermark":6}']);
  },
);

test('timers of many keys fire in slices, and all before the watermark', async () => {
  for (const outputCapacity of [1, Infinity]) {
    const h = await harness<{ key: number }, { key: number }>(
      (rows) =>
        rows.keyBy('key').process({
          emits: record({ key: t.int32 }),
          onRecord(_, ctx) {
            ctx.timers.eventTime(10);
          },
          onTimer(_, ctx) {
            ctx.emit(ctx.key);
          },
        }),
      { outputCapacity },
    );
    const keys = 20_000;
    for (let key = 0; key < keys; key++) h.push({ key }, 0);
    h.watermark(10);
    const elements = h.take();
    assert.deepEqual(elements.at(-1), { watermark: 10 });
    const got = elements.slice(0, -1).map((element) => {
      assert.ok('record' in element && element.timestamp === 10);
      return element.record.key;
    });
    assert.equal(new Set(got).size, keys);
    assert.equal(got.length, keys);
  }
});
