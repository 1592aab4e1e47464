/** How many rows may wait behind a gate that sends batches whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalChannel } from '../../src/channel/local-channel.ts';
import { BatchGate } from '../../src/channel/output-gate.ts';

test('as many as may wait at the least of those that get them', () => {
  const channels = [new LocalChannel(), new LocalChannel()];
  const wanted = (kind: 'global' | 'broadcast') =>
    new BatchGate(channels, kind, { rows: 0 }).rowsMax;
  assert.deepEqual([wanted('global'), wanted('broadcast')], [Infinity, Infinity]);
  channels[0]!.limit(50);
  channels[1]!.limit(4);
  assert.deepEqual([wanted('global'), wanted('broadcast')], [50, 4]);
});
