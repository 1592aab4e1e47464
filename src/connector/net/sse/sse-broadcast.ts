/** Rows as Server-Sent Events to all who listen. */
import type { ServerResponse } from 'node:http';
import type { Sink } from '../../../operator/sink.ts';
import { type BroadcastOptions, broadcastSink, type Listener } from '../broadcast.ts';
import { answer, HttpListener } from '../http/http-listener.ts';

/**
 * Serves rows as events, each the JSON of one row, to all who have asked for the path. At most once: who is not connected gets
 * nothing, and who is too slow (`maxUnsentBytes`) is dropped; metrics count both, `listeners` and `droppedListeners`. Needs parallelism 1.
 * EngineError SERVER_FAILED where it cannot listen.
 *
 *   clicks.to(sseBroadcast({ port: 8081, path: '/clicks', allowedOrigins: ['https://app.example'] })).parallelism(1)
 */
export function sseBroadcast(options: BroadcastOptions): Sink {
  return broadcastSink('sseBroadcast', options, ({ hasRoom, enter, leave, onError }) => {
    return new HttpListener('sseBroadcast', options, {
      onRequest(request, response) {
        if (request.method !== 'GET') {
          answer(response, 405, { error: 'events are got' }, { Allow: 'GET' });
        } else if (!hasRoom()) {
          answer(response, 503, { error: 'there are too many listeners' }, { 'Retry-After': '10' });
        } else {
          const listener = new SseListener(response);
          enter(listener);
          response.on('close', () => leave(listener));
          response.writeHead(200, {
            'Content-Type': 'text/event-stream',
            'Cache-Control': 'no-store',
          });
          response.flushHeaders();
        }
      },
      onError,
    });
  });
}

class SseListener implements Listener {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get unsentBytes(): number {
    return this.#response.writableLength + (this.#response.socket?.writableLength ?? 0);
  }

  send(rows: readonly string[]): void {
    this.#response.write(rows.map((row) => `data: ${row}\n\n`).join(''));
  }

  finish(): void {
    this.#response.end();
  }

  drop(): void {
    this.#response.destroy();
  }
}
