/** Records of CSV that go over many lines: the same as split in one go, with each byte looked at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvDialect, isBlank } from '../../src/connector/file/csv-dialect.ts';
import { splitRecord } from '../../src/connector/file/csv-record.ts';
import { LineReader, wholeFile } from '../../src/connector/file/line-reader.ts';
import type { LineFrames } from '../../src/connector/file/text-reader.ts';
import { inFolder, write } from './read-all.ts';

type Dialect = ReturnType<typeof csvDialect>;

/** The first record of a text, character by character; null where there is none. */
function slowRecord(text: string, dialect: Dialect): { values: string[]; rest: string } | null {
  const { quote, delimiter, escapedBy, trim } = dialect;
  const skips = (at: number): boolean => trim && isBlank(text[at]) && text[at] !== delimiter;
  const isBreak = (at: number): boolean => /^(\r?\n|\r?$)/.test(text.slice(at));
  const values: string[] = [];
  let at = 0;
  for (;;) {
    let value = '';
    const start = at;
    while (skips(at)) at++;
    if (quote !== null && text[at] === quote) {
      for (at++; at < text.length; at++) {
        const isEscape = text[at] === escapedBy && (escapedBy !== quote || text[at + 1] === quote);
        if (isEscape) at++;
        else if (text[at] === quote) break;
        value += text[at] ?? '';
      }
      if (at >= text.length) return null;
      at++;
      while (skips(at)) at++;
    } else {
      for (at = start; text[at] !== delimiter && !isBreak(at); at++) value += text[at];
      while (trim && isBlank(value[0]) && value[0] !== delimiter) value = value.slice(1);
      while (trim && isBlank(value.at(-1)) && value.at(-1) !== delimiter)
        value = value.slice(0, -1);
    }
    values.push(value);
    if (text[at] === delimiter) at++;
    else if (!isBreak(at)) return null;
    else return { values, rest: text.slice(at).replace(/^\r?\n|^\r?$/, '') };
  }
}

const anyDialect = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', 'é'),
  quote: fc.constantFrom('"', "'", '¨'),
  escape: fc.constantFrom('quote', '\\'),
  trim: fc.boolean(),
});

const somePart = fc.constantFrom(
  'd',
  'q',
  'q',
  'q',
  'qq',
  '\\',
  '\n',
  '\r\n',
  '\n',
  ' ',
  'a',
  '漢',
);
const someParts = fc.array(somePart, { maxLength: 14 });
const anyParts = fc.oneof(
  someParts,
  someParts.map((parts) => ['q', '\n', ...parts, 'q']),
);

test('a record of any lines is split as in one go, in every dialect', async () => {
  await inFolder((folder) => {
    let records = 0;
    let ofManyLines = 0;
    fc.assert(
      fc.property(anyDialect, anyParts, ({ escape: escapedBy, ...options }, parts) => {
        const { quote, delimiter } = options;
        const dialect = csvDialect({
          ...options,
          escape: escapedBy === 'quote' ? quote : escapedBy,
          multiline: true,
        });
        let text = parts.join('').replaceAll('q', quote).replaceAll('d', delimiter);
        const file = write(`${folder}/record.csv`, Buffer.from(text));
        const lines = new LineReader(file, wholeFile(file), null);
        try {
          while (lines.next()) {
            const expected = slowRecord(text, dialect);
            if (expected === null) {
              assert.throws(() => splitRecord(lines, dialect), /quote/);
              return;
            }
            const { values } = splitRecord(lines, dialect);
            assert.deepEqual(values, expected.values);
            records++;
            if (values.some((value) => value.includes('\n'))) ofManyLines++;
            text = expected.rest;
          }
          assert.equal(text, '');
        } finally {
          lines.close();
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(records > 1000 && ofManyLines > 100, `${records}, ${ofManyLines} of many lines`);
  });
});

test('each byte of a record of many lines is looked at once', async () => {
  await inFolder((folder) => {
    const count = 5_000;
    const line = 'a "" b,\r\n';
    const text = `x,"${line.repeat(count)}",y\n`;
    const file = write(`${folder}/long.csv`, Buffer.from(text));
    const lines = new LineReader(file, wholeFile(file), null);
    let bytes = 0;
    const counted: LineFrames = Object.create(lines, {
      start: { get: () => lines.start },
      end: { get: () => lines.end },
      extend: { value: () => lines.extend() },
      buffer: {
        get: () => ({
          toString(encoding: 'utf8', start: number, end: number) {
            bytes += end - start;
            return lines.buffer.toString(encoding, start, end);
          },
        }),
      },
    });
    assert.ok(lines.next());
    const { values } = splitRecord(counted, csvDialect({ multiline: true }));
    lines.close();
    assert.deepEqual(values, ['x', line.replaceAll('""', '"').repeat(count), 'y']);
    assert.equal(bytes, text.length - 1);
  });
});
