/** Rows as messages to all who have a WebSocket open. */
import { WebSocket, WebSocketServer } from 'ws';
import { HTTP_BODY_BYTES_MAX } from '../../../base/limits.ts';
import type { Sink } from '../../../operator/sink.ts';
import { type BroadcastOptions, broadcastSink, type Listener } from '../broadcast.ts';
import { answer, HttpListener } from '../http/http-listener.ts';

const GOING_AWAY = 1001;
const FULL = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\n\r\n';

/**
 * Sends rows as messages, each the JSON of one row, to all who have opened a WebSocket at the path; what they send is not read. At most
 * once: who is not connected gets nothing, and who is too slow (`maxUnsentBytes`) is dropped; metrics count both,
 * `listeners` and `droppedListeners`. Needs parallelism 1. EngineError SERVER_FAILED where it cannot listen.
 *
 *   clicks.to(webSocketBroadcast({ port: 8082, path: '/clicks' })).parallelism(1)
 */
export function webSocketBroadcast(options: BroadcastOptions): Sink {
  return broadcastSink('webSocketBroadcast', options, ({ hasRoom, enter, leave, onError }) => {
    const sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: HTTP_BODY_BYTES_MAX,
    });
    return new HttpListener('webSocketBroadcast', options, {
      onRequest: (_request, response) =>
        answer(response, 426, { error: 'open a WebSocket here' }, { Upgrade: 'websocket' }),
      onUpgrade(request, socket, head) {
        if (!hasRoom()) {
          socket.end(FULL);
          return;
        }
        sockets.handleUpgrade(request, socket, head, (opened) => {
          const listener = new WebSocketListener(opened);
          enter(listener);
          opened.on('error', () => {});
          opened.on('close', () => leave(listener));
        });
      },
      onError,
    });
  });
}

class WebSocketListener implements Listener {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(rows: readonly string[]): void {
    for (const row of rows) if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(row);
  }

  finish(): void {
    this.#socket.close(GOING_AWAY);
  }

  drop(): void {
    this.#socket.terminate();
  }
}
