/** Watermarks by functions of the user: in the records, and from time to time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harness } from '../../src/testing/harness.ts';
import { custom } from '../../src/time/strategies.ts';

type Row = { at: number; isLast?: boolean };

test('a promise in a record goes out behind its batch, and never falls', async () => {
  const h = await harness<Row>(
    (stream) =>
      stream.eventTime(
        'at',
        custom<Row>({
          onRecord: (row, timestamp, context) => {
            if (row.isLast) context.emit(timestamp);
          },
        }),
      ),
    { batchSize: 2 },
  );
  h.push({ at: 5 });
  h.push({ at: 9, isLast: true });
  h.processingTime(20);
  h.push({ at: 3, isLast: true });
  h.push({ at: 4 });
  h.processingTime(40);
  assert.deepEqual(
    h.take().map((e) => ('record' in e ? e.timestamp : e)),
    [5, 9, { watermark: 9 }, 3, 4],
  );
});

test('state is made for each stream, and a periodic promise is asked for before watermarks go out', async () => {
  let made = 0;
  const strategy = custom<Row, { greatest: number }>({
    create: () => {
      made++;
      return { greatest: -Infinity };
    },
    onRecord: (_, timestamp, { state }) => {
      state.greatest = Math.max(state.greatest, timestamp);
    },
    onPeriodic: ({ state, emit }) => emit(state.greatest - 100),
  });
  const h = await harness<Row>((stream) => stream.eventTime((row) => row.at, strategy));
  h.push({ at: 500 });
  h.processingTime(50);
  h.push({ at: 400 });
  h.processingTime(100);
  await h.end();
  assert.deepEqual(
    h.take().filter((e) => 'watermark' in e),
    [{ watermark: 400 }, { watermark: Infinity }],
  );
  assert.equal(made, 1);
});

test('idleness works with them', async () => {
  const h = await harness<Row>((stream) =>
    stream.eventTime('at', custom<Row>({}).withIdleness('1 s')),
  );
  h.push({ at: 1 });
  h.processingTime(10);
  h.processingTime(2000);
  h.push({ at: 2 });
  assert.deepEqual(
    h.take().filter((e) => 'idle' in e || 'active' in e),
    [{ idle: true }, { active: true }],
  );
});

test('what they throw names the operator and the record', async () => {
  const h = await harness<Row>((stream) =>
    stream
      .eventTime(
        'at',
        custom<Row>({
          onRecord(row) {
            if (row.at === 3) throw new Error('three');
          },
        }),
      )
      .name('timing'),
  );
  for (const at of [1, 2, 3, 4]) h.push({ at });
  assert.throws(() => h.take(), {
    code: 'USER_FUNCTION',
    message: /operator 'timing' \(subtask 0, record 2\): three/,
  });
});

test('while the stream is idle it makes no promise; those of that time go out when it is back', async () => {
  const greatest = { promise: 5 };
  const h = await harness<Row>((stream) =>
    stream.eventTime(
      'at',
      custom<Row>({ onPeriodic: ({ emit }) => emit(greatest.promise) }).withIdleness('1 s'),
    ),
  );
  h.push({ at: 10 });
  h.processingTime(2000);
  assert.deepEqual(h.take(), [
    { watermark: 5 },
    { record: { at: 10 }, timestamp: 10 },
    { idle: true },
  ]);
  greatest.promise = 8;
  h.processingTime(3000);
  assert.deepEqual(h.take(), []);
  h.push({ at: 11 });
  h.processingTime(3010);
  assert.deepEqual(h.take(), [
    { active: true },
    { record: { at: 11 }, timestamp: 11 },
    { watermark: 8 },
  ]);
});
