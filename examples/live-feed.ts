/**
 * A feed over WebSocket, followed live: the trades of each second and the highest price. The feed is a small server in this
 * file, which loses the connection once; the job connects again.
 *
 *   second 0: 4 trades, up to 103
 *   second 1: 4 trades, up to 107
 *   second 2: 2 trades, up to 109
 *   over 2 connections
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { job, monotonous, record, t, tumbling } from 'millrace';
import { jsonLines } from 'millrace/connectors/files';
import { webSocket } from 'millrace/connectors/net';
import { WebSocketServer } from 'ws';

const Trade = record({ symbol: t.string, price: t.float64, time: t.timestamp });

const following = job(import.meta, 'following', (flow) => {
  const seconds = flow
    .from(webSocket(flow.param('feed', 'ws://localhost:8080'), jsonLines(Trade)))
    .eventTime('time', monotonous())
    .keyBy('symbol')
    .window(tumbling('1 s'))
    .aggregate(({ count, max }) => ({ trades: count(), highest: max('price') }));
  return { seconds };
});

let connections = 0;

/** Ten trades and one of the next day, over two connections. */
async function startFeed(): Promise<WebSocketServer> {
  const feed = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  let next = 0;
  feed.on('connection', (socket) => {
    connections++;
    const last = connections === 1 ? 5 : 10;
    for (; next < last; next++) {
      socket.send(JSON.stringify({ symbol: 'ACME', price: 100 + next, time: next * 250 }));
    }
    if (connections === 1) socket.close();
    else socket.send(JSON.stringify({ symbol: 'ACME', price: 0, time: 86_400_000 }));
  });
  await once(feed, 'listening');
  return feed;
}

// Worker threads import this file too, and come as far as here.
if (isMainThread) {
  const feed = await startFeed();
  const { port } = feed.address() as AddressInfo;
  const client = await following.start({
    threads: 1,
    params: { feed: `ws://127.0.0.1:${port}` },
  });
  let shown = 0;
  for await (const { windowStart, trades, highest } of client.outputs.seconds) {
    console.log(`second ${windowStart / 1000}: ${trades} trades, up to ${highest}`);
    if (++shown === 3) break;
  }
  await client.cancel();
  console.log(`over ${connections} connections`);
  for (const socket of feed.clients) socket.terminate();
  feed.close();
}
