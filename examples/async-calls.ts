/**
 * Calls a service for each row, many at a time: a call that fails is made again, one that takes too long gets an answer of its
 * own, and the results keep the order of the rows.
 *
 *   ok.example: 200
 *   shaky.example: 200, at attempt 2
 *   slow.example: no answer
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { collection, job } from 'millrace';

/** Stands for a request. */
async function ask(host: string, attempt: number, signal: AbortSignal): Promise<number> {
  if (host === 'slow.example') await sleep(60_000, null, { signal });
  if (host === 'shaky.example' && attempt === 1) throw new Error('connection reset');
  return 200;
}

const checked = job(import.meta, 'checked', (flow) => {
  const answers = flow.from(collection(['ok.example', 'shaky.example', 'slow.example'])).mapAsync(
    async (host, { attempt, signal }) => {
      const status = await ask(host, attempt, signal);
      return `${host}: ${status}${attempt > 1 ? `, at attempt ${attempt}` : ''}`;
    },
    {
      capacity: 50,
      timeout: '2 s',
      onTimeout: (host) => `${host}: no answer`,
      retry: { strategy: 'exponential', attempts: 3, initialDelay: '10 ms' },
    },
  );
  return { answers };
});

const { answers } = await checked.collect({ threads: 0 });
for (const answer of answers) console.log(answer);
