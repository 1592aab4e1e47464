/** millrace/connectors/net: standard input and output, TCP, HTTP, Server-Sent Events and WebSocket as sources and sinks. */
import { openDoor } from '../../base/doors.ts';

openDoor(import.meta.url);

export type { Address, Headers, ListenOptions } from './address.ts';
export type { BroadcastOptions } from './broadcast.ts';
export type { HttpListenOptions } from './http/http-listener.ts';
export { httpIngest, type IngestOptions } from './http/ingest.ts';
export { httpPost, type PostOptions } from './http/post.ts';
export type { MalformedOptions } from './inlet.ts';
export type { Reconnect, ReconnectOptions } from './link.ts';
export { type SseOptions, sse } from './sse/sse.ts';
export { sseBroadcast } from './sse/sse-broadcast.ts';
export { type StdinOptions, stdin } from './stdio/stdin.ts';
export { stdout } from './stdio/stdout.ts';
export { type Tcp, type TcpOptions, tcp } from './tcp/tcp.ts';
export type { TlsListenOptions, TlsOptions } from './tls.ts';
export { type WebSocketOptions, webSocket } from './websocket/web-socket.ts';
export { webSocketBroadcast } from './websocket/web-socket-broadcast.ts';
