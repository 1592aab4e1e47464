/**
 * Clicks are posted to a job, and a page follows what it makes of them: HTTP in, Server-Sent Events out, and no server but
 * the job. Run this file: it posts three requests to itself, and shows the answers and the events.
 *
 *   200 {"accepted":2,"skipped":0}
 *   200 {"accepted":1,"skipped":0}
 *   400 {"error":"line 2: field 'hits' wants int32, got \"many\"","line":2}
 *   data: {"page":"/","hits":1}
 *   data: {"page":"/prices","hits":1}
 *   data: {"page":"/","hits":2}
 */
import { EventEmitter, once } from 'node:events';
import { job, record, t } from 'millrace';
import { httpIngest, sseBroadcast } from 'millrace/connectors/net';

const Click = record({ page: t.string, hits: t.int32 });

/** Port 0 is any that is free: whoever listens tells which. Without threads this is the one place where it is told. */
const listening = new EventEmitter();

const counting = job(import.meta, 'counting', (flow) => {
  flow
    .from(
      httpIngest(Click, {
        port: 0,
        path: '/clicks',
        onListening: ({ port }) => listening.emit('clicks', port),
      }),
    )
    .keyBy('page')
    .sum('hits')
    .to(
      sseBroadcast({
        port: 0,
        path: '/counts',
        onListening: ({ port }) => listening.emit('counts', port),
      }),
    )
    .parallelism(1);
});

const ports = Promise.all([once(listening, 'clicks'), once(listening, 'counts')]);
const client = await counting.start({ threads: 0, parallelism: 1 });
const [[clicks], [counts]] = await ports;

const events = await fetch(`http://127.0.0.1:${counts}/counts`);
const bodies = [
  '{"page":"/","hits":1}\n{"page":"/prices","hits":1}\n',
  '{"page":"/","hits":1}\n',
  '{"page":"/","hits":1}\n{"page":"/","hits":"many"}\n',
];
for (const body of bodies) {
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const answer = await fetch(`http://127.0.0.1:${clicks}/clicks`, {
    method: 'POST',
    headers,
    body,
  });
  console.log(answer.status, await answer.text());
}

// What was read before the job is drained still comes out; then it ends the stream.
await client.stop({ drain: true });
console.log((await events.text()).trimEnd().replaceAll('\n\n', '\n'));
