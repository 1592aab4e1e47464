/** Watermarks of several inputs: worked case 5, and a property against a slow model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WatermarkMerger } from '../../src/time/watermark-merger.ts';

/** `0:12` watermark 12 on input 0; `0i` idle, `0a` active, `0e` end. Answers what was emitted, in order. */
function feed(merger: WatermarkMerger, events: string): string[] {
  const emitted: string[] = [];
  for (const event of events.split(', ')) {
    const [, input, what] = /^(\d)(:-?\d+|i|a|e)$/.exec(event)!;
    const number = Number(input);
    if (what === 'i') merger.onIdle(number);
    else if (what === 'a') merger.onActive(number);
    else if (what === 'e') merger.onEnd(number);
    else merger.onWatermark(number, Number(what!.slice(1)));
    const watermark = merger.takeWatermark();
    if (watermark !== null) emitted.push(`W${watermark}`);
    const isIdle = merger.takeStatus();
    if (isIdle !== null) emitted.push(isIdle ? 'IDLE' : 'ACTIVE');
  }
  return emitted;
}

/** Channels, then pairs of events and what they emit. */
const CASES: readonly [number, readonly [string, string][]][] = [
  [
    3,
    [
      ['0:0, 1:0', ''],
      ['2:0', 'W0'],
      ['0:12, 2:8', ''],
      ['2:10', ''],
      ['1:15', 'W10'],
      ['2:17', 'W12'],
      ['0:20', 'W15'],
    ],
  ],
  [
    3,
    [
      ['0:25, 1:10, 2:17', 'W10'],
      ['0:12, 1:8, 2:15', ''],
    ],
  ],
  [
    3,
    [
      ['0:15, 1:10, 2i', 'W10'],
      ['1:18', 'W15'],
      ['0:20', 'W18'],
    ],
  ],
  [
    3,
    [
      ['0:25, 1:10, 2:17', 'W10'],
      ['1i', 'W17'],
      ['2i', 'W25'],
    ],
  ],
  [
    3,
    [
      ['0:10, 1:5, 2:3', 'W3'],
      ['0i, 1i', ''],
      ['2i', 'W10 IDLE'],
    ],
  ],
  [
    3,
    [
      ['0:10, 1:7, 2:3', 'W3'],
      ['2i', 'W7'],
      ['2a, 2:5', ''],
      ['2:9', ''],
      ['1:12', 'W9'],
    ],
  ],
  [
    3,
    [
      ['0:10, 1:7, 2i', 'W7'],
      ['2a', ''],
      ['0i, 1i', ''],
    ],
  ],
  [
    1,
    [
      ['0:25', 'W25'],
      ['0i', 'IDLE'],
      ['0:50', ''],
      ['0a', 'ACTIVE'],
      ['0:50', 'W50'],
    ],
  ],
  [
    2,
    [
      ['1i', ''],
      ['0i', 'IDLE'],
      ['1a', 'ACTIVE'],
      ['0a', ''],
    ],
  ],
  [
    2,
    [
      ['0e', ''],
      ['1:5', 'W5'],
      ['1e', 'WInfinity'],
    ],
  ],
  [
    2,
    [
      ['0i, 0e', ''],
      ['1:5', 'W5'],
    ],
  ],
];

for (const [channels, steps] of CASES) {
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
