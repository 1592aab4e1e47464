/** `millrace top` on a terminal, which a pipe pretends to be: q ends it, whatever it waits for. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN } from './command-line.ts';

/** Behind the first frame it waits for an answer for ever: only q can end it. */
const TERMINAL = `data:text/javascript,
Object.assign(process.stdin, { isTTY: true, setRawMode: () => process.stdin });
Object.assign(process.stdout, { isTTY: true, columns: 80, rows: 24 });
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (...args) => {
  AbortSignal.timeout = () => new AbortController().signal;
  return write(...args);
};`;

/** The alarm for one that does not end. */
const HANGS = { timeout: 600_000 };

test('q ends it at once while a process does not answer', HANGS, async (context) => {
  if (process.platform === 'win32') return context.skip('sockets are named in another way');
  // Takes each question, and answers none.
  const silent = createServer((socket) => socket.on('error', () => {}));
  const socket = join(tmpdir(), `millrace-${process.pid}.sock`);
  rmSync(socket, { force: true });
  silent.listen(socket);
  const top = spawn(process.execPath, ['--import', TERMINAL, MAIN, 'top', '--every', '100ms']);
  try {
    await once(top.stdout, 'data');
    // Behind the frame, since it takes its time between two looks.
    await once(silent, 'connection');
    const ended = once(top, 'exit');
    top.stdin.write('q');
    assert.deepEqual(await ended, [0, null]);
  } finally {
    top.kill('SIGKILL');
    silent.close();
  }
});
