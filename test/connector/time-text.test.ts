/** What is a time in text, and what is none. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { csv } from '../../src/connector/file/csv.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { timeOfBytes, timeOfText } from '../../src/connector/file/time-text.ts';
import { record, t } from '../../src/data/schema.ts';
import { inFolder, readAll, write } from './read-all.ts';

const NOON = Date.UTC(2024, 1, 29, 12);

test('dates and times of ISO 8601 in all their forms, and milliseconds', () => {
  const forms = {
    '2024-02-29T12:00Z': NOON,
    '2024-02-29T12:00:00.000Z': NOON,
    '2024-02-29t12:00:00z': NOON,
    '2024-02-29 14:00:00+02:00': NOON,
    '2024-02-29 14:00:00+0200': NOON,
    '2024-02-29 06:30:00-05:30': NOON,
    '2024-02-29 12:00:00+00': NOON,
    '2024-02-29 12:00:00 Z': NOON,
    '2024-02-29T12:00:00.123456789Z': NOON + 123,
    '2024-02-29T24:00Z': Date.UTC(2024, 2, 1),
    '2024-02-29': Date.UTC(2024, 1, 29),
    '0000-02-29': Date.parse('0000-02-29'),
    '-000044-03-15': Date.parse('-000044-03-15'),
    1700000000000: 1_700_000_000_000,
    '-1.5': -1.5,
  };
  for (const [text, time] of Object.entries(forms)) assert.equal(timeOfText(text), time, text);
});

test('what is no time', () => {
  const texts = [
    '2024-02-30',
    '2023-02-29',
    '1900-02-29T00:00Z',
    '2024-04-31',
    '2024-13-01',
    '2024-02-29T25:00Z',
    '2024-02-29T12:60Z',
    '2024-02-29T12Z',
    '2024-02-29Z',
    '20240229T120000Z',
    '07/03/2024',
    'March 7',
    'order 1',
    '8640000000000001',
    '99999999999999999999',
    '1e3',
    ' 5',
    '',
  ];
  for (const text of texts) assert.equal(timeOfText(text), Number.NaN, text);
});

test('every time that a Date writes', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      const text = date.toISOString();
      assert.equal(timeOfText(text), date.getTime());
      const quick = timeOfBytes(Buffer.from(text), 0);
      assert.ok(Number.isNaN(quick) || quick === date.getTime());
      assert.equal(timeOfText(String(date.getTime())), date.getTime());
    }),
  );
});

test('a time without a zone is the same wherever the machine stands', () => {
  const module = new URL('../../src/connector/file/time-text.ts', import.meta.url).href;
  const program = `import { timeOfBytes, timeOfText } from '${module}';
    console.log(timeOfText('2024-02-29T12:00') + ' ' + timeOfText('2024-02-29 12:00:00'));`;
  const hooks = new URL('../../src/base/typescript-register.mjs', import.meta.url).href;
  for (const zone of ['UTC', 'America/New_York', 'Asia/Kathmandu']) {
    const args = ['--import', hooks, '--input-type=module', '-e', program];
    const env = { ...process.env, TZ: zone };
    const out = execFileSync(process.execPath, args, { env, encoding: 'utf8' });
    assert.equal(out, `${NOON} ${NOON}\n`, zone);
  }
});

test('in files a date that does not exist is malformed, and none becomes an invalid Date', async () => {
  const Row = record({ day: t.date, at: t.timestamp });
  const pairs = [
    ['"2024-02-30"', '0'],
    ['0', '"2024-02-30"'],
    ['8640000000000001', '0'],
    ['0', '1e20'],
    ['true', '0'],
  ];
  await inFolder((folder) => {
    for (const [day, at] of pairs) {
      const line = write(`${folder}/a.jsonl`, `{"day":${day},"at":${at}}\n`);
      const { rows, letters } = readAll(line, jsonLines(Row), { onMalformed: 'deadLetter' });
      assert.deepEqual(rows, []);
      const field = day === '0' ? "field 'at' wants timestamp" : "field 'day' wants date";
      assert.match(letters[0]!.reason, new RegExp(`^${field}, got `));
    }
    const lines = write(`${folder}/a.csv`, 'day,at\n2024-02-30,0\n0,order 1\n0,1e20\n');
    const { rows, skipped } = readAll(lines, csv(Row), { onMalformed: 'skip' });
    assert.deepEqual([rows.length, skipped], [0, 3]);
  });
});
