/** Event time from fields of every kind and from functions, by every strategy, in every mode. */
import assert from 'node:assert/strict';
import type { Stream } from '../../src/api/stream.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { boundedOutOfOrderness, custom, monotonous } from '../../src/time/strategies.ts';
import { inEveryMode, sorted, WITHOUT_RESTARTS } from '../modes.ts';

const Reading = record({
  at: t.timestamp,
  n: t.int32,
  fraction: t.float64,
  day: t.date,
  big: t.int64,
  any: t.dynamic<number>(),
  isLast: t.boolean,
});
type Reading = RowOf<typeof Reading>;

/** A reading of a time, which is in all fields. */
const reading = (time: number, isLast = false): Reading => ({
  at: time,
  n: time,
  fraction: time,
  day: new Date(time),
  big: BigInt(time),
  any: time,
  isLast,
});

/** The greatest time that came, for custom watermarks. */
type Greatest = { time: number };

const strategies = {
  monotonous: monotonous(),
  bounded: boundedOutOfOrderness(20),
  boundedInWords: boundedOutOfOrderness('1 s'),
  promises: custom<Reading>({
    onRecord: (row, timestamp, { emit }) => {
      if (row.isLast) emit(timestamp);
    },
  }),
  periodic: custom<Reading, Greatest>({
    create: () => ({ time: -Infinity }),
    onRecord: (_, timestamp, { state }) => {
      state.time = Math.max(state.time, timestamp);
    },
    onPeriodic: ({ state, emit }) => emit(state.time - 7),
  }),
};

/** How it is read, the strategy, the event time of a reading, and the watermark by greatest and last promised time. */
const CASES: readonly [
  name: string,
  build: (readings: Stream<Reading>) => Stream<Reading>,
  timeOf: (time: number) => number,
  watermarkOf: (greatest: number, promised: number) => number,
][] = [
  ['a timestamp', (s) => s.eventTime('at', strategies.monotonous), (x) => x, (g) => g - 1],
  ['an int32', (s) => s.eventTime('n', strategies.monotonous), (x) => x, (g) => g - 1],
  ['a float64', (s) => s.eventTime('fraction', strategies.monotonous), (x) => x, (g) => g - 1],
  ['a date', (s) => s.eventTime('day', strategies.monotonous), (x) => x, (g) => g - 1],
  ['an int64', (s) => s.eventTime('big', strategies.monotonous), (x) => x, (g) => g - 1],
  ['a dynamic field', (s) => s.eventTime('any', strategies.monotonous), (x) => x, (g) => g - 1],
  [
    'a function that reads a timestamp',
    (s) => s.eventTime(({ at }) => at, strategies.monotonous),
    (x) => x,
    (g) => g - 1,
  ],
  [
    'a function that reads a float64',
    (s) => s.eventTime((row) => row.fraction, strategies.monotonous),
    (x) => x,
    (g) => g - 1,
  ],
  [
    'a function that reads a int32',
    (s) => s.eventTime(({ n: time }) => time, strategies.monotonous),
    (x) => x,
    (g) => g - 1,
  ],
  [
    'a function that reads a dynamic field',
    (s) => s.eventTime((row) => row.any, strategies.monotonous),
    (x) => x,
    (g) => g - 1,
  ],
  [
    'a function',
    (s) => s.eventTime(({ at }) => at * 2, strategies.monotonous),
    (x) => x * 2,
    (g) => 2 * g - 1,
  ],
  ['a bound', (s) => s.eventTime('at', strategies.bounded), (x) => x, (g) => g - 21],
  [
    'a bound in words',
    (s) => s.eventTime('at', strategies.boundedInWords),
    (x) => x,
    (g) => g - 1001,
  ],
  [
    'a bound on a function',
    (s) => s.eventTime(({ at }) => at - 5000, strategies.bounded),
    (x) => x - 5000,
    (g) => g - 5021,
  ],
  [
    'promises in records',
    (s) => s.eventTime('at', strategies.promises),
    (x) => x,
    (_, promised) => promised,
  ],
  [
    'promises from time to time',
    (s) => s.eventTime(({ day }) => day.getTime(), strategies.periodic),
    (x) => x,
    (g) => g - 7,
  ],
  [
    'a later event time instead of an earlier one',
    (s) => s.eventTime('n', strategies.bounded).eventTime(({ n }) => n + 1, strategies.monotonous),
    (x) => x + 1,
    (g) => g,
  ],
];

for (const [name, build, timeOf, watermarkOf] of CASES) {
  inEveryMode(
    `event time: ${name}`,
    Reading,
    (readings) => build(readings),
    async (h, { parallelism }) => {
      /** To each subtask alike, since the watermark is that of the one that has come least far. */
      const push = (time: number, isLast = false): object[] => {
        const row = reading(time, isLast);
        for (let subtask = 0; subtask < parallelism; subtask++) h.push(row, 5);
        return Array.from({ length: parallelism }, () => ({
          record: row,
          timestamp: timeOf(time),
        }));
      };
      const text = (elements: readonly object[]): string[] => sorted(elements.map(plain));
      h.processingTime(1);
      const first = [...push(3000), ...push(3030, true), ...push(2990)];
      h.processingTime(30);
      const firstMark = { watermark: watermarkOf(3030, 3030) };
      assert.deepEqual(text(h.take()), text([...first, firstMark]));
      h.watermark(9000);
      h.processingTime(60);
      assert.deepEqual(h.take(), [], 'watermarks from before are replaced');
      const second = push(3100, true);
      h.processingTime(90);
      const secondMark = { watermark: watermarkOf(3100, 3100) };
      assert.deepEqual(text(h.take()), text([...second, secondMark]));
      await h.end();
      assert.deepEqual(h.take(), [{ watermark: Infinity }, { end: true }]);
    },
    WITHOUT_RESTARTS,
  );
}

/** Without what JSON cannot say. */
function plain(element: object): object {
  if (!('record' in element)) return element;
  const { record: row, timestamp } = element as { record: Reading; timestamp: number };
  return { record: { ...row, big: Number(row.big), day: row.day.getTime() }, timestamp };
}

const IDLE = {
  'by a field': (s: Stream<Reading>) => s.eventTime('at', strategies.bounded.withIdleness('1 s')),
  'by promises': (s: Stream<Reading>) => s.eventTime('at', strategies.periodic.withIdleness('1 s')),
};

for (const [name, build] of Object.entries(IDLE)) {
  inEveryMode(
    `idleness and return: event time ${name}`,
    Reading,
    build,
    (h, { parallelism }) => {
      const push = (time: number): void => {
        for (let subtask = 0; subtask < parallelism; subtask++) h.push(reading(time));
      };
      const controls = (): object[] => h.take().filter((element) => !('record' in element));
      h.processingTime(1);
      push(100);
      h.processingTime(30);
      const lag = name === 'by a field' ? 21 : 7;
      assert.deepEqual(controls(), [{ watermark: 100 - lag }]);
      h.processingTime(1500);
      h.processingTime(2500);
      assert.deepEqual(controls(), [{ idle: true }]);
      push(300);
      h.processingTime(2530);
      assert.deepEqual(controls(), [{ active: true }, { watermark: 300 - lag }]);
    },
    WITHOUT_RESTARTS,
  );
}
