/** Input that is missing or malformed, and names that are wrong: code, and the place in the file or the job. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { blackhole, collection, type Flow, job, monotonous, record, t, tumbling } from 'millrace';
import { jobFile, millrace } from './command-line.ts';
import { deadLetters, unasked, unread } from './jobs/dead-letters.ts';
import { reading } from './jobs/reading.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-bad-'));
after(() => rm(folder, { recursive: true }));

const GOOD_CSV = 'n,s\n1,a\n2,b\n';
const FILES: Readonly<Record<string, string | Buffer>> = {
  'good.csv': GOOD_CSV,
  'number.csv': `${GOOD_CSV}many,c\n`,
  'values.csv': `${GOOD_CSV}3\n`,
  'quote.csv': `${GOOD_CSV}3,"open\n`,
  'header.csv': 'n,t\n1,a\n',
  'broken.jsonl': '{"n":1,"s":"a"}\n{"n":2,\n',
  'missing.jsonl': '{"n":1,"s":"a"}\n\n{"n":2}\n',
  'type.jsonl': '{"n":"x","s":"a"}\n',
  'text.parquet': GOOD_CSV,
  'cut.parquet': Buffer.from('PAR1\0\0\0\0\xff\0\0\0PAR1', 'latin1'),
};
for (const [name, content] of Object.entries(FILES)) await writeFile(join(folder, name), content);
await mkdir(join(folder, 'links'));
await symlink(join(folder, 'gone.csv'), join(folder, 'links/broken.csv'));

const CASES: readonly (readonly [string, string, RegExp])[] = [
  ['number.csv', 'INPUT_MALFORMED', /number\.csv:4: field 'n' wants int32, got "many"/],
  ['values.csv', 'INPUT_MALFORMED', /values\.csv:4: 1 values for 2 columns/],
  ['quote.csv', 'INPUT_MALFORMED', /quote\.csv:4: a quote is still open/],
  ['header.csv', 'INPUT_MALFORMED', /header\.csv' has no column 's'; its header has n, t/],
  ['broken.jsonl', 'INPUT_MALFORMED', /broken\.jsonl:2: .*JSON/],
  ['missing.jsonl', 'INPUT_MALFORMED', /missing\.jsonl:3: field 's' is missing/],
  ['type.jsonl', 'INPUT_MALFORMED', /type\.jsonl:1: field 'n' wants int32, got "x"/],
  ['text.parquet', 'INPUT_MALFORMED', /text\.parquet/],
  ['cut.parquet', 'INPUT_MALFORMED', /cut\.parquet/],
  ['nowhere.csv', 'INPUT_NOT_FOUND', /cannot read '.*nowhere\.csv'/],
  ['good.csv/n.csv', 'INPUT_NOT_FOUND', /cannot read '.*n\.csv': ENOTDIR/],
  ['links', 'INPUT_NOT_FOUND', /cannot read '.*broken\.csv': ENOENT/],
  ['li*/*.csv', 'INPUT_NOT_FOUND', /cannot read '.*broken\.csv': ENOENT/],
  ['*.nothing', 'INPUT_NOT_FOUND', /no file matches the pattern/],
];

for (const [name, code, message] of CASES) {
  test(`${name}: ${code}, with its place`, async () => {
    for (const threads of [0, 2]) {
      const run = reading.run({ threads, params: { input: join(folder, name) } });
      await assert.rejects(run, { code, message });
    }
  });
}

test('malformed records are skipped and counted when that is asked for', async () => {
  for (const [name, skipped] of [
    ['number.csv', 1],
    ['values.csv', 1],
    ['broken.jsonl', 1],
    ['type.jsonl', 1],
    ['good.csv', 0],
  ] as const) {
    const params = { input: join(folder, name), onMalformed: 'skip' };
    for (const threads of [0, 2]) {
      const result = await reading.run({ threads, params });
      assert.equal(result.operators[0]!.skippedRecords, skipped, name);
      const places = result.skipped.map(({ place }) => place.replace(/:\d+$/, ''));
      assert.deepEqual(places, skipped === 0 ? [] : [join(folder, name)]);
    }
  }
});

test('dead letters are a stream: every malformed record with its place, none of the others lost', async () => {
  const input = join(folder, 'letters');
  await mkdir(input);
  const badLines = new Map<string, string>();
  for (let file = 0; file < 6; file++) {
    const lines = Array.from({ length: 3000 }, (_, n) => {
      if (n % 500 !== 7) return `${file * 3000 + n},x`;
      badLines.set(`${join(input, `${file}.csv`)}:${n + 2}`, `bad ${file} ${n},y`);
      return `bad ${file} ${n},y`;
    });
    await writeFile(join(input, `${file}.csv`), `n,s\n${lines.join('\n')}\n`);
  }
  for (const threads of [0, 1, 2]) {
    const { good, bad, reasons } = await deadLetters.collect({ threads, params: { input } });
    assert.equal(good.length, 6 * 3000 - badLines.size);
    assert.equal(new Set(good).size, good.length);
    assert.deepEqual(new Map(bad.map(({ place, text }) => [place, text])), badLines);
    assert.equal(bad.length, badLines.size);
    const [first] = bad;
    assert.equal(first!.place, `${first!.file}:${first!.line}`);
    assert.match(first!.reason, /^field 'n' wants int32, got "bad \d \d+"$/);
    assert.equal(reasons.length, badLines.size);
  }
});

test('dead letters come also from files that hold nothing else', async () => {
  const input = join(folder, 'only-bad');
  await mkdir(input);
  for (let file = 0; file < 3; file++)
    await writeFile(join(input, `${file}.csv`), 'n,s\nx,1\ny,2\n');
  for (const threads of [0, 2]) {
    const { good, bad } = await deadLetters.collect({ threads, params: { input } });
    assert.deepEqual([good.length, bad.length], [0, 6]);
    const result = await reading.run({ threads, params: { input, onMalformed: 'skip' } });
    assert.equal(result.operators[0]!.skippedRecords, 6);
    assert.equal(result.skipped.length, 5);
  }
});

test('dead letters that nobody reads, or that the source does not hand over', async () => {
  const params = { input: join(folder, 'good.csv') };
  await assert.rejects(unread.collect({ threads: 0, params }), {
    code: 'JOB_DEFINITION',
    message: "nobody reads the side output 'dead letters' of 'csv': read it by .deadLetters()",
  });
  await assert.rejects(unasked.collect({ threads: 0, params }), {
    code: 'JOB_DEFINITION',
    message: "'csv' has no side output 'dead letters'; it has none",
  });
});

test('the command line shows the first few that were skipped', async () => {
  const input = join(folder, 'many-bad.csv');
  await writeFile(input, `${GOOD_CSV}${'x,1\n'.repeat(7)}`);
  const run = await millrace(
    ...['run', jobFile('reading'), '--threads', 1, '--no-progress'],
    ...['-p', `input=${input}`, '-p', 'onMalformed=skip'],
  );
  assert.equal(run.code, 0);
  const lines = run.stderr.trimEnd().split('\n');
  assert.match(lines[0]!, /9 records|2 records/);
  assert.match(lines[0]!, /7 malformed and skipped$/);
  const reason = `field 'n' wants int32, got "x"`;
  const shown = [4, 5, 6, 7, 8].map((line) => `  ${input}:${line}: ${reason}`);
  assert.deepEqual(lines.slice(1), [...shown, '  ...']);
});

test('the command line shows the place, and no stack', async () => {
  const run = await millrace(
    ...['run', jobFile('reading'), '--threads', 1, '--no-progress'],
    ...['-p', `input=${join(folder, 'number.csv')}`],
  );
  assert.equal(run.code, 1);
  assert.match(
    run.stderr,
    /^error INPUT_MALFORMED: operator 'csv': .*number\.csv:4: field 'n' wants int32, got "many"\n$/,
  );
});

const Row = record({ n: t.int32, s: t.string, time: t.timestamp });

const MISTAKES: readonly (readonly [string, string, string, (flow: Flow) => unknown])[] = [
  [
    'a key that is no field',
    'FIELD_UNKNOWN',
    "keyBy: no field 'm'; the row has n, s, time",
    (flow) => rows(flow).keyBy('m' as 'n'),
  ],
  [
    'an event time that is no field',
    'FIELD_UNKNOWN',
    "eventTime: no field 'when'; the row has n, s, time",
    (flow) => rows(flow).eventTime('when' as 'time', monotonous()),
  ],
  [
    'an event time that is text',
    'FIELD_TYPE',
    "eventTime 's': the field is string",
    (flow) => rows(flow).eventTime('s' as 'time', monotonous()),
  ],
  [
    'a projection on no field',
    'FIELD_UNKNOWN',
    "project: no field 'm'; the row has n, s, time",
    (flow) => rows(flow).project('m' as 'n'),
  ],
  [
    'a partitioning by no field',
    'FIELD_UNKNOWN',
    "partitionCustom: no field 'm'; the row has n, s, time",
    (flow) => rows(flow).partitionCustom(() => 0, 'm' as 'n'),
  ],
  [
    'a running sum of no field',
    'FIELD_UNKNOWN',
    "sum: no field 'm'; the row has n, s, time",
    (flow) =>
      rows(flow)
        .keyBy('n')
        .sum('m' as 'n'),
  ],
  [
    'an aggregate of no field',
    'FIELD_UNKNOWN',
    "max 'most': no field 'm'; the row has n, s, time",
    (flow) =>
      rows(flow)
        .keyBy('n')
        .window(tumbling(1))
        .aggregate(({ max }) => ({ most: max('m' as 'n') })),
  ],
  [
    'an aggregate of values of no field',
    'FIELD_UNKNOWN',
    "first 'one': no field 'm'; the row has n, s, time",
    (flow) =>
      rows(flow)
        .keyBy('n')
        .window(tumbling(1))
        .aggregate(({ first }) => ({ one: first('m' as 'n') })),
  ],
  [
    'a schema with a field that rows do not have',
    'FIELD_UNKNOWN',
    "as: no field 'm'; the row has n, s, time",
    (flow) => rows(flow).as(record({ m: t.int32 })),
  ],
  [
    'a schema of other types than those of the rows',
    'FIELD_TYPE',
    "as: field 's' is string, not int32",
    (flow) => rows(flow).as(record({ s: t.int32 })),
  ],
  [
    'two steps of one uid',
    'JOB_DEFINITION',
    "operators 'filter' and 'project' have the same uid 'same': give each one of its own",
    (flow) =>
      rows(flow)
        .filter(() => true)
        .uid('same')
        .project('n')
        .uid('same')
        .to(blackhole()),
  ],
  [
    'a sum of text',
    'FIELD_TYPE',
    "sum 'total': field 's' is string",
    (flow) =>
      rows(flow)
        .keyBy('n')
        .window(tumbling(1))
        .aggregate(({ sum }) => ({ total: sum('s' as 'n') })),
  ],
  [
    'a window of no length',
    'JOB_DEFINITION',
    'the size of a tumbling window must be whole milliseconds above 0',
    () => tumbling(0),
  ],
  [
    'a parallelism below 1',
    'JOB_DEFINITION',
    'parallelism must be a whole number from 1 to 32768, got 0',
    (flow) => rows(flow).parallelism(0),
  ],
];

const rows = (flow: Flow) => flow.from(collection([{ n: 1, s: 'a', time: 1 }], Row));

for (const [what, code, message, build] of MISTAKES) {
  test(`${what} is refused before anything runs`, async () => {
    const wrong = job(import.meta, what, (flow) => {
      build(flow);
      rows(flow).to(blackhole());
    });
    await assert.rejects(wrong.run({ threads: 0 }), { code, message });
  });
}

test('a window without event times says what to do', async () => {
  const timeless = job(import.meta, 'timeless', (flow) => {
    rows(flow)
      .keyBy('n')
      .window(tumbling(1))
      .aggregate(({ count }) => ({ rows: count() }))
      .to(blackhole());
  });
  await assert.rejects(timeless.run({ threads: 0 }), {
    code: 'TIMESTAMP_INVALID',
    message: /operator 'window' needs event times; call \.eventTime\(field, strategy\) before it/,
  });
});

test('a parameter that was not given has its default, whatever it is called', async () => {
  const inherited = job(import.meta, 'inherited', (flow) => {
    assert.equal(flow.param('constructor', 'none'), 'none');
    rows(flow).to(blackhole());
  });
  await inherited.run({ threads: 0 });
});

test('a job without an end is refused', async () => {
  const endless = job(import.meta, 'without end', (flow) => {
    rows(flow).filter(() => true);
  });
  await assert.rejects(endless.run({ threads: 0 }), {
    code: 'JOB_DEFINITION',
    message: "job 'without end' has no end: send a stream .to(a sink), or return it",
  });
});

test('a job that is defined by an asynchronous function is refused', async () => {
  const later = job(import.meta, 'later', async (flow) => {
    rows(flow).to(blackhole());
  });
  await assert.rejects(later.run({ threads: 0 }), {
    code: 'JOB_DEFINITION',
    message:
      "job 'later' is defined by an asynchronous function: await in the module, in front of job(...)",
  });
});

test('a row that is none is told as such', async () => {
  for (const none of [undefined, null] as unknown as { n: number }[]) {
    const missing = job(import.meta, `collection of ${none}`, (flow) => {
      flow.from(collection([none!], record({ n: t.int32 }))).to(blackhole());
    });
    await assert.rejects(missing.run({ threads: 0 }), {
      code: 'FIELD_TYPE',
      message: `operator 'collection': row 0 of the collection: the row is ${none}`,
    });
  }
});

test('a flatMap that returns a promise is told so', async () => {
  const promising = job(import.meta, 'promising', (flow) => {
    rows(flow)
      .flatMap((row, out) => Promise.resolve(out(row)))
      .to(blackhole());
  });
  await assert.rejects(promising.run({ threads: 0 }), {
    code: 'USER_FUNCTION',
    message:
      /the function returned a promise, and nothing waits for it here; mapAsync does\n {4}at .*bad-input\.test\.ts:\d+:\d+$/,
  });
});

test('a field without a type is refused', () => {
  for (const type of [undefined, null, 'string', t.dynamic]) {
    assert.throws(() => record({ n: type as never }), {
      code: 'JOB_DEFINITION',
      message: /^record: field 'n' has a type such as t\.string or t\.dynamic\(\), got /,
    });
  }
});

for (const [option, value] of [
  ['threads', -1],
  ['threads', 1.5],
  ['parallelism', 0],
  ['maxParallelism', 0],
  ['maxParallelism', 100_000],
  ['threadHeapMb', 0],
  ['threadHeapMb', Number.NaN],
] as const) {
  test(`${option}: ${value} is refused`, async () => {
    const fine = job(import.meta, `${option} ${value}`, (flow) => {
      rows(flow).to(blackhole());
    });
    await assert.rejects(fine.run({ [option]: value }), {
      code: 'JOB_DEFINITION',
      message: new RegExp(`^${option} must be a whole number from`),
    });
  });
}
