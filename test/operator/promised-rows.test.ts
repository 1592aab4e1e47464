/** Functions of joins and patterns that return a promise, without being async, are refused: it would be a row, or hold as a condition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../src/api/cep/pattern.ts';
import { type } from '../../src/api/emits.ts';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { session, tumbling } from '../../src/api/windows.ts';
import { harness2 } from '../../src/testing/harness2.ts';

type Row = { readonly k: number };
type Build = (a: Stream<Row>, b: Stream<Row>) => RowStream<unknown>;

const later = (answer?: unknown): never => Promise.resolve(answer) as never;
const one = pattern<Row>().begin('a', () => true);

const CASES: Readonly<Record<string, Build>> = {
  join: (a, b) =>
    a
      .join(b)
      .on('k', 'k')
      .window(tumbling(10))
      .apply(() => later(1)),
  coGroup: (a, b) =>
    a
      .coGroup(b)
      .on('k', 'k')
      .window(tumbling(10))
      .apply(() => later([1])),
  'join of sessions': (a, b) =>
    a
      .join(b)
      .on('k', 'k')
      .window(session(10))
      .apply(() => later(1)),
  'coGroup of sessions': (a, b) =>
    a
      .coGroup(b)
      .on('k', 'k')
      .window(session(10))
      .apply(() => later([1])),
  intervalJoin: (a, b) =>
    a
      .keyBy('k')
      .intervalJoin(b.keyBy('k'))
      .between(-5, 5)
      .process(() => later(1)),
  'intervalJoin that emits': (a, b) =>
    a
      .keyBy('k')
      .intervalJoin(b.keyBy('k'))
      .between(-5, 5)
      .process({ emits: type<number>(), onPair: () => later() }),
  broadcastJoin: (a, b) =>
    a
      .broadcastJoin(b)
      .on('k', 'k')
      .apply(() => later(1)),
  select: (a) =>
    a
      .keyBy('k')
      .match(one)
      .select(() => later(1)),
  flatSelect: (a) =>
    a
      .keyBy('k')
      .match(one)
      .flatSelect(() => later([1])),
  'matches that emit': (a) =>
    a
      .keyBy('k')
      .match(one)
      .process({ emits: type<number>(), onMatch: () => later() }),
  'a condition': (a) =>
    a
      .keyBy('k')
      .match(pattern<Row>().begin('a', () => later(false)))
      .select(() => 1),
  'the condition of until': (a) =>
    a
      .keyBy('k')
      .match(one.oneOrMore().until(() => later(false)))
      .select(() => 1),
};

for (const [name, build] of Object.entries(CASES)) {
  test(`a promise is refused: ${name}`, async () => {
    await assert.rejects(
      async () => {
        const h = await harness2<Row, Row>(build);
        h.pushSecond({ k: 1 }, 1);
        h.pushFirst({ k: 1 }, 1);
        h.pushFirst({ k: 1 }, 2);
        await h.end();
      },
      { code: 'USER_FUNCTION', message: /returned a promise, and nothing waits/ },
    );
  });
}
