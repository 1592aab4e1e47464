/** CSV dialects: what is written comes back in each of them, the scanner and the slow way agree, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csv } from '../../src/connector/file/csv.ts';
import type { CsvOptions } from '../../src/connector/file/csv-dialect.ts';
import { LINE_BYTES_MAX } from '../../src/connector/file/line-reader.ts';
import { record, t } from '../../src/data/schema.ts';
import { encode, inFolder, readAll, write } from './read-all.ts';

const Everything = record({
  text: t.string,
  maybeText: t.nullable(t.string),
  int: t.int32,
  float: t.float64,
  maybe: t.nullable(t.float64),
  long: t.int64,
  flag: t.boolean,
  maybeFlag: t.nullable(t.boolean),
  at: t.timestamp,
  day: t.date,
  any: t.dynamic<unknown>(),
  maybeAny: t.nullable(t.dynamic<unknown>()),
});
const NAMES = Everything.fields.map((field) => field.name);

const PARTS = [...' \t,;|"\'\\#-.e0x\r\n', 'NA', '\\N', '¦', 'é', '漢', '\ufeff'];
const anyText = fc
  .array(fc.constantFrom(...PARTS), { maxLength: 5 })
  .map((parts) => parts.join(''));
const anyNumber = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);

const anyValue = fc.oneof(
  anyText,
  fc.constantFrom<unknown>(null, 0, 1, true, 'null', { a: [1, null] }, ['"', ',']),
);

const anyRow = fc.record({
  text: anyText,
  maybeText: fc.option(anyText),
  int: fc.integer(),
  float: fc.oneof(anyNumber, fc.constantFrom(0, Infinity, -Infinity)),
  maybe: fc.option(fc.oneof(anyNumber, fc.constantFrom(0, -5))),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  flag: fc.boolean(),
  maybeFlag: fc.option(fc.boolean()),
  at: fc.integer({ min: -1e12, max: 1e12 }),
  day: fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-01-01') }),
  any: anyValue,
  maybeAny: anyValue,
});

/** Without anything that would need quotes in most dialects. */
const plainRow = fc
  .tuple(anyRow, fc.constantFrom('a', 'xy'), fc.option(fc.constantFrom('b', 'zz')))
  .map(([row, text, maybeText]) => ({ ...row, text, maybeText, any: 1, maybeAny: null }));

const anyDialect = fc
  .record(
    {
      delimiter: fc.constantFrom(',', ';', '\t', '|', '¦', '.', 'e', ' '),
      quote: fc.constantFrom('"', "'", '¨', '0', null),
      escape: fc.constantFrom('\\', '"'),
      comment: fc.constantFrom('#', '--', 'tr'),
      nullText: fc.constantFrom('', 'NA', '\\N', '0', 'null'),
      trim: fc.boolean(),
      header: fc.oneof(fc.boolean(), fc.shuffledSubarray(NAMES, { minLength: NAMES.length })),
      multiline: fc.constant(true),
    },
    { requiredKeys: ['multiline'] },
  )
  .filter((options) => isDialect(options));

/** For rows that can do without quotes: among all dialects too few are met. */
const unquotedDialect = anyDialect
  .map(({ escape: _, ...options }) => ({ ...options, quote: null }))
  .filter((options) => isDialect(options));

function isDialect(options: CsvOptions): boolean {
  try {
    csv(options);
    return true;
  } catch {
    return false;
  }
}

test('rows of every kind come back in every dialect, or are refused where there are no quotes', async () => {
  await inFolder((folder) => {
    let written = 0;
    let unquoted = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(fc.array(anyRow, { maxLength: 8 }), anyDialect),
          fc.tuple(fc.array(plainRow), anyDialect),
          fc.tuple(fc.array(plainRow, { minLength: 1 }), unquotedDialect),
        ),
        ([rows, options]) => {
          const format = csv(Everything, options);
          let bytes: Buffer;
          try {
            bytes = encode(format as never, Everything, rows, 3);
          } catch (error) {
            assert.equal(options.quote, null);
            assert.equal((error as { code?: string }).code, 'OUTPUT_FAILED');
            return;
          }
          written++;
          if (options.quote === null && rows.length > 0) unquoted++;
          const file = write(`${folder}/rows.csv`, bytes);
          const expected = rows.map((row) => ({ ...row, float: row.float + 0 }));
          assert.deepEqual(
            readAll(file, format, { reopens: rows.length % 2 === 0 }).rows,
            expected,
          );
        },
      ),
      { numRuns: 1500 },
    );
    assert.ok(written > 900 && unquoted > 20, `${written} written, ${unquoted} without quotes`);
  });
});

const Simple = record({ s: t.string, n: t.nullable(t.int32), note: t.nullable(t.string) });

test('lines to be skipped, comments, blank lines, a byte order mark, either line end: the same rows', async () => {
  const anyLine = fc.constantFrom('# no record', '#', '');
  const anyValues = fc.array(
    fc.tuple(fc.constantFrom('a', 'b c', '"x,#"', "it's"), fc.option(fc.nat()), fc.nat(9)),
    { maxLength: 12 },
  );
  await inFolder((folder) => {
    fc.assert(
      fc.property(
        anyValues,
        fc.array(anyLine, { minLength: 16, maxLength: 16 }),
        fc.nat(3),
        fc.boolean(),
        fc.constantFrom('\n', '\r\n'),
        fc.nat(200),
        (values, between, skipLines, hasMark, end, cut) => {
          const lines = [
            ...Array.from({ length: skipLines }, (_, n) => `any "thing ${n}`),
            between[15]!,
            'note,s,n',
            ...values.flatMap(([s, n, note], i) => [between[i]!, `x${note},${s},${n ?? 'NA'}`]),
          ];
          const text = (hasMark ? '\ufeff' : '') + lines.join(end);
          const file = write(`${folder}/lines.csv`, text);
          const middle = Math.min(cut, file.sizeBytes);
          const ranges = [
            { start: 0, end: middle, weight: 1 },
            { start: middle, end: file.sizeBytes, weight: 1 },
          ];
          const format = csv(Simple, { skipLines, comment: '#', nullText: 'NA' });
          assert.deepEqual(
            readAll(file, format, { ranges }).rows,
            values.map(([s, n, note]) => ({
              s: s.startsWith('"') ? 'x,#' : s,
              n,
              note: `x${note}`,
            })),
          );
        },
      ),
      { numRuns: 600 },
    );
  });
});

test('the scanner gives what the slow way gives, and gives up on what it skips', async () => {
  const anyCell = fc.oneof(
    fc.integer().map(String),
    fc.constantFrom('', ' 1', '1.5', '-', '"a"', '"1"', '"', 'a"b', 'x', '漢', '1e3', '2147483648'),
  );
  const anyLine = fc.array(anyCell, { minLength: 2, maxLength: 4 });
  await inFolder((folder) => {
    let rows = 0;
    fc.assert(
      fc.property(
        fc.array(anyLine, { maxLength: 20 }),
        fc.constantFrom<CsvOptions>({}, { quote: null }, { delimiter: ';' }),
        (lines, options) => {
          const { delimiter = ',' } = options;
          const text = ['s', 'n', 'note'].join(delimiter);
          const body = lines.map((cells) => `\n${cells.join(delimiter)}`).join('');
          const file = write(`${folder}/scan.csv`, text + body);
          const skip = { onMalformed: 'skip' } as const;
          const fast = readAll(file, csv(Simple, options), skip);
          // A dialect that the scanner does not know, and that says the same of these lines.
          const slow = readAll(file, csv(Simple, { ...options, comment: '\u0001' }), skip);
          assert.deepEqual(fast.rows, slow.rows);
          assert.deepEqual(fast.letters, slow.letters);
          rows += fast.rows.length;
        },
      ),
      { numRuns: 600 },
    );
    assert.ok(rows > 500, `${rows} rows`);
  });
});

test('each option by example', async () => {
  const Any = record({ a: t.string, b: t.nullable(t.string), n: t.nullable(t.int32) });
  const cases: readonly (readonly [CsvOptions, string, readonly unknown[]])[] = [
    [{ quote: "'" }, `a,b,n\n'x,''y','"',5\n`, [{ a: "x,'y", b: '"', n: 5 }]],
    [{ quote: null }, 'a,b,n\n"x",\'y\',5\n', [{ a: '"x"', b: "'y'", n: 5 }]],
    [{ escape: '\\' }, 'a,b,n\n"x\\"\\\\y",z\\,5\n', [{ a: 'x"\\y', b: 'z\\', n: 5 }]],
    [{ comment: '//' }, '// one\na,b,n\n//two,x,1\n/,y,2\n', [{ a: '/', b: 'y', n: 2 }]],
    [
      { nullText: 'NA' },
      'a,b,n\nNA,NA,NA\n"NA","NA",\n,,\n',
      [
        { a: 'NA', b: null, n: null },
        { a: 'NA', b: 'NA', n: null },
        { a: '', b: '', n: null },
      ],
    ],
    [{ trim: true }, ' a ,\tb, n\n x y , " z " ,\t7 \n   \n', [{ a: 'x y', b: ' z ', n: 7 }]],
    [{ trim: true, delimiter: '\t' }, 'a\tb\tn\n x \t\t 7\n', [{ a: 'x', b: null, n: 7 }]],
    [{ header: ['n', 'a', 'other', 'b'] }, '5,x,y,z\n', [{ a: 'x', b: 'z', n: 5 }]],
    [{ header: false }, 'x,z,5\n', [{ a: 'x', b: 'z', n: 5 }]],
    [{ header: ['a', 'b', 'n'], skipLines: 1 }, 'A,B,N\nx,z,5\n', [{ a: 'x', b: 'z', n: 5 }]],
    [{ skipLines: 2 }, '"\n\nn,b,a\n5,z,x', [{ a: 'x', b: 'z', n: 5 }]],
    [{ skipLines: 9 }, 'n,b,a\n5,z,x', []],
  ];
  await inFolder((folder) => {
    for (const [options, text, expected] of cases) {
      const file = write(`${folder}/case.csv`, text);
      assert.deepEqual(readAll(file, csv(Any, options)).rows, expected, JSON.stringify(options));
    }
    const named = write(`${folder}/named.csv`, '1,2\n');
    assert.deepEqual(readAll(named, csv({ header: ['a', 'b'] })).rows, [{ a: '1', b: '2' }]);
  });
});

test('writing: names in their order, text for null, quotes where they are needed', () => {
  const Pair = record({ a: t.nullable(t.string), b: t.nullable(t.float64) });
  const rows = [
    { a: 'x', b: null },
    { a: null, b: 1.5 },
    { a: 'NA', b: 2 },
    { a: "it's", b: 3 },
  ];
  const textOf = (options: CsvOptions): string =>
    encode(csv(options) as never, Pair, rows).toString();
  assert.equal(
    textOf({ header: ['b', 'a'], nullText: 'NA', quote: "'", delimiter: ';' }),
    "NA;x\n1.5;NA\n2;'NA'\n3;'it''s'\n",
  );
  assert.equal(textOf({ delimiter: '.', escape: '\\' }), 'a.b\nx.\n."1.5"\nNA.2\nit\'s.3\n');
  assert.throws(() => textOf({ header: ['a'] }), {
    code: 'OUTPUT_FAILED',
    message: "csv: a row has the field 'b', which the header does not name (a)",
  });
  assert.throws(() => textOf({ header: ['a', 'b', 'c'] }), {
    code: 'OUTPUT_FAILED',
    message: "csv: the rows have no field 'c', which the header names; they have a, b",
  });
  assert.throws(() => textOf({ nullText: 'NA', quote: null }), {
    code: 'OUTPUT_FAILED',
    message: /^csv: "NA" cannot be told apart from other text without quotes: set quote/,
  });
});

test('options that no file can have are refused', () => {
  const loose = (options: object): CsvOptions => options as CsvOptions;
  const cases: readonly (readonly [CsvOptions, RegExp])[] = [
    [
      loose({ seperator: ';' }),
      /^csv: unknown option 'seperator'; there are: header, delimiter, quote/,
    ],
    [{ delimiter: '' }, /^a csv delimiter is one character, got ''$/],
    [{ delimiter: '::' }, /^a csv delimiter is one character, got '::'$/],
    [{ delimiter: '\n' }, /^a csv delimiter is one character/],
    [{ delimiter: '"' }, /^a csv delimiter and quote differ/],
    [{ quote: '' }, /^a csv quote is one character, or null, got ''$/],
    [{ quote: ' ', trim: true }, /^a csv quote is no blank where blanks are trimmed/],
    [{ escape: '^' }, /^a csv escape is the quote or a backslash, got '\^'$/],
    [{ escape: '\\', quote: null }, /^a csv escape needs a quote/],
    [{ comment: '' }, /^a csv comment begins with a text without delimiter/],
    [{ comment: '#,' }, /^a csv comment begins with a text without delimiter/],
    [{ nullText: ',' }, /^a csv nullText holds no delimiter, quote or line break/],
    [{ nullText: ' ', trim: true }, /^a csv nullText has no blanks around it/],
    [{ nullText: '#N', comment: '#' }, /^a csv nullText begins no comment/],
    [
      { header: [] },
      /^a csv header is true, false, or the names of all columns, each once, got \[\]$/,
    ],
    [{ header: ['a', 'a'] }, /^a csv header is true, false/],
    [loose({ header: 'a,b' }), /^a csv header is true, false/],
    [{ skipLines: -1 }, /^csv skipLines is a whole number, 0 or more, got -1$/],
    [loose({ trim: 1 }), /^csv trim is one of true, false, got 1$/],
    [loose({ multiline: 'yes' }), /^csv multiline is one of true, false, got 'yes'$/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => csv(options), { code: 'JOB_DEFINITION', message });
    assert.throws(() => csv(Simple, options), { code: 'JOB_DEFINITION', message });
  }
});

test('a column may be called __proto__, with a schema and without', async () => {
  await inFolder((folder) => {
    const file = write(`${folder}/proto.csv`, Buffer.from('__proto__,n\na,1\nb,2\n'));
    const Row = record({ ['__proto__']: t.string, n: t.string });
    for (const format of [csv(), csv(Row), csv(Row, { trim: true })]) {
      const { rows } = readAll(file, format as typeof format & ReturnType<typeof csv>);
      assert.deepEqual(
        rows.map((row) => Object.entries(row as object)),
        [
          [
            ['__proto__', 'a'],
            ['n', '1'],
          ],
          [
            ['__proto__', 'b'],
            ['n', '2'],
          ],
        ],
      );
    }
  });
});

test('a header that cannot be read ends the job with its place, whatever the policy', async () => {
  await inFolder((folder) => {
    const path = `${folder}/header.csv`;
    for (const onMalformed of ['fail', 'skip'] as const) {
      assert.throws(() => readAll(write(path, '\n"s"x,n\n'), csv(Simple), { onMalformed }), {
        code: 'INPUT_MALFORMED',
        message: `${path}:2: 'x' follows a closing quote`,
      });
    }
  });
});

test('files without records: empty, blank lines alone, a header alone, comments alone', async () => {
  await inFolder((folder) => {
    for (const text of [
      '',
      '\n',
      '\n\r\n\n',
      's,n,note',
      's,n,note\n',
      '#\n#',
      '\ufeff',
      '\n\ns,n,note\n\n',
    ]) {
      const file = write(`${folder}/none.csv`, text);
      for (const format of [csv(Simple, { comment: '#' }), csv({ comment: '#' })]) {
        assert.deepEqual(readAll(file, format as never).rows, [], JSON.stringify(text));
      }
    }
    const one = write(`${folder}/one.csv`, 's,n,note\na,1,b');
    assert.deepEqual(readAll(one, csv(Simple)).rows, [{ s: 'a', n: 1, note: 'b' }]);
  });
});

test('a line of 100 MB is malformed, in bounded memory; the records around it are read', async () => {
  await inFolder((folder) => {
    const long = Buffer.alloc(100_000_000, 'x');
    const around = [Buffer.from('s,n,note\na,1,b\n'), Buffer.from('\nc,2,d\n')] as const;
    const path = `${folder}/long.csv`;
    const reason = `a line is longer than ${LINE_BYTES_MAX} bytes; is this a text file?`;
    const good = [
      { s: 'a', n: 1, note: 'b' },
      { s: 'c', n: 2, note: 'd' },
    ];
    for (const [start, options] of [
      ['', {}],
      ['"', { multiline: true }],
    ] as const) {
      const file = write(path, Buffer.concat([around[0], Buffer.from(start), long, around[1]]));
      const format = csv(Simple, options);
      assert.throws(() => readAll(file, format), {
        code: 'INPUT_MALFORMED',
        message: `${path}:3: ${reason}`,
      });
      const { rows, letters } = readAll(file, format, { onMalformed: 'skip' });
      assert.deepEqual(rows, good);
      const text = `${start}${'x'.repeat(65_536 - start.length)}`;
      assert.deepEqual(letters, [
        { file: path, place: `${path}:3`, line: 3, byte: 15, reason, text },
      ]);
    }
  });
});
