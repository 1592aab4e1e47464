/** Window and pane arithmetic: worked case 1, and a property against brute force. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  firstWindowEnd,
  lastEndAt,
  lastWindowEnd,
  PaneCuts,
  panesUpTo,
  startOf,
  type WindowSpec,
} from '../../src/operator/window/window.ts';

test('window starts, with offsets and before 1970', () => {
  const cases: [number, [number, number][]][] = [
    [
      0,
      [
        [-8, -14],
        [-7, -7],
        [-6, -7],
        [-1, -7],
        [1, 0],
        [6, 0],
        [7, 7],
        [8, 7],
      ],
    ],
    [
      3,
      [
        [-10, -11],
        [-9, -11],
        [-3, -4],
        [-1, -4],
        [1, -4],
        [2, -4],
        [3, 3],
        [9, 3],
        [10, 10],
      ],
    ],
    [
      -2,
      [
        [-12, -16],
        [-7, -9],
        [-4, -9],
        [-3, -9],
        [-2, -2],
        [2, -2],
        [4, -2],
        [7, 5],
        [12, 12],
      ],
    ],
  ];
  for (const [offset, pairs] of cases) {
    for (const [time, start] of pairs)
      assert.equal(startOf(time, 7, offset), start, `${time} by ${offset}`);
  }
  assert.equal(startOf(1470902048450, 86_400_000, -8 * 3_600_000), 1470844800000);
});

const minutes = (text: string): number => {
  const [h, m] = text.split(':').map(Number);
  return (h! * 60 + m!) * 60_000;
};

test('ten-minute windows of 00:00:04 by offset', () => {
  const cases: [number, string][] = [
    [-16, '23:54'],
    [-6, '23:54'],
    [4, '23:54'],
    [-4, '23:56'],
    [6, '23:56'],
    [16, '23:56'],
    [0, '00:00'],
  ];
  const day = 86_400_000;
  for (const [offset, start] of cases) {
    const expected = minutes(start) - (start.startsWith('23') ? day : 0);
    assert.equal(startOf(4000, 600_000, offset * 60_000), expected, `offset ${offset}`);
  }
});

const windows = fc
  .record({
    sizeMs: fc.integer({ min: 1, max: 30 }),
    slideMs: fc.integer({ min: 1, max: 30 }),
    offsetMs: fc.integer({ min: -40, max: 40 }),
  })
  .map((shape): WindowSpec => ({ kind: 'sliding', time: 'event', ...shape }));

/** Ends of all windows near `time`, by counting. */
function allEnds({ sizeMs, slideMs, offsetMs }: WindowSpec, time: number): number[] {
  const first = Math.floor((time - 200) / slideMs);
  return Array.from(
    { length: Math.ceil(400 / slideMs) },
    (_, n) => (first + n) * slideMs + offsetMs + sizeMs,
  );
}

test('panes tile windows: first and last window of a pane, against brute force', () => {
  fc.assert(
    fc.property(windows, fc.integer({ min: -100, max: 100 }), (window, time) => {
      const cuts = PaneCuts.of(window);
      const start = cuts.startOf(time);
      const paneEnd = cuts.endOf(start);
      assert.ok(start <= time && time < paneEnd);
      const holding = allEnds(window, time).filter(
        (end) => end - window.sizeMs <= time && time < end,
      );
      for (const end of holding) assert.ok(end - window.sizeMs <= start && paneEnd <= end);
      if (holding.length > 0) {
        assert.equal(lastWindowEnd(window, start), holding.at(-1));
        assert.equal(firstWindowEnd(window, paneEnd), holding[0]);
      } else {
        assert.ok(lastWindowEnd(window, start) <= start);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a slide has one pane, or two where windows end within it', () => {
  fc.assert(
    fc.property(windows, (window) => {
      const cuts = PaneCuts.of(window);
      const { sizeMs, slideMs, offsetMs } = window;
      const times = Array.from({ length: slideMs }, (_, ms) => offsetMs + 5 * slideMs + ms);
      const starts = new Set(times.map((time) => cuts.startOf(time)));
      assert.equal(starts.size, sizeMs % slideMs === 0 ? 1 : 2);
    }),
  );
});

test('panes by rising start that begin at or before a time', () => {
  const panes = [-3, 0, 4, 9].map((start) => ({ start }));
  const found = [-4, -3, -1, 0, 8, 9, 10].map((time) => panesUpTo(panes, time));
  assert.deepEqual(found, [0, 1, 1, 2, 3, 4, 4]);
  assert.equal(panesUpTo([], 1), 0);
});

test('the last window that a watermark fires', () => {
  fc.assert(
    fc.property(windows, fc.integer({ min: -100, max: 100 }), (window, watermark) => {
      const due = allEnds(window, watermark).filter((end) => end - 1 <= watermark);
      assert.equal(lastEndAt(window, watermark), due.at(-1));
    }),
    { numRuns: 1000 },
  );
});
