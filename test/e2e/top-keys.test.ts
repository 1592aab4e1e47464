/** `millrace top` on a terminal, which a pipe pretends to be: q ends it, whatever it waits for. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PROCESS_WAIT_MS } from '../../src/base/limits.ts';
import { MAIN } from './command-line.ts';

const TERMINAL = `data:text/javascript,
Object.assign(process.stdin, { isTTY: true, setRawMode: () => process.stdin });
Object.assign(process.stdout, { isTTY: true, columns: 80, rows: 24 });`;

test('q ends it at once while a process does not answer', async (context) => {
  if (process.platform === 'win32') return context.skip('sockets are named in another way');
  // Takes each question, and answers none.
  const silent = createServer((socket) => socket.on('error', () => {}));
  const socket = join(tmpdir(), `millrace-${process.pid}.sock`);
  rmSync(socket, { force: true });
  silent.listen(socket);
  const top = spawn(process.execPath, ['--import', TERMINAL, MAIN, 'top', '--every', '100ms']);
  try {
    const asked = async () => await once(silent, 'connection');
    await asked();
    await once(top.stdout, 'data');
    await asked();
    const ended = once(top, 'exit');
    top.stdin.write('q');
    const late = delay(PROCESS_WAIT_MS / 2, ['is there'], { ref: false });
    assert.deepEqual((await Promise.race([ended, late]))[0], 0);
  } finally {
    top.kill('SIGKILL');
    silent.close();
  }
});
