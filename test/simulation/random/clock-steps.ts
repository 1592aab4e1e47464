/** Steps that go by the clock, such that what comes out does not. */
import { type DrawStep, JOINED_MAX, settings, untyped } from './drawing.ts';
import { drawKey, isNullable, named } from './shape.ts';

const TTLS = [
  "'1 ms'",
  "'250 ms'",
  "'20 s'",
  "{ duration: '300 ms', refresh: 'onReadAndWrite' }",
  "{ duration: '250 ms', visibility: 'untilCleaned' }",
];

/** State that expires; the rows go on as they are. */
export const expired: DrawStep = ({ random }, { name, shape }) => {
  const key = drawKey(random, shape);
  const [of] = named(shape, 'number').filter((field) => !isNullable(shape, field));
  if (key === null || of === undefined || shape.size > JOINED_MAX) return null;
  return {
    code:
      `${name}.${key.code}.process({ emits: type(), state: expiring(${random.pick(TTLS)}), ` +
      `onRecord(row, { state, emit }) { addExpiring(state, row.${of}); emit(row); } })`,
    shape: { ...untyped(shape, shape.fields), order: 'none' },
    canBeLeftOut: true,
    settings: settings(random),
  };
};

/** Timers by the clock, each of which fires once at most: those that are left at the end are dropped. */
export const clockTimers: DrawStep = ({ random }, { name, shape }) => {
  const key = drawKey(random, shape);
  if (key === null) return null;
  const later = random.pick([0, 1, 200, 5000]);
  return {
    code:
      `${name}.${key.code}.process({ emits: type(), state: { due: map(t.timestamp, t.int32) }, ` +
      `onRecord(row, { processingTime, state, timers, emit }) { const at = processingTime + ${later}; ` +
      'state.due.set(at, 1); timers.processingTime(at); ' +
      'timers.processingTime(at + 1); timers.deleteProcessingTime(at + 1); ' +
      'state.due.delete(at + 1); emit(row); }, ' +
      'onTimer(time, { state }) { takeDue(state.due, time); } })',
    shape: { ...untyped(shape, shape.fields), order: 'none' },
    canBeLeftOut: true,
    settings: settings(random),
  };
};

const CLOCK_WINDOWS = [
  "tumbling(20, { time: 'processing' })",
  "tumbling('3 s', { time: 'processing', stagger: 'random' })",
  "tumbling('3 s', { time: 'processing', stagger: 'natural' })",
  "sliding(400, 200, { time: 'processing' })",
  "session(10, { time: 'processing' })",
  "session('2 s', { time: 'processing' })",
];

/** Windows by the clock, which give each record at once: which window it is in is left to the clock, that it is in one is not. */
export const clockWindow: DrawStep = ({ random, id }, { name, shape }) => {
  const key = drawKey(random, shape);
  if (key === null || 'windowStart' in key.fields || 'windowEnd' in key.fields) return null;
  const names = Object.keys(key.fields).map((field) => `'${field}'`);
  const rows = `c${id}`;
  return {
    code:
      `${name}.${key.code}.window(${random.pick(CLOCK_WINDOWS)}).trigger(purging(countTrigger(1)))` +
      `.aggregate(({ count }) => ({ ${rows}: count() })).keyBy(${names.join(', ')}).fullPartition()` +
      `.aggregate(({ sum }) => ({ ${rows}: sum('${rows}') }))`,
    shape: {
      ...shape,
      fields: { ...key.fields, [rows]: { kind: 'number' } },
      isTyped: false,
      isTimed: false,
      order: 'none',
    },
    settings: settings(random),
  };
};
