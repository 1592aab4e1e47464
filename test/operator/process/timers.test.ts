/** Timers of process functions, in every mode: case 6 of the semantics, and what it does not say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type, value } from '../../../src/api/state.ts';
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
