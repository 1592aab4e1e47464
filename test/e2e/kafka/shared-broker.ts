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

/** A broker answers before it has marked the end of a transaction in all partitions. */
export async function untilEqual<T>(look: () => Promise<T>, wanted: T): Promise<void> {
  for (let tries = 0; tries < 200 && !isDeepStrictEqual(await look(), wanted); tries++) {
    await sleep(20);
  }
  assert.deepEqual(await look(), wanted);
}
