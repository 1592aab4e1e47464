/** Side outputs and metrics of functions of pairs and of matches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../src/api/cep/pattern.ts';
import { type } from '../../src/api/emits.ts';
import type { Stream } from '../../src/api/stream.ts';
import { session } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { inEveryMode, inEveryMode2 } from '../modes.ts';
import { both, keyed, odd, onSum, shown } from './sides.ts';
import { push, Row } from './window-records.ts';

const Left = record({ k: t.string, l: t.int32 });
const Right = record({ k: t.string, r: t.int32 });
type Left = { k: string; l: number };
type Right = { k: string; r: number };

const joined = (a: Stream<Left>, b: Stream<Right>) =>
  a
    .keyBy('k')
    .intervalJoin(b.keyBy('k'))
    .between(-5, 5)
    .process({
      emits: type<string>(),
      onPair({ k, l }, { r }, ctx) {
        ctx.metrics.counter('pairs').add();
        if ((l + r) % 2 === 0) ctx.emit(`${k}${l}-${r}`);
        else ctx.output(odd, `${k}${l}-${r}`);
      },
    });

inEveryMode2(
  'a function of pairs sends rows aside, at the greater of both times',
  Left,
  Right,
  joined,
  async (h) => {
    h.pushFirst({ k: 'a', l: 1 }, 1);
    h.pushSecond({ k: 'a', r: 2 }, 4);
    h.pushSecond({ k: 'a', r: 3 }, 0);
    h.pushSecond({ k: 'b', r: 3 }, 3);
    h.pushFirst({ k: 'b', l: 2 }, 2);
    await h.end();
    assert.deepEqual(both(h), [['a1-3@1'], ['a1-2@4', 'b2-3@3']]);
    assert.deepEqual(h.userMetrics().counters, { pairs: 3 });
  },
);

test('more pairs than a slice has go aside', async () => {
  const h = await harness2<Left, Right, string>(joined, { outputCapacity: 1 });
  for (let n = 0; n < 300; n++) h.pushFirst({ k: 'a', l: 2 * n }, 1);
  for (let n = 0; n < 300; n++) h.pushSecond({ k: 'a', r: 2 * n + 1 }, 1);
  assert.equal(new Set(shown(h.take(odd))).size, 90_000);
});

inEveryMode(
  'a function of matches sends rows aside, at the time of the last record',
  Row,
  (rows) =>
    keyed(rows)
      .match(
        pattern<Row>()
          .begin('one', ({ v }) => v === 1)
          .next('other', ({ v }) => v > 1),
      )
      .process({
        emits: type<string>(),
        onMatch: ({ one, other }, ctx) => onSum(ctx, one[0].k, other[0].v),
      }),
  (h) => {
    push(h, 'a 1@1, b 1@2, a 2@3, b 5@5');
    h.watermark(20);
    assert.deepEqual(both(h), [['a2@3'], ['b5@5']]);
    assert.deepEqual(h.userMetrics().counters, { windows: 2 });
  },
);

test('functions without a context have no side outputs', async () => {
  for (const build of [
    (rows: Stream<Row>) =>
      keyed(rows)
        .window(session(5))
        .reduce((a) => a),
    (rows: Stream<Row>) =>
      keyed(rows)
        .intervalJoin(keyed(rows))
        .between(0, 0)
        .process((a) => a),
    (rows: Stream<Row>) =>
      keyed(rows)
        .match(pattern<Row>().begin('one', () => true))
        .select(({ one }) => one[0]),
  ]) {
    await assert.rejects(
      harness<Row, unknown>((rows) => build(rows).sideOutput(odd)),
      { code: 'JOB_DEFINITION', message: /has no side output 'odd'; it has none/ },
    );
  }
});
