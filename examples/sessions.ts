/**
 * Sessions of clicks: a visit lasts as long as a visitor clicks at least every half hour.
 *
 *   ada: 3 clicks in 15 min, from / to /buy
 *   ada: 2 clicks in 1 min, from /help to /contact
 *   bob: 2 clicks in 30 min, from / to /prices
 */
import { boundedOutOfOrderness, collection, job, record, session, t } from 'millrace';

const Click = record({ user: t.string, page: t.string, time: t.timestamp });

const minute = 60_000;
const clicks = [
  { user: 'ada', page: '/', time: 0 },
  { user: 'bob', page: '/', time: 5 * minute },
  { user: 'ada', page: '/prices', time: 10 * minute },
  { user: 'ada', page: '/buy', time: 15 * minute },
  { user: 'bob', page: '/prices', time: 35 * minute },
  { user: 'ada', page: '/help', time: 90 * minute },
  { user: 'ada', page: '/contact', time: 91 * minute },
];

const visits = job(import.meta, 'visits', (flow) => {
  const visits = flow
    .from(collection(clicks, Click))
    .eventTime('time', boundedOutOfOrderness('5 min'))
    .keyBy('user')
    .window(session('30 min'))
    .aggregate(({ count, first, last, min, max }) => ({
      clicks: count(),
      entry: first('page'),
      exit: last('page'),
      begin: min('time'),
      end: max('time'),
    }));
  return { visits };
});

const rows = (await visits.collect({ threads: 0 })).visits.toSorted(
  (a, b) => a.user.localeCompare(b.user) || a.begin - b.begin,
);
for (const { user, clicks, begin, end, entry, exit } of rows) {
  console.log(
    `${user}: ${clicks} clicks in ${(end - begin) / minute} min, from ${entry} to ${exit}`,
  );
}
