/** Every public function has an example in its docstring, or its class has one that calls it; all of them compile, and run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Job } from 'millrace';
import { examplesOf, publicFunctions } from './docstrings.ts';
import { compile, kindOf, type Snippet, writeModules } from './snippets.ts';

/** Called by the engine alone. */
const INTERNAL: ReadonlySet<string> = new Set([
  'StringEntries.all',
  'StringEntries.one',
  'StringEntries.own',
  'StringEntries.few',
  'Flow.checkInputs',
  'Flow.checkParams',
  'Job.build',
  'Job.register',
  'Stream.collectAs',
  'Stream.isRead',
  'Pattern.draft',
  'Batch.withTimestamps',
  'Batch.withKeyHashes',
  'Batch.withoutKeyHashes',
  'BatchBuilder.setAbsent',
  'BatchBuilder.keyHashes',
  'BatchBuilder.abandonRow',
  'BatchBuilder.truncate',
  'BatchBuilder.appendSelected',
  'BatchBuilder.appendTimes',
]);

/** What a call in an example that begins with a dot is called on, by class, by class and call, or by the call alone. */
const RECEIVERS: ReadonlyMap<string, string> = new Map([
  ['Step', 'bids'],
  ['Stream', 'bids'],
  ['KeyedStream', "bids.keyBy('user')"],
  ['WindowedStream', "bids.keyBy('user').window(tumbling('1 min'))"],
  ['Lookup', "bids.lookup('auction', (id) => findAuction(id))"],
  ['BroadcastJoin', 'orders.broadcastJoin(countries)'],
  ['BroadcastPair', "orders.broadcastJoin(countries).on('country', 'code')"],
  ['StreamPair', 'auctions.join(bids)'],
  ['KeyedPair', "auctions.join(bids).on('id', 'auction')"],
  ['WindowedPair', "auctions.join(bids).on('id', 'auction').window(tumbling('1 h'))"],
  ['WindowJoin', "auctions.join(bids).on('id', 'auction').window(tumbling('1 h'))"],
  ['WindowCoGroup', "auctions.coGroup(bids).on('id', 'auction').window(tumbling('1 h'))"],
  ['IntervalJoin', "bids.keyBy('auction').intervalJoin(auctions.keyBy('id'))"],
  ['IntervalPairs', "bids.keyBy('auction').intervalJoin(auctions.keyBy('id')).between(0, '5 s')"],
  ['FullPartition', 'bids.fullPartition()'],
  ['KeyedPartition', "bids.keyBy('user').fullPartition()"],
  ['MatchStream', "logins.keyBy('user').match(threeFails)"],
  ['PatternStart', 'pattern<Login>()'],
  ['Pattern', "pattern<Login>().begin('first', (login) => !login.ok)"],
  ['WindowedStream.window', "bids.keyBy('user')"],
  ['.window', "bids.keyBy('user')"],
  ['.trigger', "bids.keyBy('user').window(tumbling('1 min'))"],
  ['.evictor', "bids.keyBy('user').window(tumbling('1 min'))"],
  ['.lateTo', "bids.keyBy('user').window(tumbling('1 min'))"],
  ['.eventTime', 'bids'],
]);

const functions = publicFunctions();
const classes = new Map(functions.map((one) => [one.name, one.docstring] as const));

/** An example that begins with a call gets something to call it on. */
function whole(name: string, code: string): string {
  const [call] = /^\.\w+/.exec(code) ?? [];
  if (call === undefined) return code;
  const [owner] = name.split('.');
  const receiver = RECEIVERS.get(owner + call) ?? RECEIVERS.get(owner!) ?? RECEIVERS.get(call);
  assert.ok(receiver !== undefined, `${name}: nothing is known to call ${call} on`);
  return `${receiver}\n${code}`;
}

const snippets: Snippet[] = functions.flatMap(({ name, docstring, isClass }) =>
  examplesOf(docstring).map((code, i) => ({
    id: `${isClass ? 'class-' : ''}${name.replace('.', '-')}-${i + 1}`,
    code: whole(name, code),
  })),
);
const files = writeModules('docstrings', snippets);

test('every public function has an example that calls it', () => {
  const without = functions.filter(({ name, docstring, isClass }) => {
    if (INTERNAL.has(name) || isClass) return false;
    const [owner, method] = name.split('.');
    const call = new RegExp(method === undefined ? `\\b${name}[<(]` : `\\.${method}[<(]`);
    const ofClass = method === undefined ? '' : (classes.get(owner!) ?? '');
    return ![...examplesOf(docstring), ...examplesOf(ofClass)].some((code) => call.test(code));
  });
  assert.deepEqual(
    without.map(({ name, file }) => `${name} (${file})`),
    [],
  );
});

test('what is called internal exists', () => {
  const names = new Set(functions.map(({ name }) => name));
  assert.deepEqual(
    [...INTERNAL].filter((name) => !names.has(name)),
    [],
  );
});

test('every example compiles', () => {
  assert.ok(snippets.length > 150);
  assert.equal(compile('docstrings'), '');
});

const NOT_RUN =
  /\b(files|print|fetch|tcp|stdin|stdout|httpIngest|httpPost|sse|sseBroadcast|webSocket|webSocketBroadcast|kafkaSource|kafkaSink)\(/;

for (const { id, code } of snippets) {
  test(`the example ${id} runs`, async () => {
    // Of files, of what prints and of what needs another side only the graph is made.
    const module = (await import(pathToFileURL(files.get(id)!).href)) as { example?: Job<unknown> };
    if (kindOf(code) !== 'steps') return;
    if (NOT_RUN.test(code)) module.example!.build({}, false);
    else await module.example!.run({ threads: 0 });
  });
}
