/** The other side of connections in tests: servers on ports that are free, and waiting for what comes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** The alarm for what never comes: far more than anything takes on a busy machine. */
const PATIENCE_MS = 300_000;

/** Resolves when the condition holds. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < end, `waited in vain: ${what}`);
    await delay(2);
  }
}

export async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Below those that Linux gives to whoever does not ask for one: such a port may be somebody else's before it is used. */
const [PORT_MIN, PORT_MAX] = [10_000, 30_000];

/** Ports where nobody listens, for those that will listen there later. */
export async function freePorts(count: number): Promise<number[]> {
  const probes: Server[] = [];
  while (probes.length < count) {
    const probe = createServer();
    probe.listen(PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN)), '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (isFree) probes.push(probe);
  }
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}

/** A TCP server that does so with each connection; they end with the test. */
export async function tcpPeer(onSocket: (socket: Socket, n: number) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket, sockets.length);
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { port: await portOf(server), sockets, server };
}

/** What a peer is sent, as text. */
export function textOf(socket: Socket): () => string {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  return () => text;
}

export async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** What `onListening` tells. */
export function listener() {
  let port = 0;
  return {
    onListening: (address: { readonly port: number }): void => {
      port = address.port;
    },
    port: async (): Promise<number> => {
      await until(() => port !== 0, 'a port');
      return port;
    },
  };
}
