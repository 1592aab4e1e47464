/** Barriers of several channels as one cut: the worked cases of Flink, and every order of arrival. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { BarrierAligner } from '../../src/channel/barrier-aligner.ts';
import { BARRIER, END } from '../../src/channel/channel.ts';
import { InputGate } from '../../src/channel/input-gate.ts';
import { LocalChannel } from '../../src/channel/local-channel.ts';
import { Batch } from '../../src/data/batch.ts';

/** 'b0' a row on channel 0, 'B2@1' barrier 2 on channel 1, 'E1' the end of channel 1. */
type Arrival = string;

/** What each arrival means, and which channels are blocked then; 'blocked' for a row that has to wait. */
function decisions(channels: number, arrivals: readonly Arrival[]): string[] {
  const aligner = new BarrierAligner(channels);
  return arrivals.map((arrival) => {
    const channel = Number(arrival.at(-1));
    let step = aligner.isBlocked(channel) ? 'blocked' : 'row';
    if (arrival.startsWith('B')) step = aligner.onBarrier(channel, Number(arrival[1]));
    if (arrival.startsWith('E')) step = aligner.onEnd(channel);
    const blocked = Array.from({ length: channels }, (_, n) => n).filter((n) =>
      aligner.isBlocked(n),
    );
    return [step, ...blocked].join(' ');
  });
}

function means(channels: number, table: readonly (readonly [Arrival, string])[]): void {
  const arrivals = table.map(([arrival]) => arrival);
  const got = decisions(channels, arrivals);
  assert.deepEqual(
    got.map((step, n) => [arrivals[n], step]),
    table,
  );
}

test('case 9: the checkpoint is through with the last barrier, channels wait until then', () => {
  means(3, [
    ['b0', 'row'],
    ['b2', 'row'],
    ['b0', 'row'],
    ['B1@1', 'block 1'],
    ['B1@2', 'block 1 2'],
    ['b0', 'row 1 2'],
    ['b1', 'blocked 1 2'],
    ['B1@0', 'complete'],
    ['b1', 'row'],
    ['B2@0', 'block 0'],
    ['B2@1', 'block 0 1'],
    ['B2@2', 'complete'],
    ['B3@2', 'block 2'],
    ['b0', 'row 2'],
    ['b0', 'row 2'],
    ['B3@0', 'block 0 2'],
    ['B3@1', 'complete'],
    ['B4@1', 'block 1'],
    ['B4@2', 'block 1 2'],
    ['B4@0', 'complete'],
  ]);
});

test('case 9: a newer barrier gives up the checkpoint before, and frees its channels', () => {
  means(3, [
    ['B2@1', 'block 1'],
    ['B2@0', 'block 0 1'],
    ['B3@2', 'restart 2'],
    ['B2@2', 'ignore 2'],
    ['B3@0', 'block 0 2'],
    ['B3@1', 'complete'],
  ]);
  means(3, [
    ['B3@0', 'block 0'],
    ['B4@1', 'restart 1'],
    ['B4@0', 'block 0 1'],
    ['B4@2', 'complete'],
  ]);
});

test('case 9: the end of a channel counts as its barrier', () => {
  means(3, [
    ['B1@0', 'block 0'],
    ['B1@1', 'block 0 1'],
    ['E2', 'complete'],
    ['B2@0', 'block 0'],
    ['B2@1', 'complete'],
  ]);
  means(4, [
    ['E1', 'ignore'],
    ['E2', 'ignore'],
    ['B2@3', 'block 3'],
    ['B2@0', 'complete'],
  ]);
  // A channel that has brought its barrier and then ended while the others go on counts once.
  means(2, [
    ['B1@0', 'block 0'],
    ['B2@1', 'restart 1'],
    ['E0', 'complete'],
  ]);
});

test('case 9: what comes late of a checkpoint that was given up is ignored', () => {
  means(3, [
    ['B3@1', 'block 1'],
    ['B3@0', 'block 0 1'],
    ['B5@2', 'restart 2'],
    ['B3@2', 'ignore 2'],
    ['B5@0', 'block 0 2'],
    ['B5@1', 'complete'],
    ['B5@1', 'ignore'],
    ['B4@0', 'ignore'],
  ]);
});

test('one channel alone never waits', () => {
  means(1, [
    ['B1@0', 'complete'],
    ['b0', 'row'],
    ['B2@0', 'complete'],
    ['E0', 'ignore'],
  ]);
});

/** Elements of one channel: 'r' a row, a number a barrier, 'E' the end. */
type Script = readonly ('r' | 'E' | number)[];

/** Every order in which elements of the channels can arrive, as numbers of channels. */
function* interleavings(lengths: readonly number[]): Generator<readonly number[]> {
  const left = [...lengths];
  const order: number[] = [];
  function* next(): Generator<readonly number[]> {
    let isWhole = true;
    for (let channel = 0; channel < left.length; channel++) {
      if (left[channel] === 0) continue;
      isWhole = false;
      left[channel]!--;
      order.push(channel);
      yield* next();
      order.pop();
      left[channel]!++;
    }
    if (isWhole) yield order;
  }
  yield* next();
}

/** A gate that takes all it may after each arrival; 'c.i' is element i of channel c. */
function gateLog(scripts: readonly Script[], order: readonly number[], isAligned: boolean) {
  const channels = scripts.map(() => new LocalChannel(100));
  const inputs = channels.map(() => 0);
  const gate = new InputGate(channels, { inputs, isAligned });
  const log: string[] = [];
  const consumer = {
    emit: (batch: Batch) => log.push(...(batch.rowObjects() as string[])),
    watermark: () => {},
    idle: () => {},
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  const lengths: number[] = [];
  const at = scripts.map(() => 0);
  for (const channel of order) {
    const n = at[channel]!++;
    const element = scripts[channel]![n]!;
    const writer = channels[channel]!;
    if (element === 'E') writer.control(END, 0);
    else if (element === 'r') {
      writer.put(new Batch({ rowCount: 1, schema: null, rows: [`${channel}.${n}`] }));
    } else writer.control(BARRIER, element);
    while (!gate.hasEnded && gate.poll(consumer));
    lengths.push(log.length);
  }
  return { log, lengths };
}

function* triples(pool: readonly Script[]): Generator<readonly Script[]> {
  for (const a of pool) for (const b of pool) for (const c of pool) yield [a, b, c];
}

/** Each barrier that came out cuts every channel where the barrier lay in it, or at its end. */
function checkCuts(scripts: readonly Script[], log: readonly string[], where: string): void {
  const barriers = log.filter((line) => line.startsWith('barrier'));
  const ids = barriers.map((line) => Number(line.slice('barrier '.length)));
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => a - b),
    where,
  );
  for (const id of ids) {
    const cut = log.indexOf(`barrier ${id}`);
    scripts.forEach((script, channel) => {
      const own = script.indexOf(id);
      const end = own < 0 ? script.length : own;
      script.forEach((element, n) => {
        if (element !== 'r') return;
        const isBefore = log.indexOf(`${channel}.${n}`) < cut;
        assert.equal(isBefore, n < end, `${where}: row ${channel}.${n} and barrier ${id}`);
      });
    });
  }
  const rows = scripts.flat().filter((element) => element === 'r').length;
  assert.equal(log.length, rows + ids.length + 1, where);
  assert.equal(log.at(-1), 'end', where);
}

const POOL: readonly Script[] = [['r', 1, 'E'], [1, 'r', 'E'], [1, 'E'], ['r', 'E'], ['E']];

test('every order of barriers and ends on three channels: rows stay on their side of the cut', () => {
  let orders = 0;
  for (const scripts of triples(POOL)) {
    const hasBarrier = scripts.some((script) => script.includes(1));
    for (const order of interleavings(scripts.map(({ length }) => length))) {
      orders++;
      const { log, lengths } = gateLog(scripts, order, true);
      const where = `${JSON.stringify(scripts)} in order ${order.join('')}`;
      checkCuts(scripts, log, where);
      if (!hasBarrier) continue;
      // The cut is through as soon as each channel has brought its barrier or its end, at least one of them a barrier.
      const at = scripts.map(() => 0);
      const has = scripts.map(() => false);
      let isSeen = false;
      const due = order.findIndex((channel) => {
        const element = scripts[channel]![at[channel]!++];
        if (element === 1 || element === 'E') has[channel] = true;
        isSeen ||= element === 1;
        return isSeen && has.every((one) => one);
      });
      const barrier = log.indexOf('barrier 1');
      assert.ok(barrier >= (lengths[due - 1] ?? 0) && barrier < lengths[due]!, where);
    }
  }
  assert.ok(orders > 20_000);
});

test('two barriers, some of which are missing, in many orders: each cut is whole', () => {
  const random = new Random(9);
  const seen = new Set<string>();
  for (const scripts of triples([
    ['r', 1, 'r', 2],
    [1, 2],
    ['r', 2],
  ])) {
    const ended = scripts.map((script): Script => [...script, 'r', 'E']);
    for (let n = 0; n < 300; n++) {
      const order = ended
        .flatMap((script, channel) => script.map(() => ({ channel, at: random.float() })))
        .sort((a, b) => a.at - b.at)
        .map(({ channel }) => channel);
      const { log } = gateLog(ended, order, true);
      checkCuts(ended, log, `${JSON.stringify(ended)} in order ${order.join('')}`);
      const isWhole = ended.every((script) => script.includes(1));
      assert.equal(log.includes('barrier 1'), isWhole);
      assert.ok(log.includes('barrier 2'));
      seen.add(log.filter((line) => line.startsWith('barrier')).join());
    }
  }
  assert.deepEqual([...seen].sort(), ['barrier 1,barrier 2', 'barrier 2']);
});

test('at least once: no row ever waits, and the cut comes with the last barrier', () => {
  const scripts: readonly Script[] = [
    ['r', 1, 'r', 'r', 'E'],
    [1, 'r', 'E'],
    ['r', 'E'],
  ];
  let early = 0;
  for (const order of interleavings(scripts.map(({ length }) => length))) {
    const { log, lengths } = gateLog(scripts, order, false);
    const at = scripts.map(() => 0);
    order.forEach((channel, step) => {
      const n = at[channel]!++;
      if (scripts[channel]![n] !== 'r') return;
      const position = log.indexOf(`${channel}.${n}`);
      assert.equal(position, lengths[step]! - 1, order.join(''));
    });
    assert.equal(log.filter((line) => line === 'barrier 1').length, 1);
    const cut = log.indexOf('barrier 1');
    // What was before every barrier is before the cut in any case.
    assert.ok(log.indexOf('0.0') < cut && log.indexOf('2.0') < cut);
    if (log.indexOf('1.1') < cut) early++;
  }
  assert.ok(early > 0, 'rows behind their barrier go first');
});
