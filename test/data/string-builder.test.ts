/** Texts that are taken out of others, against the texts themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { StringBuilder } from '../../src/data/string-builder.ts';

/** Of every length that is copied in another way: none, part of a word, words, and more than a loop is for. */
const textOf = (random: Random): string => {
  const length = random.pick([0, 1, 3, 4, 5, 31, 47, 100, 128, 129, 500]);
  return Array.from({ length }, () => String.fromCharCode(random.below(256))).join('');
};

test('any selection of narrow texts, in runs and apart, in rising order or not', () => {
  const random = new Random(11);
  for (let round = 0; round < 200; round++) {
    const texts = Array.from({ length: 40 }, () => textOf(random));
    const source = new StringBuilder(40);
    for (const text of texts) source.append(text);
    const column = source.seal();
    const selected = texts
      .map((_, n) => n)
      .filter(() => random.below(3) > 0)
      .concat(Array.from({ length: 10 }, () => random.below(40)));
    const builder = new StringBuilder(60);
    // What a builder has gathered before does not show.
    for (let batch = 0; batch < 2; batch++) {
      builder.reset();
      const from = random.below(selected.length);
      builder.append('first');
      builder.appendSelected(column, Int32Array.from(selected), from, selected.length);
      const expected = ['first', ...selected.slice(from).map((n) => texts[n]!)];
      assert.deepEqual([...builder.seal().entries.all()].slice(0, expected.length), expected);
    }
  }
});

/** One that has had a batch of these texts. */
function afterTexts(...texts: readonly string[]): StringBuilder {
  const builder = new StringBuilder(6);
  for (const text of texts) builder.append(text);
  builder.seal();
  builder.reset();
  return builder;
}

test('long texts with a character that is not ASCII at any place, or two, or none', () => {
  const characters = ['\u0080', '\u00e9', '\u0142', '\u65e5', '\u{1f600}', '\ud83d', '\ude00'];
  for (const character of characters) {
    for (let length = 38; length < 50; length++) {
      for (let place = 0; place <= length; place++) {
        const plain = 'x'.repeat(length);
        const text = plain.slice(0, place) + character + plain.slice(place + character.length);
        const texts = [plain, text, plain, text.slice(0, -1) + character, 'short', plain];
        for (const builder of [new StringBuilder(6), afterTexts(text)]) {
          for (const one of texts) builder.append(one);
          assert.deepEqual(builder.seal().entries.all(), texts);
        }
      }
    }
  }
});

const OTHERS = ['', 'one', 'another', 'on\u00e9', 'x'.repeat(200)];

test('entries of every kind, one behind the other, and taken back', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const builder = new StringBuilder(180);
    const source = new StringBuilder(OTHERS.length);
    for (const text of OTHERS) source.append(text);
    const others = source.seal();
    for (let batch = 0; batch < 40; batch++) {
      const texts: string[] = [];
      // Mostly ASCII, or a batch is never all put together.
      const text = (): string =>
        random.below(20) > 0 || batch % 3 > 0
          ? 'a text of some units'.slice(random.below(20))
          : textOf(random);
      for (let n = random.below(60); n > 0; n--) {
        const kind = random.below(8);
        if (kind === 0) {
          builder.appendEmpty();
          texts.push('');
        } else if (kind === 1) {
          const bytes = Buffer.from(text(), 'latin1');
          builder.appendLatin1(bytes, 0, bytes.length);
          texts.push(bytes.toString('latin1'));
        } else if (kind === 3) {
          const bytes = Buffer.from(text(), 'latin1');
          builder.appendView(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
          texts.push(bytes.toString('latin1'));
        } else if (kind === 4) {
          const places = Int32Array.from({ length: 3 }, () => random.below(OTHERS.length));
          builder.appendSelected(others, places, 0, 3);
          for (const place of places) texts.push(OTHERS[place]!);
        } else if (kind === 2 && texts.length > 0) {
          texts.length = random.below(texts.length);
          builder.truncate(texts.length);
        } else {
          const one = random.below(400) === 0 ? `${text()}\u65e5` : text();
          builder.append(one);
          texts.push(one);
        }
      }
      if (random.below(10) > 0) assert.deepEqual(builder.seal().entries.all(), texts);
      builder.reset();
    }
  }
});

test('entries of more than one piece are read whole, narrow, wide and empty', () => {
  for (const letter of ['x', '漢']) {
    const strings = Array.from({ length: 3000 }, (_, i) => (i % 700 < 600 ? `${letter}${i}` : ''));
    const builder = new StringBuilder(strings.length);
    for (const text of strings) builder.append(text);
    assert.deepEqual(builder.seal().entries.all(), strings);
  }
});
