/** What the compiler infers of connectors of one's own, checked by the compiler: this file is never run. */
import {
  type ColumnsToFill,
  type Flow,
  generate,
  type RowGenerator,
  record,
  type Sink,
  type Source,
  t,
} from 'millrace';
import {
  defineSink,
  defineSource,
  type PollFunction,
  poll,
  type SourceDefinition,
  send,
} from 'millrace/connectors';
import { files, jsonLines } from 'millrace/connectors/files';
import { sinkConformance, sourceConformance } from 'millrace/testing';
import { type Equal, expect } from './expect.ts';

const Bid = record({ auction: t.int32, price: t.float64 });
type Bid = { auction: number; price: number };

// The rows are those of the schema, or those that are read; the position is that of `start`.
const bids = defineSource({
  name: 'bids',
  schema: Bid,
  start: { page: 0 },
  splits: async (parallelism) => [{ id: 'a', detail: { shard: parallelism } }],
  async *read({ position, split, signal }) {
    expect<Equal<typeof position, { page: number }>>();
    expect<Equal<typeof split.detail, { shard: number }>>();
    expect<Equal<typeof signal, AbortSignal>>();
    yield { records: [{ auction: 1, price: 2 }], position: { page: position.page + 1 } };
  },
});
expect<Equal<typeof bids, Source<Bid>>>();

const words = defineSource({
  name: 'words',
  *read({ position, split }) {
    expect<Equal<typeof position, null>>();
    expect<Equal<typeof split.detail, null>>();
    yield { records: ['a'], position: null };
  },
});
expect<Equal<typeof words, Source<string>>>();

// Splits that come later are of the same type as those that are there.
const tables = defineSource({
  name: 'tables',
  schema: Bid,
  discover: '30 s',
  splits: () => [{ id: 'a', detail: { table: 'a' } }],
  *read({ split }) {
    expect<Equal<typeof split.detail, { table: string }>>();
    yield { records: [], position: null };
  },
});
expect<Equal<typeof tables, Source<Bid>>>();

defineSource({
  name: 'wrong interval',
  // @ts-expect-error an interval has a unit
  discover: '30',
  splits: () => [{ id: 'a', detail: null }],
  read: () => [],
});

// What ends a split is asked of a row of the source.
declare const flowUntil: Flow;
flowUntil.from(bids, { until: ({ price }) => price < 0 });
flowUntil.from(words, { until: (word) => word === 'end' });
// @ts-expect-error a bid has no word
flowUntil.from(bids, { until: ({ word }) => word === 'end' });

// Parts become one by size, by checkpoints, or by both.
files('out', jsonLines(Bid), { compact: { size: 1_000_000, checkpoints: 10 } });
// @ts-expect-error there is no count of files
files('out', jsonLines(Bid), { compact: { files: 10 } });

defineSource({
  name: 'wrong position',
  start: 0,
  // @ts-expect-error a position is a number
  *read() {
    yield { records: [1], position: 'behind' };
  },
});
defineSource({
  name: 'no plain data',
  // @ts-expect-error a position is plain data
  start: new Date(),
  read: () => [],
});
defineSource({
  name: 'wrong rows',
  schema: Bid,
  // @ts-expect-error the rows are no bids
  read: () => [{ records: [{ auction: 'one' }], position: null }],
});
defineSource({
  name: 'rows that lack a field',
  schema: Bid,
  // @ts-expect-error a bid has a price
  async *read() {
    yield { records: [{ auction: 1 }], position: null };
  },
});

const polled = poll(async (after) => ({ records: [{ id: after }], position: after + 1 }), {
  start: 0,
  every: '1 s',
});
expect<Equal<typeof polled, Source<{ id: number }>>>();
poll((after) => ({ records: [{ auction: 1, price: 1 }], position: after }), {
  start: 'begin',
  schema: Bid,
  // @ts-expect-error no such unit
  every: '1 fortnight',
});
// @ts-expect-error a bid has a price
poll(async () => ({ records: [{ auction: 1 }], position: null }), { schema: Bid });

// What hands definitions on keeps their types.
function twice<Row>(options: RowGenerator<Row>): Source<Row> {
  return generate({ ...options, count: 2 });
}
function again<Row>(call: PollFunction<Row, null>): Source<Row> {
  return poll(call, { retry: { strategy: 'exponential' } });
}
function renamed<Row, Position, Detail>(
  definition: SourceDefinition<Row, Position, Detail>,
): Source<Row> {
  return defineSource({ ...definition, name: 'another' });
}
expect<Equal<ReturnType<typeof twice<Bid>>, Source<Bid>>>();
void [again, renamed];

// A sink takes the rows of the stream that ends in it.
function ends(flow: Flow): void {
  const stream = flow.from(bids);
  stream.to(
    send(async (rows, { attempt, signal }) => {
      expect<Equal<typeof rows, readonly Bid[]>>();
      expect<Equal<typeof attempt, number>>();
      expect<Equal<typeof signal, AbortSignal>>();
    }),
  );
  const prices = defineSink({
    name: 'prices',
    async open({ runId }) {
      return {
        write(rows: readonly { readonly price: number }[]) {
          void rows;
        },
        preCommit: async () => [{ token: runId }],
      };
    },
    commit(all) {
      expect<Equal<(typeof all)[number]['token'], string>>();
    },
  });
  expect<Equal<typeof prices, Sink<{ readonly price: number }>>>();
  stream.to(prices);
  // @ts-expect-error words have no price
  flow.from(words).to(prices);
  flow.from(words).to(files('out', jsonLines()));
  flow.from(files('in', jsonLines(Bid), { watch: { every: '1 s', settle: 0 } })).to(prices);
}
void ends;

// A suite knows the rows of its connector.
sourceConformance({ source: () => bids, rows: [{ auction: 1, price: 2 }] });
// @ts-expect-error rows of another source
sourceConformance({ source: () => bids, rows: ['a'] });
sinkConformance({
  sink: () => send((rows: readonly Bid[]) => rows.length),
  row: (n) => ({ auction: n, price: n }),
  visible: () => [],
  clear() {},
});

// Columns that a generator fills are those of the values, whether a field may be null or not.
const Filled = record({
  n: t.int32,
  v: t.nullable(t.float64),
  s: t.nullable(t.string),
  long: t.nullable(t.int64),
  flag: t.nullable(t.boolean),
  day: t.nullable(t.date),
  any: t.dynamic<unknown>(),
  point: t.nullable(t.dynamic<{ x: number }>()),
});
const filled = generate({
  schema: Filled,
  fill(columns, _from, _rowCount, setNull) {
    expect<Equal<typeof columns.v, Int32Array | Float64Array>>();
    expect<Equal<typeof columns.v, typeof columns.n>>();
    expect<Equal<typeof columns.long, BigInt64Array>>();
    expect<Equal<typeof columns.flag, Uint8Array>>();
    expect<Equal<typeof columns.day, Float64Array>>();
    expect<Equal<typeof columns.any, unknown[]>>();
    expect<Equal<typeof columns.point, ({ x: number } | null)[]>>();
    columns.s.append('x');
    columns.v[0] = 1;
    // @ts-expect-error null is written by setNull
    columns.v[0] = null;
    // @ts-expect-error a text is appended
    columns.s[0] = 'x';
    setNull('v', 0);
    setNull('s', 0);
    setNull('point', 0);
    setNull('any', 0);
    // @ts-expect-error the field may not be null
    setNull('n', 0);
    // @ts-expect-error no such field
    setNull('none', 0);
  },
});
expect<
  Equal<
    typeof filled,
    Source<{
      n: number;
      v: number | null;
      s: string | null;
      long: bigint | null;
      flag: boolean | null;
      day: Date | null;
      any: unknown;
      point: { x: number } | null;
    }>
  >
>();
const fillBids = ({ auction }: ColumnsToFill<Bid>, from: number): void => {
  auction[0] = from;
};
generate({ schema: Bid, fill: fillBids });

// The rows that a generator makes are those of the schema, where there is one.
const made = generate({
  schema: Bid,
  row: (i, random) => ({ auction: i, price: random.below(9) }),
});
expect<Equal<typeof made, Source<Bid>>>();
const free = generate({ row: (i) => (i > 1 ? { n: i } : { n: null }) });
expect<Equal<typeof free, Source<{ n: number } | { n: null }>>>();
// @ts-expect-error a bid has a price
generate({ schema: Bid, row: (i) => ({ auction: i }) });
// @ts-expect-error a price is a number
generate({ schema: Bid, row: (i) => ({ auction: i, price: '1' }) });
// @ts-expect-error a bid has a price, also where nothing is read
generate({ schema: Bid, row: () => ({ auction: 1 }) });
