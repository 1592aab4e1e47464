/** Steps that are written once, for all streams that have the fields they need, checked by the compiler: this file is never run. */
import {
  type Aggregates,
  type Flow,
  generate,
  type InputStream,
  type KeyedStream,
  monotonous,
  record,
  type Stream,
  sideOutput,
  t,
  tumbling,
} from 'millrace';
import { pattern } from 'millrace/cep';
import { type Equal, expect, type RowOfStream } from './expect.ts';

const Visit = record({ page: t.string, user: t.int32, time: t.timestamp });
type Visit = { page: string; user: number; time: number };
type Paged = { page: string };

declare const flow: Flow;
declare function visit(): Visit;
const visits = flow.from(generate({ schema: Visit, row: visit }));

// A stream fits where fewer fields will do.
function byPage(stream: Stream<Paged>) {
  return stream
    .keyBy('page')
    .window(tumbling('1 h'))
    .aggregate(({ count }) => ({ visits: count() }));
}
const hourly = byPage(visits);
expect<
  Equal<
    RowOfStream<typeof hourly>,
    { page: string; windowStart: number; windowEnd: number; visits: number }
  >
>();
byPage(visits.map((row) => ({ ...row, more: 1 })));
byPage(visits.filter((row) => row.user > 0).eventTime('time', monotonous()));

// Fields that are missing, or of another type, are refused.
// @ts-expect-error
byPage(visits.project('user'));
// @ts-expect-error
byPage(visits.map(() => ({ page: 1 })));

// So it is behind keyBy, of keys too.
function counted(stream: KeyedStream<Paged, { user: number }>) {
  return stream.window(tumbling('1 h')).aggregate(({ count }) => ({ visits: count() }));
}
counted(visits.keyBy('user'));
counted(visits.keyBy('user', 'time'));
// @ts-expect-error
counted(visits.keyBy('page'));

// What a step does with all fields keeps them.
function distinctUsers<Row extends { user: number }>(stream: Stream<Row>): Stream<Row> {
  return stream.filter((row) => row.user > 0).rebalance();
}
expect<Equal<RowOfStream<ReturnType<typeof distinctUsers<Visit>>>, Visit>>();
expect<Equal<RowOfStream<typeof kept>, Visit>>();
const kept = distinctUsers(visits);

// A union of unequal streams has the fields of the one that it is asked of.
declare const pages: Stream<Paged>;
expect<Equal<RowOfStream<typeof both>, Paged>>();
const both = pages.union(visits);
// @ts-expect-error
visits.union(pages);

// Side outputs and patterns for fewer fields do for rows with more, but not the other way round.
const late = sideOutput<Paged>('late');
visits.keyBy('page').window(tumbling('1 h')).lateTo(late);
const lateVisits = sideOutput<Visit>('late visits');
// @ts-expect-error
pages.keyBy('page').window(tumbling('1 h')).lateTo(lateVisits);
const home = pattern<Paged>().begin('home', (row) => row.page === '/');
visits.keyBy('user').match(home);

// Aggregates and joins infer as they do for a stream that is at hand.
const busiest = visits
  .keyBy('page')
  .fullPartition()
  .aggregate(({ max }) => ({ last: max('time') }));
expect<Equal<RowOfStream<typeof busiest>, { page: string; last: number }>>();
visits.join(pages).on(['page'], ['page']);
// @ts-expect-error
visits.join(pages).on(['page'], ['user']);
// @ts-expect-error
visits.join(pages).on(['user'], ['page']);
visits.keyBy('page').intervalJoin(pages.keyBy('page')).between('-1 min', '1 min');

// Aggregates that are written once are for the rows of the stream that they are given to.
const users = ({ countDistinct }: Aggregates<Visit>) => ({ users: countDistinct('user') });
visits.keyBy('page').window(tumbling('1 h')).aggregate(users);
// @ts-expect-error
pages.keyBy('page').window(tumbling('1 h')).aggregate(users);
// @ts-expect-error
pages.fullPartition().aggregate(users);
// @ts-expect-error
pages.keyBy('page').fullPartition().aggregate(users);

// Who writes to an input writes whole rows.
const input = flow.input(Visit);
byPage(input);
declare function write(to: InputStream<Paged>): void;
// @ts-expect-error
write(input);
