/** A directory has one user, and none that is dead. Real processes, and every step of several that take over at once. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/base/random.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import type { FileLayer } from '../../src/checkpoint/file-layer.ts';
import { DirectoryLock } from '../../src/checkpoint/lock.ts';
import { type Processes, systemProcesses } from '../../src/checkpoint/process-identity.ts';
import { MemoryFiles } from '../../src/testing/memory-files.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

let made = 0;
const newDirectory = (): string => join(root, `d${++made}`);

/** A process that holds a directory; `line` waits for a line that it prints. */
function holder(directory: string, mode: 'hold' | 'write' | 'once') {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [
      '--import',
      file('../../src/base/typescript-register.mjs'),
      file('lock-holder.ts'),
      directory,
      mode,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env },
  );
  children.add(child);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  return {
    child,
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(printed)) {
        if (child.stdout.readableEnded) assert.fail(`ended with ${printed}`);
        await Promise.race([once(child.stdout, 'data'), once(child.stdout, 'end')]);
      }
      return printed;
    },
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('another process is refused as long as one runs, and let in when that one was killed', async () => {
  const directory = newDirectory();
  const first = holder(directory, 'hold');
  await first.until(/taken/);
  const refusal = {
    code: 'CHECKPOINT_LOCKED',
    message: new RegExp(`^${directory} is in use by process ${first.child.pid}; end it, or `),
  };
  await assert.rejects(CheckpointStorage.open(directory), refusal);
  await holder(directory, 'once').until(/CHECKPOINT_LOCKED/);
  await first.kill();
  const storage = await CheckpointStorage.open(directory);
  await storage.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('a process that is killed while it writes leaves its last checkpoint', async () => {
  const directory = newDirectory();
  for (const _ of [1, 2, 3]) {
    const writer = holder(directory, 'write');
    await writer.until(/\n\d+\n\d+\n/);
    await writer.kill();
    const told = Number((await writer.until(/\n$/)).trimEnd().split('\n').at(-1));
    const warnings: string[] = [];
    const storage = await CheckpointStorage.open(directory, {
      warn: (text) => warnings.push(text),
    });
    const found = (await storage.latest())!.manifest.id;
    assert.ok(found === told || found === told + 1, `${told} was told, ${found} is there`);
    assert.deepEqual(warnings, []);
    await storage.close();
  }
});

test('the same process is refused, too, and let in when the first has closed', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory);
  await assert.rejects(CheckpointStorage.open(directory), {
    code: 'CHECKPOINT_LOCKED',
    message: `${directory} is in use by this process (${process.pid}) itself; wait until that has ended, or give this job a directory of its own`,
  });
  await storage.close();
  await storage.close();
  await (await CheckpointStorage.open(directory)).close();
});

test('an id that was given to another process later is no lock', async (context) => {
  if (systemProcesses.self.start === null) return context.skip('the system tells no start');
  const directory = newDirectory();
  await (await CheckpointStorage.open(directory)).close();
  const lock = { pid: process.ppid, start: 'before/1', host: hostname(), id: '00000000' };
  writeFileSync(join(directory, 'lock'), JSON.stringify(lock));
  await (await CheckpointStorage.open(directory)).close();
  // The same, but from a system that told no start.
  writeFileSync(join(directory, 'lock'), JSON.stringify({ ...lock, start: null }));
  await assert.rejects(CheckpointStorage.open(directory), { code: 'CHECKPOINT_LOCKED' });
});

test('a process that was killed, and nobody has asked how it ended, holds no lock', async (context) => {
  if (systemProcesses.self.start === null) return context.skip('the system tells no start');
  // The shell becomes a program that waits for none of its children.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
  try {
    const [line] = await once(createInterface(parent.stdout), 'line');
    const pid = Number(line);
    const { host } = systemProcesses.self;
    assert.equal(systemProcesses.isRunning({ pid, start: null, host }), true);
    process.kill(pid, 'SIGKILL');
    while (!/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) await delay(5);
    assert.equal(systemProcesses.isRunning({ pid, start: null, host }), false);
  } finally {
    parent.kill('SIGKILL');
  }
});

test('a lock of another host stands, however dead its process may be', async () => {
  const directory = newDirectory();
  await (await CheckpointStorage.open(directory)).close();
  const lock = { pid: 1, start: null, host: 'elsewhere', id: '00000000' };
  writeFileSync(join(directory, 'lock'), JSON.stringify(lock));
  await assert.rejects(CheckpointStorage.open(directory), {
    code: 'CHECKPOINT_LOCKED',
    message: `${directory} is in use by process 1 on host 'elsewhere'; end it, or give this job a directory of its own; if it is gone, remove ${directory}/lock`,
  });
});

test('a lock that cannot be read is one that a power loss has left', async () => {
  const directory = newDirectory();
  await (await CheckpointStorage.open(directory)).close();
  for (const text of [
    '',
    '{}',
    'null',
    '\0\0\0',
    '{"pid":1,"start":null,"host":"a","id":"../../b"}',
  ]) {
    writeFileSync(join(directory, 'lock'), text);
    // Somebody died over it before.
    writeFileSync(join(directory, 'lock-after-lock'), text);
    const storage = await CheckpointStorage.open(directory);
    assert.equal(JSON.parse(readFileSync(join(directory, 'lock'), 'utf8')).pid, process.pid);
    await storage.close();
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('a lock that was replaced by hand is not removed', async () => {
  const directory = newDirectory();
  const storage = await CheckpointStorage.open(directory);
  writeFileSync(join(directory, 'lock'), 'mine');
  await storage.close();
  assert.deepEqual(readdirSync(directory), ['lock']);
});

/** Processes in one memory, of which some have died. */
class Town {
  readonly alive = new Set<number>();

  as(pid: number): Processes {
    return {
      self: { pid, start: null, host: 'here' },
      isRunning: (one) => this.alive.has(one.pid),
    };
  }
}

/** The files, but each operation waits for its turn, and a process that has died does nothing more. */
function inTurns(files: FileLayer, pid: number, town: Town, turn: () => Promise<void>): FileLayer {
  return new Proxy(files, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await turn();
        if (!town.alive.has(pid)) return new Promise(() => {});
        return method.apply(target, args);
      };
    },
  });
}

test('of many that take over a stale lock at once, and die over it, never two have it', async () => {
  let takeOvers = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const town = new Town();
    const files = new MemoryFiles();
    await files.makeDirectory('/d');
    town.alive.add(1);
    await DirectoryLock.take('/d', files, town.as(1));
    town.alive.clear();
    const holders = new Set<number>();
    const waiting: (() => void)[] = [];
    const turn = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
    const start = (pid: number): void => {
      town.alive.add(pid);
      const own = inTurns(files, pid, town, turn);
      DirectoryLock.take('/d', own, town.as(pid)).then(
        async (lock) => {
          holders.add(pid);
          const living = [...holders].filter((one) => town.alive.has(one));
          assert.deepEqual(living, [pid], `seed ${seed}`);
          takeOvers++;
          if (random.below(2) === 0) {
            await turn();
            holders.delete(pid);
            await lock.release();
          }
        },
        (error: { code?: string }) => {
          assert.equal(error.code, 'CHECKPOINT_LOCKED', String(error));
          // Comes again later.
          if (random.below(2) === 0 && pid < 60) start(pid + 20);
        },
      );
    };
    for (let pid = 2; pid < 6; pid++) start(pid);
    for (let step = 0; step < 200; step++) {
      await new Promise(setImmediate);
      if (waiting.length === 0) break;
      const [next] = waiting.splice(random.below(waiting.length), 1);
      next!();
      const living = [...town.alive];
      if (random.below(12) === 0) town.alive.delete(living[random.below(living.length)]!);
    }
    await new Promise(setImmediate);
    // Whoever comes last finds a way through all that was left.
    town.alive.clear();
    town.alive.add(99);
    await DirectoryLock.take('/d', files, town.as(99));
  }
  assert.ok(takeOvers > 3000, String(takeOvers));
});
