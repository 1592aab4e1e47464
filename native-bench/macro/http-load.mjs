/**
 * Posts records to a server of this machine, in batches of 1000, over a few connections at a time; prints how many ms it took.
 *
 *   http-load.mjs <port> <records>
 */
import { Agent, request } from 'node:http';

const BATCH = 1000;
const CONNECTIONS = 4;
const RETRY_MS = 10;

const [port, records] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Made before the clock starts: ids begin anew in each batch. */
const lines = Array.from({ length: BATCH }, (_, n) =>
  JSON.stringify({
    id: n,
    user: `user ${n % 97}`,
    page: `/page/${n % 31}`,
    amount: n / 4,
    isNew: n % 3 === 0,
    time: 1_700_000_000_000 + n,
  }),
);
const whole = Buffer.from(`${lines.join('\n')}\n`);

function bodyOf(count) {
  return count === BATCH ? whole : Buffer.from(`${lines.slice(0, count).join('\n')}\n`);
}

function post(body) {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Length': body.length };
    const sent = request(
      { host: '127.0.0.1', port, method: 'POST', agent, headers },
      (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`)),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Until the server listens. */
async function waitForServer() {
  for (;;) {
    try {
      return await post(Buffer.alloc(0));
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

await waitForServer();
let left = records;
async function postSome() {
  while (left > 0) {
    const count = Math.min(BATCH, left);
    left -= count;
    await post(bodyOf(count));
  }
}
const start = performance.now();
await Promise.all(Array.from({ length: CONNECTIONS }, postSome));
console.log(performance.now() - start);
agent.destroy();
