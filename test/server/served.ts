/** A job that runs in this thread and serves itself, and requests to it. */

import type { RunOptions, StartedJob } from 'millrace';
import { watched } from '../e2e/jobs/watched.ts';

export const TOKEN = 'open sesame';

export type Asked = {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
  readonly headers: Headers;
};

export type Served = {
  readonly client: StartedJob<Record<never, never>>;
  readonly id: string;
  readonly base: string;
  ask(path: string, init?: RequestInit): Promise<Asked>;
  /** With the token. */
  change(method: string, path: string, body?: unknown): Promise<Asked>;
};

export async function whileServed(
  options: RunOptions,
  look: (served: Served) => Promise<void>,
  job: { start(options: RunOptions): Promise<Served['client']> } = watched,
): Promise<void> {
  const client = await job.start({
    threads: 0,
    port: 0,
    token: TOKEN,
    ...options,
    params: { rate: 20_000, ...options.params },
  });
  client.result().catch(() => {});
  const base = `http://127.0.0.1:${client.port}`;
  const ask = async (path: string, init: RequestInit = {}): Promise<Asked> => {
    // A connection of its own: one that lies idle while this process stands still is closed under the next request.
    const headers = { ...init.headers, Connection: 'close' };
    const response = await fetch(base + path, { ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    const body: unknown = isJson && text !== '' ? JSON.parse(text) : null;
    return { status: response.status, body, text, headers: response.headers };
  };
  try {
    await look({
      client,
      id: client.metrics().id,
      base,
      ask,
      change: (method, path, body) =>
        ask(path, {
          method,
          headers: { Authorization: `Bearer ${TOKEN}` },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
    });
  } finally {
    await client.cancel();
  }
}
