/** What the compiler infers in patterns and their matches, checked by the compiler: this file is never run. */
import { type Flow, generate, record, sideOutput, t } from 'millrace';
import { type MatchOf, pattern, type TimedOutOf } from 'millrace/cep';
import { type Equal, expect, type RowOfStream } from './expect.ts';

const Login = record({ user: t.string, ip: t.string, ok: t.boolean, time: t.timestamp });
type Login = { user: string; ip: string; ok: boolean; time: number };
type Failed = Login & { ok: false };

declare const flow: Flow;
declare function login(): Login;
declare function isFailed(row: Login): row is Failed;

const logins = flow.from(generate({ schema: Login, row: login }));

const threeFails = pattern<Login>()
  .begin('first', (row) => !row.ok)
  .followedBy('more', (row, ctx) => {
    expect<Equal<ReturnType<typeof ctx.matched<'first'>>, readonly [Login]>>();
    return !row.ok && row.ip === ctx.matched('first')[0].ip && ctx.matched('more').length < 3;
  })
  .times(2)
  .next('success', (row) => row.ok)
  .within('10 min');

const late = sideOutput<Login>('late logins');
const timedOut = sideOutput<TimedOutOf<typeof threeFails>>('unfinished');
const numbers = sideOutput<number>('numbers');

const found = logins
  .keyBy('user')
  .match(threeFails, { skip: 'pastLast', timedOut, late })
  .select((match) => {
    expect<Equal<typeof match.first, readonly [Login]>>();
    expect<Equal<typeof match.more, readonly [Login, Login]>>();
    return { user: match.first[0].user, second: match.more[1].ip, at: match.success[0].time };
  });
expect<Equal<RowOfStream<typeof found>, { user: string; second: string; at: number }>>();

logins.keyBy('user').match(threeFails, { skip: { toLast: 'more' } });
logins.matchAll(threeFails).flatSelect<string>((match, out) => out(match.success[0].user));

// A guard narrows; many, optional and ranges have the arrays that they can have.
const shapes = pattern<Login>()
  .begin('fails', isFailed)
  .oneOrMore()
  .greedy()
  .next('two', isFailed)
  .times(2, 4)
  .followedByAny('any', (row) => row.ok)
  .timesOrMore(3)
  .allowCombinations()
  .until((row, ctx) => row.ok && ctx.matched('fails')[0].ok)
  .followedBy('maybe', (row) => row.ok)
  .optional()
  .next('none', (row) => row.ok)
  .times(0, 2);
type Shapes = MatchOf<typeof shapes>;
expect<Equal<Shapes['fails'], readonly [Failed, ...Failed[]]>>();
expect<Equal<Shapes['two'], readonly [Failed, ...Failed[]]>>();
expect<Equal<Shapes['any'], readonly [Login, ...Login[]]>>();
expect<Equal<Shapes['maybe'], readonly [] | readonly [Login]>>();
expect<Equal<Shapes['none'], readonly Login[]>>();
expect<Equal<TimedOutOf<typeof threeFails>['more'], readonly Login[]>>();

// The steps of a group are steps of the pattern; what must not come is none.
const grouped = pattern<Login>()
  .begin('a', (row) => row.ok)
  .followedBy(
    'pair',
    pattern<Login>()
      .begin('b', isFailed)
      .next('c', (row) => row.ok),
  )
  .times(2)
  .notFollowedBy('quiet', (row) => !row.ok)
  .within(1000);
type Grouped = MatchOf<typeof grouped>;
expect<Equal<keyof Grouped, 'a' | 'b' | 'c'>>();
expect<Equal<Grouped['b'], readonly [Failed, Failed]>>();

// A step without a condition takes any record.
const anyTwo = pattern<Login>().begin('one').followedBy('two').oneOrMore();
expect<Equal<MatchOf<typeof anyTwo>['one'], readonly [Login]>>();
expect<Equal<MatchOf<typeof anyTwo>['two'], readonly [Login, ...Login[]]>>();
// @ts-expect-error what must not come has one
anyTwo.notNext('three');

// A pattern of fewer fields fits.
logins.keyBy('user').match(pattern<{ ok: boolean }>().begin('a', (row) => row.ok));

const matches = logins.keyBy('user').match(threeFails);
matches.process({
  emits: Login,
  onMatch(match, { output, metrics }) {
    metrics.meter('matches').markEvent();
    output(late, match.success[0]);
    // @ts-expect-error: not a row of the side output
    output(numbers, match.success[0]);
  },
});

// @ts-expect-error no such step
threeFails.next('more2', (_, ctx) => ctx.matched('frist').length > 0);
// @ts-expect-error a name twice
threeFails.next('first', (row) => row.ok);
// @ts-expect-error no such step to skip to
logins.keyBy('user').match(threeFails, { skip: { toFirst: 'frist' } });
// @ts-expect-error no such step in the match
matches.select((match) => match.frist);
// @ts-expect-error no third record
matches.select((match) => match.more[2]);
// @ts-expect-error a side output of other rows
logins.keyBy('user').match(threeFails, { late: numbers });
// @ts-expect-error a pattern of other records
logins.keyBy('user').match(pattern<{ shop: number }>().begin('a', (row) => row.shop > 1));
