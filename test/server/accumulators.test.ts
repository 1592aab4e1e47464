/** What functions count, as Flink's clients ask for accumulators. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, JobRoute } from '../../src/server/rest.ts';
import { findRoute } from '../../src/server/rest-api.ts';

test('counters and gauges of all steps are one list, those of one name together', async () => {
  const { route } = findRoute('GET', '/jobs/abc/accumulators');
  const tasks = [
    {
      operators: [
        { counters: { seen: 3, 'not whole': 0.5 }, gauges: { lag: [2] } },
        { counters: { seen: 4 }, gauges: {} },
      ],
    },
    { operators: [{ counters: {}, gauges: { lag: [7, -1] } }] },
  ];
  const answer = await (route as JobRoute).handle({ metrics: { tasks } } as unknown as Call);
  assert.deepEqual(answer, {
    'job-accumulators': [],
    'user-task-accumulators': [
      { name: 'seen', type: 'Counter', value: '7' },
      { name: 'not whole', type: 'Counter', value: '0.5' },
      { name: 'lag', type: 'Gauge', value: '[2, 7, -1]' },
    ],
    'serialized-user-task-accumulators': {},
  });
});
