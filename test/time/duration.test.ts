/** Durations as users write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Duration, durationMs } from '../../src/time/duration.ts';

for (const [duration, ms] of [
  [0, 0],
  [1.5, 1.5],
  ['5 ms', 5],
  ['5s', 5000],
  ['1.5 min', 90_000],
  ['2h', 7_200_000],
  ['7 d', 604_800_000],
] as const) {
  test(`${duration} is ${ms} ms`, () => assert.equal(durationMs(duration, 'gap'), ms));
}

for (const duration of [
  -1,
  Number.NaN,
  Infinity,
  '',
  '5',
  '-5 s',
  '5 parsecs',
  '5 S',
  ' 5 s',
  '1e3 s',
]) {
  test(`${JSON.stringify(duration)} is refused`, () => {
    assert.throws(() => durationMs(duration as Duration, 'the gap'), {
      code: 'JOB_DEFINITION',
      message: /^the gap must be milliseconds or a text such as '5 min'/,
    });
  });
}

test('fractions that are whole milliseconds are', () => {
  const units = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  for (const [unit, unitMs] of Object.entries(units)) {
    for (let n = 1; n < 3000; n++) {
      for (const [digits, parts] of [
        [1, 10],
        [2, 100],
        [3, 1000],
      ] as const) {
        const text = `${Math.floor(n / parts)}.${`${n % parts}`.padStart(digits, '0')} ${unit}`;
        const ms = durationMs(text as Duration, 'gap');
        const isWhole = (BigInt(n) * BigInt(unitMs)) % BigInt(parts) === 0n;
        assert.equal(Number.isInteger(ms), isWhole, text);
        if (isWhole) assert.equal(ms, Number((BigInt(n) * BigInt(unitMs)) / BigInt(parts)), text);
      }
    }
  }
});
