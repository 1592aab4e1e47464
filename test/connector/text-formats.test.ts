/** CSV and JSON lines: round trips of every kind, dialects, and what is said of bad input. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csv } from '../../src/connector/file/csv.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { record, t } from '../../src/data/schema.ts';
import { encode, inFolder, readAll, write } from './read-all.ts';

const Everything = record({
  int: t.int32,
  float: t.float64,
  long: t.int64,
  flag: t.boolean,
  text: t.string,
  at: t.timestamp,
  day: t.date,
  any: t.dynamic<unknown>(),
  maybe: t.nullable(t.float64),
});

const anyRow = fc.record({
  int: fc.integer(),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  flag: fc.boolean(),
  text: fc.string({ unit: 'grapheme' }).map((s) => s.replace(/\r/g, '')),
  at: fc.integer({ min: -1e12, max: 1e12 }),
  day: fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-01-01') }),
  any: fc.constantFrom<unknown>(
    1,
    'x',
    '',
    '1',
    'true',
    '{',
    ' [',
    '"',
    { a: [1, null] },
    ['"', ','],
    true,
  ),
  maybe: fc.option(fc.integer()),
});

for (const [name, format] of [
  ['csv', csv(Everything, { multiline: true })],
  ['jsonLines', jsonLines(Everything)],
] as const) {
  test(`${name}: rows of every kind come back, however they are batched, resumed and cut`, async () => {
    await inFolder((folder) => {
      fc.assert(
        fc.property(
          fc.array(anyRow, { maxLength: 20 }),
          fc.integer({ min: 1, max: 7 }),
          (rows, batchRows) => {
            const text = encode(format as never, Everything, rows, batchRows);
            const file = write(`${folder}/rows.txt`, text);
            const expected = rows.map((row) => ({ ...row, float: row.float + 0 }));
            for (const reopens of [false, true]) {
              assert.deepEqual(readAll(file, format, { reopens }).rows, expected);
            }
          },
        ),
        { numRuns: 150 },
      );
    });
  });
}

test('more than one batch, resumed at each', async () => {
  await inFolder((folder) => {
    const Row = record({ i: t.int32, s: t.string });
    const rows = Array.from({ length: 10_000 }, (_, i) => ({ i, s: `row ${i}` }));
    for (const format of [csv(Row), jsonLines(Row)]) {
      const file = write(`${folder}/many`, encode(format as never, Row, rows));
      const half = Math.floor(file.sizeBytes / 2);
      const ranges = [
        { start: 0, end: half, weight: 1 },
        { start: half, end: file.sizeBytes, weight: 1 },
      ];
      assert.deepEqual(readAll(file, format, { reopens: true, ranges }).rows, rows);
    }
  });
});

const Flight = record({ origin: t.string, delay: t.int32, note: t.nullable(t.string) });

test('csv: columns by header in any order, extra ones left out, quotes, empty values, Windows line ends', async () => {
  await inFolder((folder) => {
    const file = write(
      `${folder}/f.csv`,
      'delay,extra,note,origin\r\n5,x,,"SF""O"\r\n-7,y,"a,b",""\r\n\r\n0,,"",  X \r\n',
    );
    assert.deepEqual(readAll(file, csv(Flight)).rows, [
      { origin: 'SF"O', delay: 5, note: null },
      { origin: '', delay: -7, note: 'a,b' },
      { origin: '  X ', delay: 0, note: '' },
    ]);
  });
});

test('csv: no header, another delimiter; rows of text without a schema', async () => {
  await inFolder((folder) => {
    const bare = write(`${folder}/a.csv`, 'SFO;5;x\nLAX;6;\n');
    assert.deepEqual(readAll(bare, csv(Flight, { header: false, delimiter: ';' })).rows, [
      { origin: 'SFO', delay: 5, note: 'x' },
      { origin: 'LAX', delay: 6, note: null },
    ]);
    const named = write(`${folder}/b.csv`, 'a,b\n1,2\n3,4');
    assert.deepEqual(readAll(named, csv()).rows, [
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
    assert.deepEqual(readAll(write(`${folder}/c.csv`, 'a,b\n'), csv()).rows, []);
    assert.deepEqual(readAll(write(`${folder}/d.csv`, ''), csv()).rows, []);
    assert.throws(() => csv({ delimiter: '::' }), { code: 'JOB_DEFINITION' });
  });
});

test('csv: what is malformed is told with file and line, or skipped and counted', async () => {
  await inFolder((folder) => {
    const path = `${folder}/bad.csv`;
    const cases: [string, string][] = [
      ['SFO,x,n', `field 'delay' wants int32, got "x"`],
      ['SFO,1.5,n', "field 'delay' wants int32, got 1.5"],
      ['SFO,,n', "field 'delay' is empty"],
      ['SFO,1', '2 values for 3 columns'],
      ['SFO,1,n,m', '4 values for 3 columns'],
      [
        '"SFO,1,n',
        'a quote is still open at the end of the line; values have line breaks in files only, with { multiline: true }',
      ],
      ['"SFO"x,1,n', "'x' follows a closing quote"],
    ];
    for (const [line, reason] of cases) {
      const file = write(path, `origin,delay,note\nA,1,x\n${line}\nB,2,y\n`);
      assert.throws(() => readAll(file, csv(Flight)), {
        code: 'INPUT_MALFORMED',
        message: `${path}:3: ${reason}`,
      });
      const { rows, letters } = readAll(file, csv(Flight), { onMalformed: 'skip' });
      assert.deepEqual(
        rows.map((row) => row.origin),
        ['A', 'B'],
      );
      const at = {
        file: path,
        place: `${path}:3`,
        line: 3,
        byte: 'origin,delay,note\nA,1,x\n'.length,
      };
      assert.deepEqual(letters, [{ ...at, reason, text: line }]);
    }
    const file = write(path, 'origin,note\nA,x\n');
    assert.throws(() => readAll(file, csv(Flight)), {
      code: 'INPUT_MALFORMED',
      message: `'${path}' has no column 'delay'; its header has origin, note`,
    });
  });
});

test('csv: JSON that is broken is malformed, other text in a dynamic field is itself', async () => {
  await inFolder((folder) => {
    const Any = record({ any: t.dynamic<unknown>() });
    const path = `${folder}/any.csv`;
    assert.deepEqual(readAll(write(path, 'any\nplain\n1\n'), csv(Any)).rows, [
      { any: 'plain' },
      { any: 1 },
    ]);
    assert.throws(() => readAll(write(path, 'any\n{a\n'), csv(Any)), {
      code: 'INPUT_MALFORMED',
      message: `${path}:2: field 'any' wants dynamic, got "{a"`,
    });
  });
});

test('csv: numbers are decimal', async () => {
  const Row = record({ n: t.int32, x: t.float64 });
  await inFolder((folder) => {
    const good = '1e2,.5\n +7 ,5.\n007,-Infinity\n-0,1E-2\n';
    const file = write(`${folder}/good.csv`, `n,x\n${good}`);
    const rows = [
      { n: 100, x: 0.5 },
      { n: 7, x: 5 },
      { n: 7, x: Number.NEGATIVE_INFINITY },
      { n: 0, x: 0.01 },
    ];
    assert.deepEqual(readAll(file, csv(Row)).rows, rows);
    for (const text of ['0x10', '0b1', '0o7', '1_000', '1e', '.', '--1', '1 2']) {
      for (const line of [`${text},1`, `1,${text}`]) {
        const bad = write(`${folder}/bad.csv`, `n,x\n${line}\n`);
        const message = new RegExp(`:2: field '.' wants (int32|float64), got "${text}"$`);
        assert.throws(() => readAll(bad, csv(Row)), { message });
      }
    }
  });
});

test('csv: a column that is asked for and comes twice is told', async () => {
  await inFolder((folder) => {
    const file = write(`${folder}/twice.csv`, 'n,n,x\n1,2,3\n');
    const message = /has more than one column 'n': .*\{ header: \[\.\.\.\], skipLines: 1 \}$/;
    for (const format of [csv(), csv(record({ n: t.int32 }))]) {
      assert.throws(() => readAll(file, format as never), { code: 'INPUT_MALFORMED', message });
    }
    const Own = csv(record({ x: t.int32, b: t.int32 }), { header: ['a', 'b', 'x'], skipLines: 1 });
    assert.deepEqual(readAll(file, Own).rows, [{ x: 3, b: 2 }]);
    assert.deepEqual(readAll(file, csv(record({ x: t.int32 }))).rows, [{ x: 3 }]);
  });
});

test('a bad record in a later part of the file is told by its byte', async () => {
  await inFolder((folder) => {
    const path = `${folder}/late.csv`;
    const file = write(path, 'origin,delay,note\nA,1,x\nB,oops,y\n');
    const ranges = [{ start: 20, end: file.sizeBytes, weight: 1 }];
    assert.throws(() => readAll(file, csv(Flight), { ranges }), {
      message: `${path} at byte 24: field 'delay' wants int32, got "oops"`,
    });
  });
});

test('jsonLines: times as text, missing fields, extra fields, empty lines', async () => {
  await inFolder((folder) => {
    const Event = record({ at: t.timestamp, day: t.date, id: t.int64, note: t.nullable(t.string) });
    const file = write(
      `${folder}/e.jsonl`,
      '{"at":"2020-01-01T00:00:00Z","day":5,"id":"9223372036854775807","extra":[1]}\n\n  \n{"at":1,"day":"1970-01-01","id":7,"note":"x"}',
    );
    assert.deepEqual(readAll(file, jsonLines(Event)).rows, [
      { at: 1577836800000, day: new Date(5), id: 9223372036854775807n, note: null },
      { at: 1, day: new Date(0), id: 7n, note: 'x' },
    ]);
    assert.deepEqual(
      readAll(file, jsonLines<{ id: unknown }>()).rows.map((row) => row.id),
      ['9223372036854775807', 7],
    );
  });
});

test('jsonLines: without a schema rows are what JSON.parse gives, null too', async () => {
  await inFolder((folder) => {
    const rows = [1, null, 'x', [null], { a: null }, null];
    const file = write(`${folder}/null.jsonl`, encode(jsonLines(), null, rows));
    for (const reopens of [false, true]) {
      const { rows: read, skipped } = readAll(file, jsonLines(), { reopens });
      assert.deepEqual([read, skipped], [rows, 0]);
    }
    const empty = write(`${folder}/empty.jsonl`, '\n  \nnull\n\n');
    assert.deepEqual(readAll(empty, jsonLines()).rows, [null]);
    const Row = record({ a: t.nullable(t.int32) });
    assert.throws(() => readAll(empty, jsonLines(Row)), {
      message: /:3: wanted an object, got null$/,
    });
  });
});

test('jsonLines: a field may be called as what every object inherits, and is null where it is missing', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'n'];
  for (const type of [t.nullable(t.string), t.nullable(t.dynamic<unknown>())]) {
    const Row = record(Object.fromEntries(names.map((name) => [name, type])));
    // In the order of the schema, in another one, and without most of the fields.
    const lines = [
      '{"__proto__":"a","constructor":"b","toString":"c","n":"d"}',
      '{"n":"d","toString":"c","constructor":"b","__proto__":"a"}',
      '{"n":"d"}',
    ];
    await inFolder((folder) => {
      const file = write(`${folder}/names.jsonl`, `${lines.join('\n')}\n`);
      assert.deepEqual(
        readAll(file, jsonLines(Row)).rows.map((row) => Object.entries(row)),
        ['abcd', 'abcd', null].map((values) =>
          names.map((name, n) => [name, values?.[n] ?? (name === 'n' ? 'd' : null)]),
        ),
      );
    });
  }
});

test('jsonLines: an int64 has all its digits, whatever else is in the line', async () => {
  const Row = record({ id: t.int64, x: t.nullable(t.float64), any: t.nullable(t.dynamic()) });
  const at = { x: null, any: null };
  const lines: [string, object][] = [
    ['{"id":9007199254740993}', { ...at, id: 9007199254740993n }],
    ['{"id":-9223372036854775808}', { ...at, id: -(2n ** 63n) }],
    ['{"id":"9223372036854775807"}', { ...at, id: 2n ** 63n - 1n }],
    ['{"id":1,"id":9007199254740993}', { ...at, id: 9007199254740993n }],
    [
      '{"any":"\\"id\\":1234567890123456","id":12345678901234567}',
      { ...at, id: 12345678901234567n, any: '"id":1234567890123456' },
    ],
    [
      '{"id":12345678901234567,"x":12345678901234567,"any":{"n":12345678901234567,"f":-1.50000000000000000e-16}}',
      {
        id: 12345678901234567n,
        x: 12345678901234568,
        any: { n: 12345678901234568, f: -1.5e-16 },
      },
    ],
  ];
  await inFolder((folder) => {
    for (const [line, row] of lines) {
      const file = write(`${folder}/long.jsonl`, `${line}\n`);
      assert.deepEqual(readAll(file, jsonLines(Row)).rows, [row], line);
    }
    // Longer than what a regular expression can match, with ends that quotes and backslashes make hard to find.
    for (const end of ['', '\\\\', '\\"', '\\\\\\"']) {
      const json = `"${'a long text\\n'.repeat(1_500_000)}1234567890123456${end}"`;
      const file = write(`${folder}/text.jsonl`, `{"any":${json},"id":12345678901234567}\n`);
      const { rows } = readAll(file, jsonLines(Row));
      assert.equal(rows[0]?.id, 12345678901234567n);
      assert.ok(rows[0]?.any === JSON.parse(json), end);
    }
    const beyond = write(`${folder}/beyond.jsonl`, '{"id":9223372036854775808}\n');
    assert.throws(() => readAll(beyond, jsonLines(Row)), {
      message: /:1: field 'id' wants int64, got 9223372036854775808n$/,
    });
  });
});

test('jsonLines: what is malformed is told with file and line, or skipped and counted', async () => {
  await inFolder((folder) => {
    const path = `${folder}/bad.jsonl`;
    const cases: [string, RegExp][] = [
      ['{"origin":"A","delay":1', /^.*bad\.jsonl:2: .*JSON/],
      ['{"origin":"A"}', /:2: field 'delay' is missing$/],
      ['{"origin":null,"delay":1}', /:2: field 'origin' is null$/],
      ['{"origin":1,"delay":1}', /:2: field 'origin' wants string, got 1$/],
      ['{"origin":"A","delay":2147483648}', /:2: field 'delay' wants int32, got 2147483648$/],
      ['[1]', /:2: wanted an object, got \[object Array\]$/],
    ];
    for (const [line, message] of cases) {
      const file = write(path, `{"origin":"A","delay":1}\n${line}\n{"origin":"B","delay":2}\n`);
      assert.throws(() => readAll(file, jsonLines(Flight)), { code: 'INPUT_MALFORMED', message });
      const { rows, skipped } = readAll(file, jsonLines(Flight), { onMalformed: 'skip' });
      assert.deepEqual([rows.map((row) => row.delay), skipped], [[1, 2], 1]);
    }
  });
});

test('free-form rows as csv: the first row gives the fields, a new one later is an error', () => {
  const rows = [{ a: 1, b: 'x,y' }, { b: null, a: new Date(0) }, { a: { c: 1n } }];
  assert.equal(
    encode(csv() as never, null, rows).toString(),
    'a,b\n1,"x,y"\n1970-01-01T00:00:00.000Z,\n"{""c"":1}",\n',
  );
  assert.throws(() => encode(csv() as never, null, [{ a: 1 }, { a: 1, z: 2 }]), {
    code: 'OUTPUT_FAILED',
    message: "csv: a row has the field 'z', which the first row had not (a)",
  });
  assert.equal(
    encode(csv({ header: false, delimiter: ';' }) as never, null, [{ a: 1, b: ';' }]).toString(),
    '1;";"\n',
  );
});

test('rows of a class, or without any prototype, are rows with fields', () => {
  class Click {
    readonly page = 'a';
    readonly n = 1;
  }
  const bare = Object.assign(Object.create(null) as object, { page: 'b', n: 2 });
  assert.equal(encode(csv() as never, null, [new Click(), bare]).toString(), 'page,n\na,1\nb,2\n');
});

test('random bytes never hang a reader or crash it', async () => {
  await inFolder((folder) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const file = write(
          `${folder}/fuzz`,
          Buffer.concat([Buffer.from('origin,delay,note\n'), bytes]),
        );
        for (const format of [csv(Flight), csv(Flight, { multiline: true }), jsonLines(Flight)]) {
          readAll(file, format, { onMalformed: 'skip' });
          try {
            readAll(file, format);
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'INPUT_MALFORMED', String(error));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('a poll takes a bounded number of lines and bytes, whatever is wrong with them', async () => {
  await inFolder((folder) => {
    const cases = [
      { line: 'x,y,z,too,many', count: 10_000, most: 4096 },
      { line: '', count: 10_000, most: 4096 },
      { line: `x,${'y'.repeat(50_000)},z,too,many`, count: 100, most: 30 },
    ];
    for (const { line, count, most } of cases) {
      const file = write(`${folder}/bad.csv`, `origin,delay,note\n${`${line}\n`.repeat(count)}`);
      let letters = 0;
      const context = { onMalformed: 'skip' as const, malformed: () => letters++ };
      const reader = csv(Flight).open(file, csv(Flight).split(file)[0]!, null, context);
      let polls = 0;
      for (let before = 0; reader.poll() !== 'end'; before = letters) {
        assert.ok(letters - before <= most, `${letters - before} at once`);
        polls++;
      }
      reader.close();
      assert.ok(polls >= count / most - 1, `${polls} polls`);
      assert.equal(letters, line === '' ? 0 : count);
    }
  });
});

test('jsonLines: numbers that JSON has not are null, which a nullable field reads', async () => {
  await inFolder((folder) => {
    const Row = record({ x: t.nullable(t.float64) });
    const format = jsonLines(Row);
    const written = [NaN, Infinity, -Infinity, -0].map((x) => ({ x }));
    const text = encode(format, Row, written, 2);
    assert.equal(text.toString(), '{"x":null}\n{"x":null}\n{"x":null}\n{"x":0}\n');
    const { rows } = readAll(write(`${folder}/a.jsonl`, text), format);
    assert.deepEqual(rows, [{ x: null }, { x: null }, { x: null }, { x: 0 }]);
    const strict = jsonLines(record({ x: t.float64 }));
    assert.throws(() => readAll(write(`${folder}/b.jsonl`, text), strict), {
      code: 'INPUT_MALFORMED',
      message: /b\.jsonl:1: field 'x' is null$/,
    });
  });
});
