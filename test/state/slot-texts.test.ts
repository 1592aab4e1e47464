/** Texts by slot against a plain list: short, long and wide ones, replaced again and again, and null. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { StringBuilder } from '../../src/data/string-builder.ts';
import { SlotTexts } from '../../src/state/slot-texts.ts';

const SLOTS = 50;
/** Bytes of a block, of a fine block, of a segment, and one more or less. */
const LENGTHS = [0, 1, 15, 16, 17, 127, 128, 129, 1024, 1025, 3000, 2 ** 20 - 1, 2 ** 20 + 1];

function textOf(random: Random): string {
  const isLong = random.below(50) === 0;
  const length = LENGTHS[random.below(isLong ? LENGTHS.length : 9)]!;
  const units = String.fromCharCode(97 + random.below(26), 0xe4);
  const text = units.repeat(length).slice(0, length);
  return random.below(5) === 0 ? `${text}\ud83d\ude00\ud800` : text;
}

const COLUMNS = 3;
type Row = readonly (string | null)[];
const NOTHING: Row = Array.from({ length: COLUMNS }, () => null);

test('each slot has the row that it was given last', () => {
  const random = new Random(1);
  const texts = new SlotTexts(COLUMNS);
  const expected: Row[] = [];
  texts.reserve(1);
  for (let round = 0; round < 3000; round++) {
    const count = Math.min(SLOTS, 1 + (round >> 3));
    texts.reserve(count);
    while (expected.length < count) expected.push(NOTHING);
    const slot = random.below(count);
    const row = NOTHING.map(() => (random.below(10) === 0 ? null : textOf(random)));
    expected[slot] = row;
    row.forEach((text, column) => {
      if (text === null) {
        texts.takeNull(column);
      } else {
        const source = new StringBuilder(2);
        source.append('before');
        source.append(text);
        texts.take(column, source.seal().entries, 1);
      }
    });
    texts.store(slot);
    if (round % 100 === 0 || round > 2980) assertAll(texts, expected);
  }
});

function assertAll(texts: SlotTexts, expected: readonly Row[]): void {
  for (let column = 0; column < COLUMNS; column++) {
    const appended = new StringBuilder(expected.length);
    expected.forEach((row, slot) => {
      const text = row[column]!;
      assert.equal(texts.isNull(column, slot), text === null);
      if (text === null) {
        appended.appendEmpty();
      } else {
        assert.ok(texts.get(column, slot) === text, `slot ${slot}`);
        texts.appendTo(column, appended, slot);
      }
    });
    assert.deepEqual(
      appended.seal().entries.all(),
      expected.map((row) => row[column] ?? ''),
    );
  }
}
