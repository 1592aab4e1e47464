/** The broker of all cases, which are skipped where there can be none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startBroker, type TestBroker } from './broker.ts';

export const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'));
let started: Awaited<ReturnType<typeof startBroker>>;

before(async () => {
  started = await startBroker(folder);
});
after(async () => {
  if ('stop' in started) await started.stop();
  rmSync(folder, { recursive: true, force: true });
});

export const broker = (): TestBroker => started as TestBroker;

export function withBroker(name: string, run: (context: TestContext) => Promise<void>): void {
  test(name, async (context) => {
    if ('reason' in started) context.skip(started.reason);
    else await run(context);
  });
}

export async function topic(name: string, partitions: number): Promise<string> {
  await broker().admin.createTopics({ topics: [name], partitions, replicas: 1 });
  return name;
}

/** The alarm for what never comes: a broker takes long on a machine that is busy. */
const PATIENCE_MS = 120_000;

/** A broker answers before it has marked the end of a transaction in all partitions. */
export async function untilEqual<T>(look: () => Promise<T>, wanted: T): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  let seen = await look();
  while (!isDeepStrictEqual(seen, wanted) && performance.now() < end) {
    await sleep(20);
    seen = await look();
  }
  assert.deepEqual(seen, wanted);
}
