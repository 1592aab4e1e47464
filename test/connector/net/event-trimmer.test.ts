/** Events that are too long lose data, and nothing else does, wherever the text is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Random } from '../../../src/base/random.ts';
import { EventTrimmer } from '../../../src/connector/net/sse/event-trimmer.ts';

const MAX = 12;

/** What the parser of all text makes of it. */
function eventsIn(pieces: readonly string[]): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  for (const piece of pieces) parser.feed(piece);
  return events;
}

const NAMES = ['data', 'data:', 'data: ', 'dat: ', 'data : ', 'id: ', 'event: ', ': ', 'retry: '];

function randomStream(random: Random): string {
  const lines = Array.from({ length: random.below(60) }, () => {
    if (random.below(4) === 0) return '';
    const length = random.below(random.pick([3, MAX + 2, 4 * MAX]));
    const value = Array.from({ length }, () => random.pick(['a', 'é', '🎲', ' ', ':'])).join('');
    return random.pick(NAMES) + value;
  });
  return lines.map((line) => line + random.pick(['\n', '\n', '\r\n', '\r'])).join('');
}

function piecesOf(text: string, random: Random): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + 1 + random.below(random.pick([1, 8, 200]));
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

test('events are those of the whole text, with one unit of data more than the most where they are too long', () => {
  let tooLong = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    // The end of a last line is not known before something follows.
    const text = `${randomStream(random)}: end\n`;
    const trimmer = new EventTrimmer(MAX);
    const trimmed = piecesOf(text, random).map((piece) => trimmer.trim(piece));
    const expected = eventsIn([text]).map((event) => {
      if (event.data.length > MAX) tooLong++;
      return { ...event, data: event.data.slice(0, MAX + 1) };
    });
    assert.deepEqual(eventsIn(trimmed), expected, `seed ${seed}`);
  }
  assert.ok(tooLong > 1000);
});

test('of data without an end little is kept, and an id behind it is', () => {
  for (const [piece, keptMax] of [
    ['y'.repeat(100), 0],
    ['\ndata: x', 2],
    ['\ndata', 2],
    ['\r\ndata:', 3],
  ] as const) {
    const trimmer = new EventTrimmer(MAX);
    const begun = trimmer.trim('id: 1\ndata: 0');
    const count = 10_000;
    const kept = Array.from({ length: count }, () => trimmer.trim(piece));
    assert.ok(kept.join('').length <= count * keptMax + 100, piece);
    const [first, second] = eventsIn([begun, ...kept, trimmer.trim('\nid: 2\n\ndata: z\n\n')]);
    assert.deepEqual([first!.id, first!.data.length], ['2', MAX + 1]);
    assert.equal(second!.data, 'z');
  }
});

test('an id that is too long for anybody is none', () => {
  for (const size of [1, 1000, 64 * 1024, 1_000_000]) {
    const trimmer = new EventTrimmer(MAX);
    const text = `id: ${'9'.repeat(200_000)}\ndata: a\n\nid: 5\ndata: b\n\n`;
    const pieces: string[] = [];
    for (let at = 0; at < text.length; at += size) {
      pieces.push(trimmer.trim(text.slice(at, at + size)));
    }
    assert.ok(pieces.join('').length < 66_000);
    assert.deepEqual(
      eventsIn(pieces).map(({ id, data }) => [id, data]),
      [
        [undefined, 'a'],
        ['5', 'b'],
      ],
    );
  }
});

test('the mark of the order of bytes in front of all text is no part of the first line', () => {
  const trimmer = new EventTrimmer(MAX);
  const pieces = ['\uFEFFdata: a\n\n', '\uFEFFdata: b\n\n', 'data: c\n\n'];
  assert.deepEqual(
    eventsIn(pieces.map((piece) => trimmer.trim(piece))).map(({ data }) => data),
    ['a', 'c'],
  );
});

test('an event whose blank line ends in a carriage return is whole when the text has ended', () => {
  for (const [text, expected] of [
    ['data: a\r\r', ['a']],
    ['data: a\n\r', ['a']],
    ['data: a\r', []],
    ['data: a', []],
    ['data: a\n\n', ['a']],
  ] as const) {
    const trimmer = new EventTrimmer(MAX);
    const events = eventsIn([trimmer.trim(text), trimmer.end()]);
    assert.deepEqual(
      events.map(({ data }) => data),
      expected,
    );
  }
});
