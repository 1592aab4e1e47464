/**
 * Unaligned checkpoints: what was taken before the consumer's cut and what is recorded as in flight are what was sent before
 * the producer's, whichever comes first; and records find their way again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import {
  BARRIER,
  BATCH,
  type ChannelReader,
  type ChannelWriter,
  END,
  NOTHING,
  WATERMARK,
} from '../../src/channel/channel.ts';
import {
  decodeInFlight,
  encodeInFlight,
  type InFlightItem,
  inOrder,
} from '../../src/channel/in-flight.ts';
import { InputGate } from '../../src/channel/input-gate.ts';
import { LocalChannel } from '../../src/channel/local-channel.ts';
import { RingMemory, RingWriter } from '../../src/channel/ring-channel.ts';
import { RingReader } from '../../src/channel/ring-reader.ts';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { Signal } from '../../src/sharedarraybuffer-queue/index.ts';
import { DrawnSlices } from '../../src/testing/drawn-slices.ts';

const Row = record({ n: t.int32, text: t.string });
type Row = { n: number; text: string };

const CHANNELS = {
  queue: () => {
    const channel = new LocalChannel(2);
    return { writer: channel as ChannelWriter, reader: channel as ChannelReader };
  },
  ring: (schema: Schema | null) => {
    const signal = new Signal(new SharedArrayBuffer(4), 0);
    const descriptor = new RingMemory(2048, 1).ring(signal, signal);
    return {
      writer: new RingWriter(descriptor, schema, 'sender') as ChannelWriter,
      reader: new RingReader(descriptor, schema) as ChannelReader,
    };
  },
};

function batchOf(rows: readonly Row[], schema: Schema | null): Batch {
  if (schema === null) return new Batch({ rowCount: rows.length, schema, rows });
  const builder = new BatchBuilder(schema, rows.length);
  for (const [i, row] of rows.entries()) builder.appendRow(row, i);
  return builder.seal();
}

const numbersOf = (batch: Batch): number[] =>
  (batch.rowObjects() as readonly Row[]).map(({ n }) => n);

for (const [name, make] of Object.entries(CHANNELS)) {
  for (const schema of [Row as Schema, null]) {
    test(`${name}, ${schema === null ? 'free-form' : 'typed'}: in flight is what is between the two cuts`, () => {
      for (let seed = 0; seed < 300; seed++) checkCuts(make(schema), schema, new Random(seed));
    });
  }
}

function checkCuts(
  { writer, reader }: ReturnType<typeof CHANNELS.ring>,
  schema: Schema | null,
  random: Random,
): void {
  const sent: number[] = [];
  const taken: number[] = [];
  const inFlight: number[] = [];
  const overtaken: number[] = [];
  let sentBefore = -1;
  let takenBefore = -1;
  const take = (): boolean => {
    const kind = reader.peek();
    if (kind === NOTHING) return false;
    if (kind === BATCH) taken.push(...numbersOf(reader.batch()));
    reader.release();
    return true;
  };
  const send = (): void => {
    const rows = Array.from({ length: 1 + random.below(8) }, (_, i): Row => {
      // Now and then longer than the ring.
      const text = 'x'.repeat(random.below(40) === 0 ? 5000 : random.below(60));
      return { n: sent.length + i, text };
    });
    writer.put(batchOf(rows, schema));
    sent.push(...rows.map(({ n }) => n));
  };
  const cutProducer = (): void => {
    sentBefore = sent.length;
    for (const batch of writer.overtake(1)) overtaken.push(...numbersOf(batch));
    writer.publish();
  };
  const cutConsumer = (): void => {
    takenBefore = taken.length;
    reader.record(1, (batch) => inFlight.push(...numbersOf(batch)));
  };
  for (let step = 0; step < 60; step++) {
    const what = random.below(10);
    // A producer that has no room takes no input; a cut it takes.
    if (what < 4 && writer.isReady) send();
    else if (what === 4) writer.control(WATERMARK, step);
    else if (what < 7) take();
    else if (what === 7) writer.retry();
    else if (what === 8) writer.publish();
    else if (sentBefore < 0 && random.below(3) === 0) cutProducer();
    // Behind the cut of its producer nothing is taken before its own.
    if (takenBefore < 0 && (sentBefore >= 0 || random.below(30) === 0)) cutConsumer();
  }
  if (takenBefore < 0) cutConsumer();
  if (sentBefore < 0) cutProducer();
  writer.control(END, 0);
  do {
    writer.retry();
    writer.publish();
  } while (take() || !writer.isReady);
  assert.ok(!reader.isRecording);
  assert.deepEqual(taken, sent);
  assert.deepEqual(
    [...taken.slice(0, takenBefore), ...inFlight, ...overtaken],
    sent.slice(0, sentBefore),
  );
}

for (const [name, make] of Object.entries(CHANNELS)) {
  for (const schema of [Row as Schema, null]) {
    test(`${name}, ${schema === null ? 'free-form' : 'typed'}: of a batch that is cut the rest is in flight`, () => {
      for (let seed = 0; seed < 200; seed++)
        checkSlices([make(schema), make(schema)], new Random(seed));
    });

    function checkSlices(channels: ReturnType<typeof CHANNELS.ring>[], random: Random): void {
      const readers = channels.map(({ reader }) => reader);
      const inFlight: number[] = [];
      const taken: number[] = [];
      let requested = 0;
      const gate = new InputGate(readers, {
        slices: new DrawnSlices(random, 5),
        unaligned: {
          isUnaligned: () => true,
          requested: () => requested,
          add: (_checkpoint, _channel, batch) => inFlight.push(...numbersOf(batch)),
        },
      });
      let takenBefore: number[] | null = null;
      const consumer = {
        emit: (batch: Batch) => taken.push(...numbersOf(batch)),
        watermark() {},
        idle() {},
        barrier: () => {
          takenBefore = [...taken];
        },
        end() {},
      };
      const sent: number[] = [];
      for (const [n, { writer }] of channels.entries()) {
        for (let batch = random.below(4); batch >= 0; batch--) {
          const rows = Array.from({ length: random.below(20) }, (_, i) => ({
            n: 1000 * n + 100 * batch + i,
            text: `${i}`,
          }));
          writer.put(batchOf(rows, schema));
          sent.push(...rows.map((row) => row.n));
          if (!writer.isReady) break;
        }
        writer.publish();
      }
      for (let polls = random.below(20); polls > 0; polls--) gate.poll(consumer);
      requested = 1;
      gate.overtake(consumer);
      for (const { writer } of channels) {
        for (const batch of writer.overtake(1)) inFlight.push(...numbersOf(batch));
        writer.control(END, 0);
        writer.publish();
      }
      const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
      do for (const { writer } of channels) writer.retry();
      while (gate.poll(consumer) || !gate.hasEnded);
      assert.deepEqual(ascending(taken), ascending(sent));
      assert.deepEqual(ascending([...takenBefore!, ...inFlight]), ascending(sent));
    }
  }
}

test('a full ring takes a barrier at once, wherever its frames end', () => {
  for (let length = 0; length < 400; length++) {
    const { writer, reader } = CHANNELS.ring(Row);
    const inFlight: number[] = [];
    const fill = (): void => {
      while (writer.isReady) writer.put(batchOf([{ n: 1, text: 'x'.repeat(length) }], Row));
      writer.publish();
    };
    fill();
    // The rest of the ring begins elsewhere each time.
    for (let n = 0; n < 3 && reader.peek() === BATCH; n++) reader.release();
    assert.equal(reader.peek(), BATCH);
    writer.retry();
    fill();
    reader.record(1, (batch) => inFlight.push(...numbersOf(batch)));
    assert.equal(writer.overtake(1).length, 1);
    writer.publish();
    reader.peek();
    assert.ok(!reader.isRecording, `rows of ${length}: nothing has been taken, and all is known`);
    assert.ok(inFlight.length > 1);
  }
});

test('a newer checkpoint takes the place of one that is recorded', () => {
  for (const make of Object.values(CHANNELS)) {
    const { writer, reader } = make(Row);
    const shown: string[] = [];
    writer.put(batchOf([{ n: 1, text: '' }], Row));
    writer.publish();
    reader.record(1, () => shown.push('first'));
    reader.record(2, () => shown.push('second'));
    writer.overtake(1);
    writer.put(batchOf([{ n: 2, text: '' }], Row));
    writer.publish();
    reader.peek();
    assert.ok(reader.isRecording, 'the barrier of the older one means nothing');
    writer.overtake(2);
    writer.publish();
    reader.peek();
    assert.ok(!reader.isRecording);
    assert.deepEqual(shown, ['first', 'second', 'second']);
  }
});

test('a gate cuts before it takes what comes behind the cut of a producer', () => {
  const channels = [new LocalChannel(10), new LocalChannel(10)] as const;
  const [first, second] = channels;
  const log: string[] = [];
  const recorded: string[] = [];
  let requested = 0;
  const gate = new InputGate(channels, {
    unaligned: {
      isUnaligned: () => true,
      requested: () => requested,
      add: (checkpoint, channel, batch) =>
        recorded.push(`${checkpoint}/${channel}: ${batch.rowObjects()}`),
    },
  });
  const consumer = {
    emit: (batch: Batch) => log.push(...(batch.rowObjects() as string[])),
    watermark: () => {},
    idle: () => {},
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  const drain = () => {
    while (!gate.hasEnded && gate.poll(consumer));
  };
  const rows = (...values: string[]) =>
    new Batch({ rowCount: values.length, schema: null, rows: values });
  first.put(rows('a'));
  drain();
  requested = 7;
  first.put(rows('b'));
  first.overtake(7);
  first.put(rows('c'));
  drain();
  assert.deepEqual(log, ['a', 'barrier 7', 'b', 'c']);
  second.put(rows('d'));
  assert.ok(!gate.record(), 'the barrier of the second channel has not come');
  second.overtake(7);
  second.put(rows('e'));
  assert.ok(gate.record());
  second.control(END, 0);
  first.control(END, 0);
  drain();
  assert.deepEqual(log.slice(4), ['d', 'e', 'end']);
  assert.deepEqual(recorded, ['7/0: b', '7/1: d']);
});

test('an aligned barrier behind a checkpoint that was given up ends its recording', () => {
  const channel = new LocalChannel(10);
  let requested = 3;
  const gate = new InputGate([channel], {
    unaligned: { isUnaligned: () => true, requested: () => requested, add: () => {} },
  });
  const log: string[] = [];
  const consumer = {
    emit: () => {},
    watermark: () => {},
    idle: () => {},
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => {},
  };
  assert.ok(gate.overtake(consumer));
  assert.ok(!gate.overtake(consumer), 'once');
  assert.ok(!gate.record());
  requested = 0;
  channel.control(BARRIER, 4);
  while (gate.poll(consumer));
  assert.ok(gate.record());
  assert.deepEqual(log, ['barrier 3', 'barrier 4']);
});

test('records go into items and out of them as they are', () => {
  const odd = [{ n: 1 }, { n: -0, more: [undefined] }, 'text', { n: 2, text: '\ud800' }];
  const batches = [
    new Batch({ rowCount: 4, schema: null, rows: odd, timestamps: Float64Array.of(1, 2, 3, 4) }),
    batchOf([{ n: 5, text: 'é' }], Row),
  ];
  for (const batch of batches) {
    const items = encodeInFlight(batch).map(
      (encoded): InFlightItem => ({
        fromSubtask: 0,
        toSubtask: 0,
        consumers: 1,
        isOvertaken: false,
        ...encoded,
      }),
    );
    const found = items.map(decodeInFlight);
    assert.deepEqual(
      found.flatMap((one) => [...one.rowObjects()]),
      [...batch.rowObjects()],
    );
    assert.deepEqual(
      found.flatMap((one) => [...(one.timestamps ?? []).slice(0, one.rowCount)]),
      [...(batch.timestamps ?? []).slice(0, batch.rowCount)],
    );
  }
});

test('what was overtaken comes behind what had arrived', () => {
  const item = (isOvertaken: boolean, toSubtask: number): InFlightItem => ({
    fromSubtask: 0,
    toSubtask,
    consumers: 4,
    isOvertaken,
    schema: new Uint8Array(0),
    batch: new Uint8Array(0),
  });
  const ordered = inOrder([item(true, 0), item(false, 1), item(true, 2), item(false, 3)]);
  assert.deepEqual(
    ordered.map(({ toSubtask }) => toSubtask),
    [1, 3, 0, 2],
  );
});

for (const [name, make] of Object.entries(CHANNELS)) {
  test(`${name}: a checkpoint that began aligned goes on unaligned, wherever its barriers are`, () => {
    for (let seed = 0; seed < 500; seed++) {
      checkTurn([make(Row), make(Row), make(Row)], new Random(seed));
    }
  });
}

/** Producers cut by themselves, aligned until it is asked for and overtaking from then on; the gate as it sees them. */
function checkTurn(channels: ReturnType<typeof CHANNELS.ring>[], random: Random): void {
  const sent = channels.map((): number[] => []);
  const sentBefore = channels.map(() => -1);
  const [taken, inFlight]: [number[], number[]] = [[], []];
  let takenBefore: readonly number[] | null = null;
  let requested = 0;
  const gate = new InputGate(
    channels.map(({ reader }) => reader),
    {
      slices: new DrawnSlices(random, 5),
      unaligned: {
        isUnaligned: () => requested === 1,
        requested: () => requested,
        add: (_checkpoint, _channel, batch) => inFlight.push(...numbersOf(batch)),
      },
    },
  );
  const consumer = {
    emit: (batch: Batch) => taken.push(...numbersOf(batch)),
    watermark() {},
    idle() {},
    barrier() {
      assert.equal(takenBefore, null, 'it cuts once');
      takenBefore = [...taken];
    },
    end() {},
  };
  const send = (channel: number): void => {
    const numbers = sent[channel]!;
    const rows = Array.from({ length: 1 + random.below(8) }, (_, i) => {
      return { n: 1000 * channel + numbers.length + i, text: 'x'.repeat(random.below(60)) };
    });
    channels[channel]!.writer.put(batchOf(rows, Row));
    numbers.push(...rows.map(({ n }) => n));
  };
  const cut = (channel: number): void => {
    if (sentBefore[channel]! >= 0) return;
    sentBefore[channel] = sent[channel]!.length;
    const { writer } = channels[channel]!;
    if (requested === 0) writer.control(BARRIER, 1);
    else for (const batch of writer.overtake(1)) inFlight.push(...numbersOf(batch));
  };
  for (let step = 0; step < 80; step++) {
    const channel = random.below(channels.length);
    const { writer } = channels[channel]!;
    const what = random.below(10);
    if (what < 4 && writer.isReady) send(channel);
    else if (what < 6) gate.poll(consumer);
    else if (what === 6) writer.retry();
    else if (what === 7) writer.publish();
    else if (what === 8 && random.below(4) === 0) cut(channel);
    else if (what === 9 && random.below(10) === 0) requested = 1;
    if (random.below(3) === 0) gate.overtake(consumer);
  }
  requested = 1;
  gate.overtake(consumer);
  channels.forEach(({ writer }, channel) => {
    cut(channel);
    writer.control(END, 0);
  });
  do
    for (const { writer } of channels) {
      writer.retry();
      writer.publish();
    }
  while (gate.poll(consumer) || !gate.hasEnded);
  assert.ok(gate.record(), 'nothing is left to record');
  const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
  assert.deepEqual(ascending(taken), sent.flat());
  const before = sent.flatMap((numbers, channel) => numbers.slice(0, sentBefore[channel]));
  assert.deepEqual(ascending([...takenBefore!, ...inFlight]), before);
}
