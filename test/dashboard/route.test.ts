/** The part of the address behind `#`, which anybody may have written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

/** By a name that the compiler does not follow: the page has types of a browser. */
const ROUTE = '../../dashboard/data/route.ts';

test('a place that is not encoded as it has to be is taken as it is', async () => {
  const page = { location: { hash: '#/graph/100%?metric=a' }, addEventListener() {} };
  Object.assign(globalThis, page);
  const { hrefOf, place } = await import(ROUTE);
  const { page: name, detail, query } = place.value;
  assert.deepEqual([name, detail, query.get('metric')], ['graph', '100%', 'a']);
  assert.equal(hrefOf('graph', '100%'), '#/graph/100%25');
});
