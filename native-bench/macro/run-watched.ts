/**
 * A typed keyed job on both cores while it is watched, by clients in its own process, so that what they cost is in the figure too.
 *
 *   run-watched.ts closed <records> <keys>     nobody looks: no server               { ms, records, results }
 *   run-watched.ts open <records> <keys>       a page that asks each second and listens to events, a scraper every five
 *   run-watched.ts rest <seconds> <keys>       answers one after the other, with a pause of 5 ms         { p99Ms, answers }
 *
 * `ms` is the job's own duration.
 */
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { columns } from './keyed-tumbling.ts';

const PAGE_MS = 1000;
const SCRAPE_MS = 5000;
const PAUSE_MS = 5;

const [way, size, keys] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });

function request(base: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(base + path, { agent }, resolve).on('error', reject);
  });
}

async function read(base: string, path: string): Promise<void> {
  const response = await request(base, path);
  if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
  response.resume();
  await once(response, 'end');
}

/** What a page of a job asks for. */
function pathsOf(id: string): string[] {
  const job = `/jobs/${id}`;
  return ['/jobs/overview', job, `${job}/vertices/0/backpressure`, `${job}/checkpoints`];
}

function start(count: number, isServed: boolean) {
  const params = { count, keys: Number(keys) };
  return columns.start({ threads: 2, params, outputs: false, ...(isServed ? { port: 0 } : {}) });
}

type Client = Awaited<ReturnType<typeof start>>;

/** The clients; returns how to end them. */
function openClients(client: Client): () => void {
  const base = `http://127.0.0.1:${client.port}`;
  const { id } = client.metrics();
  // The job may end while an answer is on its way.
  const quiet = (path: string): void => void read(base, path).catch(() => {});
  const page = setInterval(() => pathsOf(id).forEach(quiet), PAGE_MS);
  const scraper = setInterval(() => quiet('/metrics'), SCRAPE_MS);
  for (const path of [...pathsOf(id), '/metrics', '/events']) quiet(path);
  return () => {
    clearInterval(page);
    clearInterval(scraper);
    agent.destroy();
  };
}

async function throughput(isOpen: boolean) {
  const client = await start(Number(size), isOpen);
  const close = isOpen ? openClients(client) : () => {};
  const { durationMs, operators } = await client.result();
  close();
  const [source, sink] = [operators[0]!, operators.at(-1)!];
  return { ms: durationMs, records: source.recordsOut, results: sink.recordsIn };
}

async function answers() {
  const client = await start(Number.MAX_SAFE_INTEGER, true);
  client.result().catch(() => {});
  while (client.status().records === 0) await delay(PAUSE_MS);
  const base = `http://127.0.0.1:${client.port}`;
  const paths = [...pathsOf(client.metrics().id), '/metrics'];
  const times: number[] = [];
  const end = performance.now() + Number(size) * 1000;
  while (performance.now() < end) {
    const began = performance.now();
    await read(base, paths[times.length % paths.length]!);
    times.push(performance.now() - began);
    await delay(PAUSE_MS);
  }
  await client.cancel();
  agent.destroy();
  const sorted = times.toSorted((a, b) => a - b);
  return { p99Ms: sorted[Math.floor(0.99 * (sorted.length - 1))]!, answers: sorted.length };
}

console.log(JSON.stringify(way === 'rest' ? await answers() : await throughput(way === 'open')));
