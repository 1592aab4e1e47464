/** What plain JavaScript may give to public functions by mistake: refused where it is given, and told what there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blackhole,
  boundedOutOfOrderness,
  collection,
  custom,
  customWindow,
  deltaEvictor,
  deltaTrigger,
  type Flow,
  generate,
  hybrid,
  job,
  monotonous,
  print,
  record,
  reducing,
  sideOutput,
  sliding,
  slidingCount,
  t,
  tumbling,
  tumblingCount,
  type,
} from 'millrace';
import { pattern } from 'millrace/cep';
import { byTime, csv, files, jsonLines, parquet } from 'millrace/connectors/files';
import { httpPost, sse } from 'millrace/connectors/net';
import { harness, harness2, simulate, sinkConformance, sourceConformance } from 'millrace/testing';

/** A function as plain JavaScript sees it. */
type Loose = (...given: readonly unknown[]) => unknown;
const loose = (fn: unknown): Loose => fn as Loose;

const Row = record({ n: t.int32, s: t.string });
const rows = (flow: Flow) => flow.from(collection([{ n: 1, s: 'a' }], Row));
const row = (n: number) => ({ n });
const typo = { paralelism: 2 };

const endless = generate({ schema: Row, row: (n) => ({ n, s: '' }) });
const ended = collection([{ n: 1, s: 'a' }], Row);

/** Steps that would pass promises on. */
const ASYNC: readonly (readonly [string, (flow: Flow) => unknown, RegExp])[] = [
  ['map', (flow) => rows(flow).map(async (given) => given), /^map: .* is async, .* take mapAsync$/],
  [
    'filter',
    (flow) => loose(rows(flow).filter.bind(rows(flow)))(async () => false),
    /^filter: .* is async, .* take mapAsync, and filter behind it$/,
  ],
  [
    'flatMap',
    (flow) => rows(flow).flatMap(async () => {}),
    /^flatMap: .* is async, .* take flatMapAsync$/,
  ],
  [
    'flatMap',
    (flow) => rows(flow).flatMap(async function* () {}),
    /^flatMap: .* is async, .* take flatMapAsync$/,
  ],
  [
    'map of two streams',
    (flow) =>
      rows(flow)
        .connect(rows(flow))
        .map({ first: (given) => given, second: async (given) => given }),
    /^map: second: .* is async, .* take mapAsync, before the streams are connected$/,
  ],
];

const later = async (): Promise<never> => Promise.reject(new Error('never called'));
const keyed = (flow: Flow) => rows(flow).keyBy('s');
const windows = (flow: Flow) => keyed(flow).window(tumbling('1 h'));
const joined = (flow: Flow) => rows(flow).join(rows(flow)).on('s', 's').window(tumbling('1 h'));
const emits = type<number>();
const unread = (): void => {};

/** Functions whose answer nothing waits for, by what the error names. */
const PLAIN: readonly (readonly [string, (flow: Flow) => unknown])[] = [
  ['keyBy', (flow) => loose(rows(flow).keyBy.bind(rows(flow)))(later)],
  ['partitionBy', (flow) => loose(rows(flow).partitionBy.bind(rows(flow)))(later)],
  ['partitionCustom', (flow) => loose(rows(flow).partitionCustom.bind(rows(flow)))(later, 's')],
  ['partitionCustom: the key', (flow) => rows(flow).partitionCustom(() => 0, later)],
  ['reduce', (flow) => loose(keyed(flow).reduce.bind(keyed(flow)))(later)],
  ['process: onRecord', (flow) => keyed(flow).process({ emits, onRecord: later })],
  ['process: onTimer', (flow) => keyed(flow).process({ emits, onRecord: unread, onTimer: later })],
  ['reduce', (flow) => loose(windows(flow).reduce.bind(windows(flow)))(later)],
  [
    'aggregate: add',
    (flow) =>
      windows(flow).aggregate(({ aggregate }) => ({
        sum: loose(aggregate)({ create: () => 0, add: later }) as never,
      })),
  ],
  ['process: onWindow', (flow) => windows(flow).process({ emits, onWindow: later })],
  [
    'process: onClear',
    (flow) => windows(flow).process({ emits, onWindow: unread, onClear: later }),
  ],
  ['deltaEvictor', () => loose(deltaEvictor)(1, later)],
  ['deltaTrigger', () => loose(deltaTrigger)(1, later)],
  ['customWindow: assign', () => loose(customWindow)({ assign: later })],
  ['apply', (flow) => joined(flow).apply(later)],
  [
    'apply',
    (flow) => {
      const found = rows(flow).lookup('s', later);
      return loose(found.apply.bind(found))(later);
    },
  ],
  ['process', (flow) => keyed(flow).intervalJoin(keyed(flow)).between('0 s', '1 s').process(later)],
  ['map', (flow) => loose(rows(flow).fullPartition().map)(later)],
  ['reducing: the function', () => loose(reducing)(type<number>(), later)],
  ['begin: the condition', () => loose(pattern<{ n: number }>().begin)('first', later)],
  [
    'until: the condition',
    () => {
      const many = pattern<{ n: number }>()
        .begin('all', () => true)
        .oneOrMore();
      loose(many.until.bind(many))(later);
    },
  ],
  [
    'select',
    (flow) =>
      keyed(flow)
        .match(pattern<{ n: number }>().begin('a', () => true))
        .select(later),
  ],
  ['custom: onRecord', () => loose(custom)({ onRecord: later })],
  ['generate: row', () => loose(generate)({ row: later })],
];

const CALLS: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'hybrid',
    () => loose(hybrid)(ended),
    /^hybrid: source 2 is a source, such as files.*undefined$/,
  ],
  [
    'hybrid',
    () => hybrid(endless, ended),
    /^hybrid: source 1 has an end, as all but the last have/,
  ],
  [
    'hybrid',
    () => hybrid(ended, collection([{ n: 1, s: 'a' }])),
    /^hybrid: source 2 has the schema of the first one, got null$/,
  ],
  [
    'hybrid',
    () => hybrid(ended, hybrid(ended, endless)),
    /^hybrid: source 2 is read by the subtasks themselves, and is no hybrid, got /,
  ],
  [
    'withAlignment',
    () => monotonous().withAlignment('', '1 s'),
    /^alignment: the group is a text that is not empty, got ''$/,
  ],
  ['withAlignment', () => monotonous().withAlignment('all', -1), /^alignment: the drift /],
  [
    'withAlignment',
    () => monotonous().withAlignment('all', '1 s', { every: 0 }),
    /^alignment: every is longer than nothing, got 0$/,
  ],
  [
    'withAlignment',
    () => loose(monotonous().withAlignment)('all', '1 s', { evry: 5 }),
    /^alignment: unknown option 'evry'; there are: every$/,
  ],
  [
    'files',
    () => loose(files)('in', csv(), { onMalformd: 'skip' }),
    /^files: unknown option 'onMalformd'; there are: onMalformed, watch, existing, rolling, bucket, compact, onCommit$/,
  ],
  [
    'files',
    () => loose(files)('in', csv(), { onMalformed: 'ignore' }),
    /^files: onMalformed is one of 'fail', 'skip', 'deadLetter', got 'ignore'$/,
  ],
  [
    'files',
    () => loose(files)('out', csv(), { existing: 'overwrite' }),
    /^files: existing is one of 'fail', 'replace', 'keep', got 'overwrite'$/,
  ],
  [
    'files',
    () => loose(files)('out', csv(), { existing: null }),
    /^files: existing is one of .* got null$/,
  ],
  [
    'files',
    () => loose(files)('out', csv(), { bucket: 5 }),
    /^files: bucket is the name of a field, a function of a row, or made by byTime\(\.\.\.\), got 5$/,
  ],
  [
    'files',
    () => loose(files)('out', csv(), { bucket: { pattern: 'yyyy' } }),
    /^files: bucket is the name of a field, .* got \{ pattern: 'yyyy' \}$/,
  ],
  [
    'files',
    () => loose(files)('out', csv(), { bucket: ' ' }),
    /^files: bucket is a text .* got ' '$/,
  ],
  ['files', () => loose(files)('out', csv(), { bucket: later }), /^files: bucket is not async, /],
  [
    'files',
    () => loose(files)('out', csv(), { rolling: { onCheckpoint: 'yes' } }),
    /^files: rolling: onCheckpoint is one of true, false, got 'yes'$/,
  ],
  [
    'files',
    () => loose(files)('out', csv(), { rolling: { size: '1 MB' } }),
    /^files: rolling: size is a number of bytes, 0 or more, or null, got '1 MB'$/,
  ],
  [
    'files',
    () => loose(files)('out', csv(), { rolling: { age: '1 week' } }),
    /^files: rolling: age must be milliseconds or a text such as .* got '1 week'$/,
  ],
  [
    'sourceConformance',
    () => loose(sourceConformance)({ source: () => ended, failing: () => ended }),
    /^sourceConformance: failing: options are an object, got \[Function: failing\]$/,
  ],
  [
    'sourceConformance',
    () => loose(sourceConformance)({ source: () => ended, failing: { source: () => ended } }),
    /^sourceConformance: failing: message is a regular expression, got undefined$/,
  ],
  [
    'sinkConformance',
    () =>
      loose(sinkConformance)({
        sink: blackhole,
        row,
        visible: () => [],
        clear: unread,
        failing: { source: () => ended, message: /no/ },
      }),
    /^sinkConformance: failing: unknown option 'source'; there are: sink, message$/,
  ],
  [
    'httpPost',
    () => httpPost('http://127.0.0.1:1/', { headers: { 'a b': 'secret' } }),
    /^httpPost: headers: Header name must be a valid HTTP token \["a b"\]$/,
  ],
  [
    'sse',
    () => sse('http://127.0.0.1:1/', jsonLines(), { headers: { token: 'sec\nret' } }),
    /^sse: headers: Invalid character in header content \["token"\]$/,
  ],
  ['byTime', () => loose(byTime)('yyyy', { zone: 1 }), /^byTime: zone is a text .* got 1$/],
  ['byTime', () => loose(byTime)('yyyy', { time: 'row' }), /^byTime: time is one of .* got 'row'$/],
  [
    'byTime',
    () => loose(byTime)({ zone: 'UTC' }),
    /^byTime: the pattern is a text, got \{ zone: 'UTC' \}$/,
  ],
  ['files', () => loose(files)('in', csv(), 'skip'), /^files: options are an object, got 'skip'$/],
  ['files', () => loose(files)('', csv()), /^files: the path is a text that is not empty, got ''$/],
  [
    'files',
    () => loose(files)(['a.csv', 'b.csv'], csv()),
    /^files: the path is a text .* got \[ 'a.csv', 'b.csv' \]$/,
  ],
  [
    'files',
    () => loose(files)('in', csv),
    /^files: the format is csv\(\), .* got \[Function: csv\]$/,
  ],
  ['files', () => loose(files)('in'), /^files: the format is csv\(\), .* got undefined$/],
  [
    'csv',
    () => loose(csv)({ seperator: ';' }),
    /^csv: unknown option 'seperator'; there are: header, delimiter, /,
  ],
  [
    'csv',
    () => loose(csv)(undefined, { delimiter: ';' }),
    /^csv: what stands in front of options is made by record\(.*, got undefined$/,
  ],
  [
    'csv',
    () => loose(csv)({ header: true }, { delimiter: ';' }),
    /^csv: what stands in front of options is made by record/,
  ],
  [
    'jsonLines',
    () => loose(jsonLines)({ schema: Row }),
    /^jsonLines: the schema is made by record\(\{ \.\.\. \}\), got \{/,
  ],
  ['parquet', () => loose(parquet)({ n: t.int32 }), /^parquet: the schema is made by record\(/],
  [
    'collection',
    () => loose(collection)(new Set([1])),
    /^collection: rows are an array, got Set\(1\) \{ 1 \}$/,
  ],
  [
    'collection',
    () => loose(collection)([], { n: t.int32 }),
    /^collection: the schema is made by record/,
  ],
  ['generate', () => loose(generate)(), /^generate: options are an object, got undefined$/],
  [
    'generate',
    () => loose(generate)({ row, counts: 5 }),
    /^generate: unknown option 'counts'; there are: schema, count, seed, row, fill$/,
  ],
  [
    'generate',
    () => loose(generate)({ row, count: -1 }),
    /^generate: count is a whole number, 0 or more, got -1$/,
  ],
  ['generate', () => loose(generate)({ row, count: 2.5 }), /^generate: count is a whole number/],
  [
    'generate',
    () => loose(generate)({ row, count: '5' }),
    /^generate: count is a whole number, 0 or more, got '5'$/,
  ],
  [
    'generate',
    () => loose(generate)({ row, seed: Number.NaN }),
    /^generate: seed is a whole number, got NaN$/,
  ],
  ['generate', () => loose(generate)({ row: 'n' }), /^generate: row is a function, got 'n'$/],
  [
    'generate',
    () => loose(generate)({ count: 5 }),
    /^generate needs either row or fill, got \{ count: 5 \}$/,
  ],
  [
    'generate',
    () => loose(generate)({ schema: Row, row, fill: row }),
    /^generate needs either row or fill/,
  ],
  [
    'generate',
    () => loose(generate)({ fill: row }),
    /^generate: with fill, schema is made by record.* got undefined$/,
  ],
  [
    'generate',
    () => loose(generate)({ row, schema: { n: t.int32 } }),
    /^generate: schema is made by record/,
  ],
  [
    'print',
    () => loose(print)({ label: 'x' }),
    /^print: the label is a text, got \{ label: 'x' \}$/,
  ],
  [
    'print',
    () => loose(print)('x', { to: 'paper' }),
    /^print: to is one of 'stdout', 'stderr', got 'paper'$/,
  ],
  [
    'sideOutput',
    () => loose(sideOutput)(),
    /^the name of a side output is a text that is not empty, got undefined$/,
  ],
  [
    'tumbling',
    () => loose(tumbling)('1 h', { ofset: '5 min' }),
    /^tumbling: unknown option 'ofset'; there are: offset, time, stagger$/,
  ],
  [
    'tumbling',
    () => loose(tumbling)('1 h', '5 min'),
    /^tumbling: options are an object, got '5 min'$/,
  ],
  [
    'tumbling',
    () => loose(tumbling)('1 h', { time: 'wall' }),
    /^tumbling: time is one of 'event', 'processing', got 'wall'$/,
  ],
  [
    'tumbling',
    () => loose(tumbling)('1 h', { offset: Number.NaN }),
    /^the offset of a window must be milliseconds .* got NaN$/,
  ],
  [
    'tumbling',
    () => loose(tumbling)('1 h', { offset: null }),
    /^the offset of a window must be milliseconds .* got 'null'$/,
  ],
  [
    'tumbling',
    () => loose(tumbling)('1 h', { offset: '--5 min' }),
    /^the offset of a window must be milliseconds/,
  ],
  [
    'tumbling',
    () => loose(tumbling)('1 h', { offset: 0.5 }),
    /^the offset of a window is whole milliseconds, got 0.5$/,
  ],
  [
    'tumbling',
    () => loose(tumbling)(10n),
    /^size of a tumbling window must be milliseconds .* got 10n$/,
  ],
  [
    'sliding',
    () => loose(sliding)('1 h', { time: 'event' }),
    /^slide of a sliding window must be milliseconds/,
  ],
  [
    'sliding',
    () => loose(sliding)('1 h', '1 min', { times: 'event' }),
    /^sliding: unknown option 'times'; there are: offset, time, stagger$/,
  ],
  [
    'tumblingCount',
    () => loose(tumblingCount)({ size: 5 }),
    /^the size of a count window is a whole number above 0, got \{ size: 5 \}$/,
  ],
  [
    'slidingCount',
    () => loose(slidingCount)(5),
    /^the slide of a count window is a whole number above 0, got undefined$/,
  ],
  [
    'boundedOutOfOrderness',
    () => loose(boundedOutOfOrderness)({ bound: '5 s' }),
    /^out-of-orderness must be milliseconds .* got \{ bound: '5 s' \}$/,
  ],
  [
    'withIdleness',
    () => loose(monotonous().withIdleness)(),
    /^idleness must be milliseconds .* got undefined$/,
  ],
  [
    'withIdleness',
    () => loose(monotonous().withIdleness)(0),
    /^idleness is longer than nothing, got 0$/,
  ],
  [
    'custom',
    () => loose(custom)({ onrecord: row }),
    /^custom: unknown option 'onrecord'; there are: create, onRecord, onPeriodic$/,
  ],
  ['custom', () => loose(custom)({ onRecord: 5 }), /^custom: onRecord is a function, got 5$/],
  [
    'custom',
    () =>
      loose(custom)(
        new (class Marks {
          onperiodic(): void {}
        })(),
      ),
    /^custom has some of create, onRecord, onPeriodic, got Marks \{\}$/,
  ],
  [
    'custom',
    () =>
      loose(custom)(
        new (class {
          readonly onPeriodic = 5;
        })(),
      ),
    /^custom: onPeriodic is a function, got 5$/,
  ],
  ['custom', () => loose(custom)(row), /^custom: options are an object, got \[Function: row\]$/],
  [
    'job',
    () => loose(job)(import.meta, row),
    /^job: the name is a text that is not empty, got \[Function: row\]$/,
  ],
  [
    'job',
    () => loose(job)(import.meta, 'undefined'),
    /^job 'undefined': what defines it is a function, got undefined$/,
  ],
];

for (const [what, call, message] of CALLS) {
  test(`${what}: ${message.source}`, () => {
    assert.throws(call, { code: 'JOB_DEFINITION', message });
  });
}

const asyncStep =
  (step: 'mapAsync' | 'flatMapAsync' | 'mapParallel', ...given: readonly unknown[]) =>
  (flow: Flow): unknown => {
    const stream = rows(flow) as unknown as Record<string, Loose>;
    return stream[step]!(() => 1, ...given);
  };

const BUILDS: readonly (readonly [string, (flow: Flow) => unknown, RegExp])[] = [
  [
    'mapAsync',
    (flow) => loose(rows(flow).mapAsync.bind(rows(flow)))(5),
    /^mapAsync is a function, got 5$/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { order: true }),
    /^mapAsync: unknown option 'order'; there are: ordered, capacity, timeout, onTimeout, retry$/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { capacity: 0 }),
    /^mapAsync: capacity is a whole number, 1 or more, got 0$/,
  ],
  [
    'flatMapAsync',
    asyncStep('flatMapAsync', { ordered: 'yes' }),
    /^flatMapAsync: ordered is one of true, false, got 'yes'$/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { onTimeout: () => 1 }),
    /^mapAsync: onTimeout needs a timeout beside it/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { timeout: 'soon' }),
    /^mapAsync: timeout must be milliseconds or a text/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { retry: { strategy: 'often' } }),
    /^mapAsync: retry: strategy is one of 'fixedDelay', 'exponential', got 'often'$/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { retry: { strategy: 'fixedDelay', initialDelay: 5 } }),
    /^mapAsync: retry: unknown option 'initialDelay'; there are: /,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { retry: { strategy: 'exponential', multiplier: 0.5 } }),
    /^mapAsync: retry: multiplier is a number from 1 on, got 0.5$/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { retry: { strategy: 'fixedDelay', ifError: 'all' } }),
    /^mapAsync: retry: ifError is a function, got 'all'$/,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { retry: { strategy: 'fixedDelay', ifError: async () => false } }),
    /^mapAsync: retry: ifError /,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { retry: { strategy: 'fixedDelay', ifResult: async () => false } }),
    /^mapAsync: retry: ifResult /,
  ],
  [
    'mapAsync',
    asyncStep('mapAsync', { timeout: 5, onTimeout: async () => 1 }),
    /^mapAsync: onTimeout /,
  ],
  [
    'mapParallel',
    asyncStep('mapParallel', { retry: { strategy: 'fixedDelay', ifResult: () => true } }),
    /^mapParallel: retry: unknown option 'ifResult'; there are: strategy, delay, attempts, ifError$/,
  ],
  [
    'mapParallel',
    asyncStep('mapParallel', { threads: 0 }),
    /^mapParallel: threads is a whole number, 1 or more, got 0$/,
  ],
  [
    'mapParallel',
    asyncStep('mapParallel', { capacity: 5 }),
    /^mapParallel: unknown option 'capacity'; there are: threads, batchRows, /,
  ],
  [
    'lookup',
    (flow) => loose(rows(flow).lookup.bind(rows(flow)))(5, () => 1),
    /^lookup: a key that is no field is a function, got 5$/,
  ],
  [
    'lookup',
    (flow) => rows(flow).lookup('n', (n) => n, { cache: {} as { maxEntries: number } }),
    /^lookup: cache: maxEntries is how many keys to keep, got undefined$/,
  ],
  [
    'lookup',
    (flow) => rows(flow).lookup('n', (n) => n, { cache: { maxEntries: 0 } }),
    /^lookup: cache: maxEntries is a whole number, 1 or more, got 0$/,
  ],
  [
    'from',
    (flow) => loose(flow.from.bind(flow))(collection([]), typo),
    /^from: unknown option 'paralelism'; there are: name, uid, parallelism, rate, until$/,
  ],
  [
    'from',
    (flow) => loose(flow.from.bind(flow))(collection([]), 'source'),
    /^from: options are an object, got 'source'$/,
  ],
  [
    'from',
    (flow) => loose(flow.from.bind(flow))(collection([]), { rate: '100' }),
    /^from: rate is a number of records a second, 0 or more, got '100'$/,
  ],
  [
    'from',
    (flow) => loose(flow.from.bind(flow))(collection([]), { name: '' }),
    /^name is a text that is not empty, got ''$/,
  ],
  [
    'from',
    (flow) => loose(flow.from.bind(flow))(collection([]), { uid: 7 }),
    /^uid is a text that is not empty, got 7$/,
  ],
  [
    'from',
    (flow) => loose(flow.from.bind(flow))(collection([]), { parallelism: null }),
    /^parallelism must be a whole number from 1 to 32768, got null$/,
  ],
  ['from', (flow) => loose(flow.from.bind(flow))(csv()), /^from takes a source, such as files\(/],
  [
    'input',
    (flow) => loose(flow.input.bind(flow))({ schema: Row }),
    /^input: the schema is made by record/,
  ],
  [
    'param',
    (flow) => loose(flow.param.bind(flow))('rate'),
    /^param 'rate' has a default: a text, a number or a boolean, got undefined$/,
  ],
  [
    'as',
    (flow) => loose(rows(flow).as.bind(rows(flow)))({ n: t.int32 }),
    /^as: the schema is made by record/,
  ],
  [
    'to',
    (flow) => loose(rows(flow).to.bind(rows(flow)))(csv()),
    /^to takes a sink, such as files\(/,
  ],
  [
    'eventTime',
    (flow) => rows(flow).eventTime('n', boundedOutOfOrderness as never),
    /^eventTime: the strategy is made by .* got \[Function: boundedOutOfOrderness\]$/,
  ],
  [
    'eventTime',
    (flow) => rows(flow).eventTime('n', undefined as never),
    /^eventTime: the strategy is made by .* got undefined$/,
  ],
  [
    'eventTime',
    (flow) =>
      rows(flow)
        .map((row) => row)
        .eventTime('n', monotonous().withAlignment('all', '1 s')),
    /^eventTime: a strategy with alignment stands right behind a source, which alone can be held back, got /,
  ],
  [
    'keyBy',
    (flow) => loose(rows(flow).keyBy.bind(rows(flow)))(),
    /^keyBy needs fields or a function, got \[\]$/,
  ],
  [
    'keyBy',
    (flow) => rows(flow).keyBy({ field: 'n' } as never),
    /^keyBy: a field is a text that is not empty, got \{ field: 'n' \}$/,
  ],
  [
    'window',
    (flow) =>
      rows(flow)
        .keyBy('n')
        .window('1 h' as never),
    /^window takes tumbling\(/,
  ],
];

/** What an aggregation may be defined by. */
const DEFINITIONS: readonly (readonly [(words: Record<string, Loose>) => unknown, RegExp])[] = [
  [
    ({ count }) => count!(),
    /^aggregate 'kind' is made by count\(\), sum\(...\) and so on, got 'count'$/,
  ],
  [
    ({ count }) => ({ rows: count }),
    /^aggregate 'rows' is made by count\(\), .* got \[Function: count\]$/,
  ],
  [() => ({ rows: null }), /^aggregate 'rows' is made by .* got null$/],
  [() => {}, /^aggregate gives aggregates by name, such as \{ rows: count\(\) \}, got undefined$/],
  [({ sum }) => ({ total: sum!() }), /^aggregate 'total' needs a field or a function$/],
  [
    ({ quantile }) => ({ high: quantile!('n') }),
    /^the share of a quantile is 0 to 1, got undefined$/,
  ],
  [
    ({ aggregate }) => ({
      own: aggregate!({ create: row, add: row, merge: row, result: row, merged: row }),
    }),
    /^aggregate: unknown option 'merged'; there are: create, add, merge, result, pack, unpack$/,
  ],
  [
    ({ aggregate }) => ({ own: aggregate!({ create: row, add: row, result: row }) }),
    /^aggregate: merge is a function, got undefined$/,
  ],
  [
    ({ aggregate }) => ({ own: aggregate!(row) }),
    /^aggregate: options are an object, got \[Function: row\]$/,
  ],
];

const definitions = DEFINITIONS.map(
  ([define, message]) =>
    [
      'aggregate',
      (flow: Flow) =>
        rows(flow)
          .keyBy('n')
          .window(tumblingCount(2))
          .aggregate(define as never),
      message,
    ] as const,
);

const plain = PLAIN.map(
  ([what, build]) =>
    [
      `${what}`,
      build,
      new RegExp(`^${what} is not async, for nothing waits for it here, got`),
    ] as const,
);
for (const [what, build, message] of [...BUILDS, ...ASYNC, ...plain, ...definitions]) {
  test(`${what}: ${message.source}`, async () => {
    const wrong = job(import.meta, message.source, (flow) => {
      build(flow);
      rows(flow).to(blackhole());
    });
    await assert.rejects(wrong.run({ threads: 0 }), { code: 'JOB_DEFINITION', message });
  });
}

const fine = job(import.meta, 'fine', (flow) => ({ rows: rows(flow) }));
const RUN_NAMES =
  'threads, parallelism, chaining, generatedUids, params, bufferTimeout, maxParallelism, threadHeapMb, checkpoints, restoreFrom, fresh, ' +
  'allowDroppedState, restart, batch, port, host, token, allowedOrigins, log, openTelemetry, signal';

for (const how of ['run', 'start', 'collect'] as const) {
  const start = loose(fine[how].bind(fine)) as (options: unknown) => Promise<unknown>;
  const names = how === 'start' ? `${RUN_NAMES}, outputs` : RUN_NAMES;
  for (const [options, message] of [
    [typo, `${how}: unknown option 'paralelism'; there are: ${names}`],
    [null, `${how}: options are an object, got null`],
    [2, `${how}: options are an object, got 2`],
    [[], `${how}: options are an object, got []`],
    [{ threads: '2' }, `${how}: threads is a number, got '2'`],
    [{ threads: null }, `${how}: threads is a number, got null`],
    [{ parallelism: '2' }, `${how}: parallelism is a number, got '2'`],
    [{ maxParallelism: [128] }, `${how}: maxParallelism is a number, got [ 128 ]`],
    [{ threadHeapMb: '48' }, `${how}: threadHeapMb is a number, got '48'`],
    [{ params: 'in=out' }, `${how}: params is an object of values by name, got 'in=out'`],
    [{ signal: new AbortController() }, /: signal is an AbortSignal, got AbortController/],
    [{ signal: null }, `${how}: signal is an AbortSignal, got null`],
    [{ bufferTimeout: '10' }, /: bufferTimeout must be milliseconds or a text .* got '10'$/],
    [{ outputs: 'no' }, /outputs/],
    [
      { checkpoints: { dir: 'nowhere', unaligned: 'late' } },
      /^.*checkpoints: unaligned is true, false, or \{ after: '30 s' \}, got 'late'$/,
    ],
    [
      { checkpoints: { dir: 'nowhere', unaligned: { after: 'soon' } } },
      /^.*checkpoints: unaligned: after .*, got 'soon'$/,
    ],
    [
      { checkpoints: { dir: 'nowhere', unaligned: {} } },
      /^.*checkpoints: unaligned: after .*, got undefined$/,
    ],
    [
      { checkpoints: { dir: 'nowhere', unaligned: { after: 5 }, mode: 'atLeastOnce' } },
      /^.*checkpoints: unaligned left out with mode atLeastOnce, got \{ after: 5 \}$/,
    ],
    [
      { checkpoints: { dir: 'nowhere', incremental: 'yes' } },
      /^.*checkpoints: incremental .*, got 'yes'$/,
    ],
  ] as const) {
    test(`${how}: ${message} is refused`, async () => {
      await assert.rejects(start(options), { code: 'JOB_DEFINITION', message });
    });
  }

  test(`${how}: a parameter that is no plain value is refused, one that is left out is not`, async () => {
    const params = { day: new Date(0) };
    await assert.rejects(start({ threads: 0, params }), {
      code: 'PARAM_INVALID',
      message: /^parameter 'day' must be a text, a number or a boolean, got 1970/,
    });
  });
}

test('options that are undefined are left out', async () => {
  const nothing = { threads: 0, parallelism: undefined, signal: undefined, params: undefined };
  const run = loose(fine.collect.bind(fine)) as (options: unknown) => Promise<unknown>;
  assert.deepEqual(await run(nothing), { rows: [{ n: 1, s: 'a' }] });
});

test('a generator of watermarks and an aggregate of a class may have fields of their own', async () => {
  class Marks {
    readonly everyMs = 5;
    onPeriodic(): void {}
  }
  class Last {
    readonly calls: string[] = [];
    create = (): number => 0;
    add(): number {
      return 7;
    }
    merge = (a: number): number => a;
    result = (a: number): number => a;
  }
  const classes = job(import.meta, 'of classes', (flow) => ({
    rows: rows(flow)
      .eventTime('n', custom(new Marks()))
      .keyBy('n')
      .window(tumblingCount(1))
      .aggregate(({ aggregate }) => ({ last: aggregate(new Last()) })),
  }));
  assert.deepEqual(await classes.collect({ threads: 0 }), { rows: [{ n: 1, last: 7 }] });
});

const NAMES =
  'batchSize, outputCapacity, parallelism, maxParallelism, seed, batch, restartEach, snapshotsBetween';
for (const [what, run, schemas] of [
  ['harness', loose(harness), 'schema'],
  ['harness2', loose(harness2), 'firstSchema, secondSchema'],
] as const) {
  const build = (stream: unknown): unknown => stream;
  const [schema] = schemas.split(', ');
  for (const [options, message] of [
    [typo, `${what}: unknown option 'paralelism'; there are: ${NAMES}, ${schemas}`],
    [7, `${what}: options are an object, got 7`],
    [{ batchSize: 'every' }, `${what}: batchSize is a whole number, 1 or more, got 'every'`],
    [{ batchSize: 0 }, `${what}: batchSize is a whole number, 1 or more, got 0`],
    [{ outputCapacity: 0 }, `${what}: outputCapacity is a whole number, 1 or more, got 0`],
    [{ parallelism: 1.5 }, `${what}: parallelism is a whole number, 1 or more, got 1.5`],
    [{ maxParallelism: 0 }, `${what}: maxParallelism is a whole number, 1 or more, got 0`],
    [{ seed: 'x' }, `${what}: seed is a number, got 'x'`],
    [{ snapshotsBetween: -1 }, `${what}: snapshotsBetween is a whole number, 0 or more, got -1`],
    [{ [schema!]: { n: t.int32 } }, new RegExp(`^${what}: ${schema} is made by record`)],
  ] as const) {
    test(`${what}: ${message} is refused`, async () => {
      await assert.rejects(run(build, options) as Promise<unknown>, {
        code: 'JOB_DEFINITION',
        message,
      });
    });
  }
}

test('a rate without bound is none', async () => {
  const unbound = job(import.meta, 'unbound', (flow) => ({
    rows: flow.from(collection([1, 2, 3]), { rate: Infinity }),
  }));
  assert.deepEqual(await unbound.collect({ threads: 0 }), { rows: [1, 2, 3] });
});

test('a restart of a harness with options that it does not have is refused', async () => {
  const h = await harness((stream) => stream);
  const restart = loose(h.restart.bind(h)) as (options: unknown) => Promise<unknown>;
  for (const [options, message] of [
    [typo, "restart: unknown option 'paralelism'; there are: parallelism"],
    [{ parallelism: 0 }, 'restart: parallelism is a whole number, 1 or more, got 0'],
    [2, 'restart: options are an object, got 2'],
  ] as const) {
    await assert.rejects(restart(options), { code: 'JOB_DEFINITION', message });
  }
});

test('a simulation with parameters that are none is refused', async () => {
  const ended = job(import.meta, 'simulated', (flow) => ({ rows: rows(flow) }));
  await assert.rejects(simulate(ended, { params: null as never }), {
    code: 'JOB_DEFINITION',
    message: 'simulate: params is an object of values by name, got null',
  });
});
