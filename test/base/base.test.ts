/** Small things below everything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { assert as insist, must, unreachable } from '../../src/base/assert.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { describeError, reviveError } from '../../src/base/error-transport.ts';
import {
  callFrame,
  EngineError,
  ERROR_ADVICE,
  ERROR_CODES,
  messageOf,
  UserFunctionError,
  userFrame,
} from '../../src/base/errors.ts';
import { ERROR_TEXT_MAX } from '../../src/base/limits.ts';
import { Random } from '../../src/base/random.ts';
import { cutTo, oneLine, padded, widthOf } from '../../src/base/text-width.ts';

test('errors cross threads with class, code, place, cause and stack', () => {
  const cause = new TypeError('inner');
  const place = { operator: 'map', subtask: 1, record: 42 };
  for (const error of [
    new EngineError('KEY_INVALID', 'outer', { cause, retryable: true }),
    new UserFunctionError(place, cause),
    new RangeError('plain', { cause }),
  ]) {
    const back = reviveError(structuredClone(describeError(error)));
    assert.equal(back.name, error.name);
    assert.equal(back.message, error.message);
    assert.equal(back.stack, error.stack);
    assert.equal((back.cause as Error).name, 'TypeError');
    assert.equal((back.cause as Error).message, 'inner');
    assert.equal(back instanceof EngineError, error instanceof EngineError);
    if (error instanceof EngineError) {
      assert.equal((back as EngineError).code, error.code);
      assert.equal((back as EngineError).retryable, error.retryable);
    }
    if (error instanceof UserFunctionError) {
      assert.deepEqual((back as UserFunctionError).place, place);
    }
  }
  assert.equal(reviveError(describeError('just text')).message, 'just text');
});

test('what cannot be read is told as far as it can', () => {
  const hostile: ProxyHandler<object> = {
    get() {
      throw new Error('inside');
    },
    getPrototypeOf() {
      throw new Error('inside');
    },
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const shows = { [inspect.custom]: () => assert.fail('inside') };
  const place = { operator: 'map', subtask: 1, record: 42 };
  for (const thrown of [new Proxy({}, hostile), revoked, shows]) {
    assert.match(messageOf(thrown), /^what was thrown cannot be read$/);
    assert.equal(userFrame(thrown), null);
    const error = new UserFunctionError(place, thrown);
    const back = reviveError(structuredClone(describeError(error)));
    assert.equal(
      back.message,
      "operator 'map' (subtask 1, record 42): what was thrown cannot be read",
    );
    assert.equal((back.cause as Error).message, 'what was thrown cannot be read');
  }
});

test('of a message that is huge there is its beginning, and the place', () => {
  const cause = new Error('x'.repeat(20_000_000));
  cause.stack = `${cause.message}\n    at theirs (/home/them/job.ts:3:4)`;
  const place = { operator: 'map', subtask: 1, record: 42 };
  const description = describeError(new UserFunctionError(place, cause));
  assert.match(description.message, /^operator 'map' \(subtask 1, record 42\): xxx/);
  assert.match(description.message, /xxx\n {4}at \/home\/them\/job\.ts:3:4$/);
  assert.ok(JSON.stringify(description).length < 4 * ERROR_TEXT_MAX + 1000);
});

test('texts take the cells of a terminal that they need', () => {
  const cells: readonly [string, number][] = [
    ['', 0],
    ['plain', 5],
    ['naïve … é', 9],
    ['e\u0301', 1],
    ['漢字', 4],
    ['한글', 4],
    ['ｗｉｄｅ', 8],
    ['█░→', 3],
    ['🙂', 2],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['\u200b', 0],
    ['5', 1],
  ];
  for (const [text, width] of cells) {
    assert.equal(widthOf(text), width, text);
    assert.equal(widthOf(padded(text, 12)), 12, text);
    assert.equal(cutTo(text, width), text);
  }
  assert.equal(cutTo('漢字漢字', 6), '漢字…');
  assert.equal(cutTo('漢字漢字', 5, ''), '漢字');
  assert.equal(cutTo('a👩‍👩‍👧b', 2, ''), 'a');
  assert.equal(oneLine('a\tb\nc\x1b[31m'), 'a\\u0009b\\nc\\u001b[31m');
});

test('each error code says what it means and what to do: a phrase of its own each', () => {
  assert.deepEqual(Object.keys(ERROR_ADVICE), Object.keys(ERROR_CODES));
  const phrases = [...Object.values(ERROR_CODES), ...Object.values(ERROR_ADVICE)];
  for (const phrase of phrases) assert.match(phrase, /^[a-z].{20,130}[^.\s]$/);
  assert.equal(new Set(phrases).size, phrases.length);
});

test('the frame of the user is the first outside the engine, node and generated code', () => {
  const error = new Error('x');
  const engine = new URL('../../src/operator/fused.ts', import.meta.url).pathname;
  error.stack = [
    'Error: x',
    '    at eval (millrace-generated:fused:7:53)',
    `    at run (${engine}:1:1)`,
    '    at node:internal/timers:2:2',
    '    at theirs (/home/them/job.ts:3:4)',
    '    at later (/home/them/other.ts:5:6)',
  ].join('\n');
  assert.equal(userFrame(error), '/home/them/job.ts:3:4');
  error.stack = 'Error: x\n    at theirs (/home/my work (copy)/job.ts:3:4)';
  assert.equal(userFrame(error), '/home/my work (copy)/job.ts:3:4');
  error.stack = 'Error: x\n    at eval (eval at theirs (/home/them/job.ts:3:4), <anonymous>:1:1)';
  assert.equal(userFrame(error), null);
  assert.equal(userFrame('no error'), null);
});

test('who waits for the job has not called the engine at the record that is wrong', () => {
  const error = new Error('wrong');
  error.stack = [
    'Error: wrong',
    '    at async main (file:///jobs/main.ts:9:3)',
    '    at collect (file:///jobs/rows.ts:4:7)',
  ].join('\n');
  assert.equal(userFrame(error), 'file:///jobs/main.ts:9:3');
  assert.equal(callFrame(error), 'file:///jobs/rows.ts:4:7');
});

test('a virtual clock stands still until it is moved, and never goes back', () => {
  const clock = new VirtualClock(5);
  assert.equal(clock.now(), 5);
  clock.advanceTo(9);
  assert.equal(clock.monotonic(), 9);
  assert.throws(() => clock.advanceTo(8), RangeError);
});

test('a seed gives the same sequence, each index one of its own', () => {
  const draw = (seed: number, index: number): number[] => {
    const random = new Random(0);
    random.reseed(seed, index);
    return Array.from({ length: 5 }, () => random.uint32());
  };
  assert.deepEqual(draw(1, 0), draw(1, 0));
  const sequences = [draw(1, 0), draw(1, 1), draw(2, 0), draw(1, 2 ** 40)];
  assert.equal(new Set(sequences.map(String)).size, sequences.length);
});

test('random numbers are spread evenly', () => {
  const random = new Random(3);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${counts}`);
  assert.ok(random.float() < 1);
  assert.equal(random.pick(['only']), 'only');
});

test('mistakes of the engine are assertions', () => {
  assert.throws(() => insist(false, 'never'), /assertion failed: never/);
  assert.throws(() => must(undefined, 'a thing'), /a thing/);
  assert.throws(() => unreachable('x' as never), /x/);
  assert.equal(must(0, 'zero is a value'), 0);
});
