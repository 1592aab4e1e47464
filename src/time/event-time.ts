/** Which times records may have, and what is said of those that they may not have. */
import { EngineError } from '../base/errors.ts';
import { EVENT_TIME_MAX } from '../base/limits.ts';

/** False for NaN too, which is the time of a record that has none. */
export function isEventTime(time: number): boolean {
  return Math.abs(time) <= EVENT_TIME_MAX;
}

/** For a record that comes to where event times are needed. */
export function unusableTime(time: number): EngineError {
  const message = Number.isNaN(time)
    ? 'the record has no event time, which windows and joins of event time need'
    : `the event time of the record is ${time}; ${LIMITS}`;
  return new EngineError('TIMESTAMP_INVALID', message);
}

/** For one that is given its event time. */
export function unusableTimeOfRow(time: number, row: number): EngineError {
  const reason = Number.isNaN(time) ? '' : `; ${LIMITS}`;
  return new EngineError(
    'TIMESTAMP_INVALID',
    `the event time of row ${row} of a batch is ${time}${reason}`,
  );
}

const LIMITS =
  'event times are milliseconds since 1970 within those of a Date (8.64e15): divide microseconds by 1e3, nanoseconds by 1e6';
