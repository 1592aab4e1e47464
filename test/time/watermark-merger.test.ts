/** Watermarks of several inputs: worked case 5, and a property against a slow model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WatermarkMerger } from '../../src/time/watermark-merger.ts';
import { SlowWatermarkMerger } from './slow-watermark-merger.ts';
import { parseEvents, WATERMARK_CASES } from './watermark-cases.ts';

/** What was emitted, in order. */
function feed(merger: WatermarkMerger, events: string): string[] {
  const emitted: string[] = [];
  for (const { input, what } of parseEvents(events)) {
    if (what === 'idle') merger.onIdle(input);
    else if (what === 'active') merger.onActive(input);
    else if (what === 'end') merger.onEnd(input);
    else merger.onWatermark(input, what);
    const watermark = merger.takeWatermark();
    if (watermark !== null) emitted.push(`W${watermark}`);
    const isIdle = merger.takeStatus();
    if (isIdle !== null) emitted.push(isIdle ? 'IDLE' : 'ACTIVE');
  }
  return emitted;
}

for (const [channels, steps] of WATERMARK_CASES) {
  test(`${channels} inputs: ${steps.map(([events]) => events).join('; ')}`, () => {
    const merger = new WatermarkMerger(channels);
    for (const [events, expected] of steps) {
      assert.deepEqual(feed(merger, events), expected === '' ? [] : expected.split(' '), events);
    }
  });
}

test('the result never falls, and is never ahead of an active input that has caught up', () => {
  const event = fc.record({
    input: fc.nat(3),
    what: fc.oneof(fc.nat(40), fc.constantFrom('idle' as const, 'active' as const)),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const merger = new WatermarkMerger(4);
      const inputs = Array.from({ length: 4 }, () => ({
        watermark: -Infinity,
        isIdle: false,
        isAligned: true,
      }));
      let emitted = -Infinity;
      for (const { input, what } of events) {
        const model = inputs[input]!;
        if (what === 'idle') {
          merger.onIdle(input);
          if (!model.isIdle) Object.assign(model, { isIdle: true, isAligned: false });
        } else if (what === 'active') {
          merger.onActive(input);
          if (model.isIdle)
            Object.assign(model, { isIdle: false, isAligned: model.watermark >= emitted });
        } else {
          merger.onWatermark(input, what);
          if (!model.isIdle && what > model.watermark) {
            model.watermark = what;
            if (what >= emitted) model.isAligned = true;
          }
        }
        const watermark = merger.takeWatermark();
        if (watermark === null) continue;
        assert.ok(watermark > emitted);
        emitted = watermark;
        for (const each of inputs) if (each.isAligned) assert.ok(each.watermark >= emitted);
      }
    }),
    { numRuns: 1000 },
  );
});

test('inputs come and go: a new one holds the watermark back, one that is gone does not', () => {
  const merger = new WatermarkMerger(0);
  const first = merger.addInput();
  merger.onWatermark(first, 10);
  assert.equal(merger.takeWatermark(), 10);
  const second = merger.addInput();
  merger.onWatermark(first, 20);
  assert.equal(merger.takeWatermark(), null);
  merger.removeInput(second);
  assert.equal(merger.takeWatermark(), 20);
  assert.equal(merger.addInput(), second);
});

test('when an input is gone and all others are idle, what all had reached counts', () => {
  const merger = new WatermarkMerger(2);
  merger.onWatermark(0, 10);
  merger.onWatermark(1, 5);
  merger.onIdle(1);
  assert.equal(merger.takeWatermark(), 10);
  assert.equal(merger.takeStatus(), null);
  merger.removeInput(0);
  assert.equal(merger.takeStatus(), true);
  merger.onActive(1);
  merger.onWatermark(1, 12);
  assert.equal(merger.takeWatermark(), 12);
  assert.equal(merger.takeStatus(), false);
  merger.removeInput(1);
  assert.equal(merger.takeWatermark(), null);
  assert.equal(merger.takeStatus(), null);
});

test('inputs that come, go, pause and end give what a look at all of them gives', () => {
  const what = ['idle', 'active', 'end', 'add', 'remove'] as const;
  const event = fc.record({
    pick: fc.nat(20),
    what: fc.oneof({ weight: 3, arbitrary: fc.nat(30) }, fc.constantFrom(...what)),
  });
  fc.assert(
    fc.property(fc.nat(9), fc.array(event, { maxLength: 80 }), (count, events) => {
      const merger = new WatermarkMerger(count);
      const slow = new SlowWatermarkMerger(count);
      /** Number of each input in both: a number that is free again may be another one. */
      const live = Array.from({ length: count }, (_, n) => [n, n] as const);
      for (const { pick, what: event } of events) {
        if (event === 'add') live.push([merger.addInput(), slow.addInput()]);
        const at = pick % Math.max(1, live.length);
        const input = live[at];
        if (input === undefined || event === 'add') continue;
        const [number, other] = input;
        tell(merger, number, event);
        tell(slow, other, event);
        if (event === 'remove') live.splice(at, 1);
        assert.equal(merger.takeWatermark(), slow.takeWatermark());
        assert.equal(merger.takeStatus(), slow.takeStatus());
      }
    }),
    { numRuns: 3000 },
  );
});

test('the slowest is the input that another is ahead of; there is none where all are as far', () => {
  const merger = new WatermarkMerger(2);
  assert.equal(merger.slowest, -1);
  merger.onWatermark(0, 5);
  assert.equal(merger.slowest, 1);
  merger.onWatermark(1, 5);
  assert.equal(merger.slowest, -1);
  merger.onWatermark(1, 9);
  assert.equal(merger.slowest, 0);
});

function tell(
  merger: WatermarkMerger | SlowWatermarkMerger,
  input: number,
  event: number | 'idle' | 'active' | 'end' | 'remove',
): void {
  if (event === 'idle') merger.onIdle(input);
  else if (event === 'active') merger.onActive(input);
  else if (event === 'end') merger.onEnd(input);
  else if (event === 'remove') merger.removeInput(input);
  else merger.onWatermark(input, event);
}

test('very many inputs: a watermark, one that comes and one that goes do not look at all of them', () => {
  const before = process.cpuUsage().user;
  const merger = new WatermarkMerger(20_000);
  for (let watermark = 0; watermark < 10; watermark++) {
    for (let input = 0; input < 20_000; input++) merger.onWatermark(input, watermark);
    assert.equal(merger.takeWatermark(), watermark);
  }
  for (let input = 0; input < 20_000; input++) merger.removeInput(input);
  assert.equal(merger.takeWatermark(), null);
  // A look at all of them for each takes two minutes.
  assert.ok(process.cpuUsage().user - before < 2e6);
});
