/** Lines of bytes that come in pieces: the same ones wherever the bytes are cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../src/base/random.ts';
import { ByteLines } from '../../../src/connector/net/byte-lines.ts';

const MAX = 40;

type Found = {
  readonly text: string;
  readonly line: number;
  readonly byte: number;
  readonly isCut: boolean;
};

function take(lines: ByteLines): Found[] {
  const found: Found[] = [];
  while (lines.next()) {
    const { buffer, start, end, line, byte, isCut } = lines;
    found.push({ text: buffer.toString('utf8', start, end), line, byte, isCut });
  }
  return found;
}

/** What a slow reader makes of all bytes at once; of a line that is too long, that it is one. */
function expected(bytes: Buffer): Found[] {
  const found: Found[] = [];
  let at = 0;
  while (at < bytes.length) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline;
    const isCut = end - at > MAX;
    const text = bytes.toString('utf8', at, end);
    found.push({
      text: isCut ? '' : text.replace(/\r$/, ''),
      line: found.length + 1,
      byte: at,
      isCut,
    });
    at = end + 1;
  }
  return found;
}

function randomBytes(random: Random): Buffer {
  const parts = Array.from({ length: random.below(30) }, () => {
    const length = random.below(10) === 0 ? random.below(4 * MAX) : random.below(MAX);
    const text = Array.from({ length }, () =>
      random.pick(['a', 'é', '漢', '🎲', '\r', ' ', '']),
    ).join('');
    return Buffer.concat([
      Buffer.from(text),
      Buffer.from([random.below(256)]).subarray(random.below(2)),
    ]);
  });
  const text = Buffer.concat(
    parts.flatMap((part) => [part, Buffer.from(random.pick(['\n', '\r\n']))]),
  );
  return random.below(2) === 0
    ? text
    : text.subarray(0, Math.max(0, text.length - 1 - random.below(5)));
}

test('bytes cut at any places give the same lines', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const bytes = randomBytes(random);
    const lines = new ByteLines('peer', MAX);
    const found: Found[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + random.below(random.pick([2, 10, 100])));
      lines.push(bytes.subarray(at, end));
      at = end;
      if (random.below(3) > 0) found.push(...take(lines));
    }
    found.push(...take(lines));
    lines.finish();
    found.push(...take(lines));
    const shown = found.map((one) => (one.isCut ? { ...one, text: '' } : one));
    assert.deepEqual(shown, expected(bytes), `seed ${seed}`);
  }
});

test('a line that was cut off is told once, and the next connection begins at line 1', () => {
  const lines = new ByteLines('peer', MAX);
  lines.push(Buffer.from('one\ntw'));
  assert.equal(take(lines).length, 1);
  const torn = lines.restart();
  assert.deepEqual([torn?.place, torn?.byte, torn?.text], ['peer line 2', 4, 'tw']);
  assert.equal(lines.restart(), null);
  lines.push(Buffer.from('three\n'));
  assert.deepEqual(take(lines), [{ text: 'three', line: 1, byte: 0, isCut: false }]);
});

test('a byte order mark is skipped in front of the first line of a connection, however it is cut', () => {
  const mark = Buffer.from('\ufeff');
  const bytes = Buffer.concat([mark, Buffer.from('a\n'), mark, Buffer.from('b\n')]);
  const lines = new ByteLines('peer', MAX);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const found: Found[] = [];
    for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      lines.push(part);
      found.push(...take(lines));
    }
    assert.deepEqual(
      found.map(({ text, byte }) => [text, byte]),
      [
        ['a', 3],
        ['\ufeffb', 5],
      ],
      `cut at ${cut}`,
    );
    assert.equal(lines.restart(), null);
  }
  assert.deepEqual(take(ByteLines.of('body', mark)), []);
  const half = ByteLines.of('body', mark.subarray(0, 2));
  assert.equal(take(half).length, 1);
  assert.deepEqual(
    take(ByteLines.of('body', bytes)).map(({ text }) => text),
    ['a', '\ufeffb'],
  );
});

test('the rest of a line that was too long is no line of the next connection', () => {
  const lines = new ByteLines('peer', MAX);
  lines.push(Buffer.alloc(MAX + 1, 'x'));
  assert.deepEqual(
    take(lines).map(({ isCut }) => isCut),
    [true],
  );
  lines.push(Buffer.from('more'));
  assert.equal(lines.restart(), null);
  lines.push(Buffer.from('next\n'));
  assert.deepEqual(
    take(lines).map(({ text }) => text),
    ['next'],
  );
});

test('memory stays that of what waits', () => {
  const lines = new ByteLines('peer', MAX);
  const piece = Buffer.from('0123456789\n'.repeat(100));
  let most = 0;
  for (let n = 0; n < 1000; n++) {
    lines.push(piece);
    take(lines);
    most = Math.max(most, lines.buffer.length);
  }
  assert.ok(most <= 16 * 1024, `${most} bytes`);
  assert.equal(lines.isFull, false);
  for (let n = 0; n < 1000; n++) lines.push(piece);
  assert.equal(lines.isFull, true);
});
