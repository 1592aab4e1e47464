/** Zstandard pages of Parquet, by whatever decodes them on this Node: before the faster decoder is there, and behind. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { parquet } from '../../src/connector/file/index.ts';
import {
  decompressZstd,
  isZstdPrepared,
  prepareZstd,
} from '../../src/connector/file/parquet/zstd.ts';
import { record, t } from '../../src/data/schema.ts';

const TEXT = Buffer.from('a text that comes again, '.repeat(40));
const FRAME = Buffer.from(
  'KLUv/WToAg0BAMhhIHRleHQgdGhhdCBjb21lcyBhZ2FpbiwgAQAx52qOASOMSEY=',
  'base64',
);
const FLIGHTS = 'node_modules/vega-datasets/data/flights-3m.parquet';

const text = (): string => Buffer.from(decompressZstd(FRAME, TEXT.length)).toString();

test('a reader that can be woken waits for the faster decoder, and one that cannot does not', async () => {
  const format = parquet(record({ delay: t.int32 }));
  const { size } = statSync(FLIGHTS);
  const file = { path: FLIGHTS, sizeBytes: size };
  const [range] = format.split(file);
  const open = (wake?: () => void) =>
    format.open(file, range!, null, {
      onMalformed: 'fail',
      malformed: () => {},
      ...(wake === undefined ? {} : { wake }),
    });
  assert.notEqual(open().poll(), 'idle');
  const waits = !isZstdPrepared();
  let awake = (): void => {};
  const woken = new Promise<void>((resolve) => {
    awake = resolve;
  });
  const reader = open(() => awake());
  assert.equal(reader.poll() === 'idle', waits);
  if (waits) await woken;
  assert.notEqual(reader.poll(), 'idle');
});

test('a page is what it was, before and behind', async () => {
  assert.equal(text(), TEXT.toString());
  await prepareZstd();
  assert.equal(isZstdPrepared(), true);
  assert.equal(typeof fetch, 'function', 'what the library must not use is there for others');
  assert.equal(text(), TEXT.toString());
  assert.equal(decompressZstd(new Uint8Array(0), 0).length, 0);
});

test('damaged pages are errors or bytes of their length, never more', async () => {
  await prepareZstd();
  const random = new Random(5);
  let refused = 0;
  for (let n = 0; n < 2000; n++) {
    const damaged = Buffer.from(FRAME);
    for (let i = 0; i <= random.below(3); i++) {
      damaged[random.below(damaged.length)] = random.below(256);
    }
    const cut = damaged.subarray(0, random.below(4) === 0 ? random.below(FRAME.length) : undefined);
    try {
      assert.equal(decompressZstd(cut, TEXT.length).length, TEXT.length);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      refused++;
    }
  }
  assert.ok(refused > 500, String(refused));
  assert.equal(text(), TEXT.toString());
});
