/** A job as a user of the package writes it. */
import { collection, job, monotonous, tumbling } from 'millrace';
export default job(import.meta, 'visits', (flow) => {
  const visits = flow
    .from(
      collection([
        { page: '/', time: 10 },
        { page: '/', time: 20 },
        { page: '/a', time: 70_000 },
      ]),
    )
    .eventTime('time', monotonous())
    .keyBy('page')
    .window(tumbling('1 min'))
    .aggregate(({ count }) => ({ visits: count() }));
  return { visits };
});
