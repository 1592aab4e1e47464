/**
 * The bytes of a queue. Words are Int32; the words that one side writes are 128 bytes away from the other's, so
 * that neither side's stores slow down the other (two cache lines: processors fetch lines in pairs).
 *
 *      0  TAIL            where the producer has published to        written by the producer
 *      4  PRODUCER_STATE  OPEN, CLOSED or FAILED
 *    128  HEAD            where the consumer has released to         written by the consumer
 *    132  CONSUMER_STATE
 *    136  LIMIT           bytes that the consumer wants to wait at most; 0 for as many as there is room for
 *    256  PRODUCER_SIGNAL the queue's own signals, for queues that were given none
 *    384  CONSUMER_SIGNAL
 *    512  ERROR_BYTES     length of the error text, and its UTF-8 bytes
 *   1024  frames          capacity bytes, a multiple of 8
 *
 *   frame   0  int32  payload length      PADDING_TAG: the rest of the ring up to its end is not used
 *           4  int32  tag
 *           8  payload, filled up to a multiple of 8
 *
 * Cursors count bytes from 0 to 2 * capacity - 1 and start again: equal means empty, capacity apart means full, and
 * nothing ever overflows. The place of a cursor in the ring is the cursor, less the capacity in its second lap.
 */

export const TAIL_WORD = 0;
export const PRODUCER_STATE_WORD = 1;
export const HEAD_WORD = 32;
export const CONSUMER_STATE_WORD = 33;
export const LIMIT_WORD = 34;
export const PRODUCER_SIGNAL_WORD = 64;
export const CONSUMER_SIGNAL_WORD = 96;
export const ERROR_LENGTH_WORD = 128;
export const ERROR_TEXT_OFFSET = 516;
export const ERROR_TEXT_BYTES = 508;
export const FRAMES_OFFSET = 1024;

export const OPEN = 0;
export const CLOSED = 1;
export const FAILED = 2;

export const FRAME_HEAD_BYTES = 8;
export const PADDING_TAG = -2147483648;

export const CAPACITY_MIN = 64;
export const CAPACITY_MAX = 2 ** 29;

/** The next multiple of 8. */
export function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}
