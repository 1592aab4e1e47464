/** One contract, two channels: within a worker, and through a ring. Each case runs with typed and free-form rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKLOG_ROWS_FIRST } from '../../src/base/limits.ts';
import {
  ACTIVE,
  BATCH,
  type ChannelReader,
  type ChannelWriter,
  END,
  IDLE,
  NOTHING,
  OVERTAKING_BARRIER,
  WATERMARK,
} from '../../src/channel/channel.ts';
import { LocalChannel } from '../../src/channel/local-channel.ts';
import { RingMemory, RingWriter } from '../../src/channel/ring-channel.ts';
import { RingReader } from '../../src/channel/ring-reader.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { ownedCopy } from '../../src/data/copy.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { Signal } from '../../src/sharedarraybuffer-queue/index.ts';

const Row = record({ n: t.int32, s: t.nullable(t.string) });
type Row = { n: number; s: string | null };

type Ends = { writer: ChannelWriter; reader: ChannelReader };

const CHANNELS: Readonly<Record<string, (schema: Schema | null) => Ends>> = {
  local: () => {
    const channel = new LocalChannel(2);
    return { writer: channel, reader: channel };
  },
  ring: (schema) => {
    const signal = () => new Signal(new SharedArrayBuffer(64), 0);
    const memory = new RingMemory(4096, 2);
    memory.ring(signal(), signal());
    const descriptor = memory.ring(signal(), signal());
    return {
      writer: new RingWriter(descriptor, schema, 'sender'),
      reader: new RingReader(descriptor, schema),
    };
  },
};

function rowsOf(from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    n: from + i,
    s: i % 3 === 0 ? null : `s${from + i}`,
  }));
}

function batchOf(rows: readonly unknown[], schema: Schema | null, builder?: BatchBuilder): Batch {
  const target = builder ?? new BatchBuilder(schema, Math.max(1, rows.length));
  for (const [i, row] of rows.entries()) target.appendRow(row, i);
  return target.seal();
}

/** All elements there are, as text; batches as their rows. */
function drain({ writer, reader }: Ends): unknown[] {
  const got: unknown[] = [];
  for (;;) {
    const kind = reader.peek();
    if (kind === NOTHING) {
      if (!writer.retry()) return got;
      writer.publish();
      continue;
    }
    if (kind === BATCH) got.push(...reader.batch().rowObjects().slice());
    else got.push(kind === WATERMARK ? `W${reader.value()}` : KINDS[kind]);
    reader.release();
  }
}

const KINDS: Readonly<Record<number, string>> = {
  [IDLE]: 'idle',
  [ACTIVE]: 'active',
  [END]: 'end',
  [OVERTAKING_BARRIER]: 'barrier',
};

for (const [name, make] of Object.entries(CHANNELS)) {
  for (const schema of [Row as Schema, null]) {
    const title = `${name}, ${schema === null ? 'free-form' : 'typed'}`;

    test(`${title}: elements keep their order`, () => {
      const ends = make(schema);
      const { writer } = ends;
      writer.put(batchOf(rowsOf(0, 3), schema));
      writer.control(WATERMARK, 5);
      writer.put(batchOf(rowsOf(3, 1), schema));
      writer.control(IDLE, 0);
      writer.control(ACTIVE, 0);
      writer.control(WATERMARK, Infinity);
      writer.control(END, 0);
      writer.publish();
      const rows = rowsOf(0, 3);
      assert.deepEqual(drain(ends), [
        ...rows,
        'W5',
        ...rowsOf(3, 1),
        'idle',
        'active',
        'WInfinity',
        'end',
      ]);
    });

    test(`${title}: event times and key hashes go along`, () => {
      const { writer, reader } = make(schema);
      const batch = batchOf(rowsOf(0, 3), schema).withKeyHashes(Int32Array.of(7, 8, 9));
      writer.put(batch);
      writer.publish();
      assert.equal(reader.peek(), BATCH);
      const got = reader.batch();
      assert.deepEqual([...got.timestamps!.subarray(0, 3)], [0, 1, 2]);
      assert.deepEqual([...got.keyHashes!.subarray(0, 3)], [7, 8, 9]);
    });

    test(`${title}: a writer without room is not ready, keeps all it is given, and gets ready again`, () => {
      const ends = make(schema);
      const { writer } = ends;
      const sent: Row[] = [];
      for (let n = 0; writer.isReady; n++) {
        const rows = rowsOf(n * 50, 50);
        sent.push(...rows);
        writer.put(batchOf(rows, schema));
        assert.ok(n < 100, 'bounded');
      }
      const last = rowsOf(100_000, 2);
      writer.put(batchOf(last, schema));
      writer.control(END, 0);
      writer.publish();
      assert.deepEqual(drain(ends), [...sent, ...last, 'end']);
      assert.ok(writer.isReady);
    });

    test(`${title}: a builder that is handed over may be filled again at once`, () => {
      const ends = make(schema);
      let builder = new BatchBuilder(schema, 8);
      const sent: Row[] = [];
      for (let n = 0; n < 20; n++) {
        const rows = rowsOf(n * 8, 8);
        sent.push(...rows);
        batchOf(rows, schema, builder);
        builder = ends.writer.putBuilt(builder);
        assert.equal(builder.rowCount, 0);
      }
      ends.writer.publish();
      assert.deepEqual(drain(ends), sent);
    });

    test(`${title}: builders go round, also where batches wait`, () => {
      const ends = make(schema);
      let builder = new BatchBuilder(schema, 8);
      const seen = new Set([builder]);
      let seenFirst = 0;
      for (let round = 0; round < 4; round++) {
        const sent = rowsOf(round * 1000, 400);
        for (let n = 0; n < 50; n++) {
          batchOf(sent.slice(n * 8, n * 8 + 8), schema, builder);
          builder = ends.writer.putBuilt(builder);
          seen.add(builder);
        }
        ends.writer.publish();
        assert.deepEqual(drain(ends), sent);
        if (round === 0) seenFirst = seen.size;
      }
      assert.ok(seen.size < 2 * seenFirst, `${seenFirst} in a round, ${seen.size} in four`);
    });

    test(`${title}: what an overtaking barrier has overtaken stays as it is`, () => {
      const ends = make(schema);
      let builder = new BatchBuilder(schema, 8);
      const fill = (from: number): void => {
        batchOf(rowsOf(from, 8), schema, builder);
        builder = ends.writer.putBuilt(builder);
      };
      for (let n = 0; n < 50; n++) fill(n * 8);
      const overtaken = ends.writer.overtake(1);
      // A batch keeps the rows that were made of it.
      const rows = (): unknown[] => overtaken.map((batch) => ownedCopy(batch).rowObjects());
      const before = rows();
      assert.equal(drain(ends).filter((element) => typeof element === 'object').length, 400);
      for (let n = 0; n < 50; n++) fill(10_000 + n * 8);
      assert.deepEqual(rows(), before);
    });

    test(`${title}: a transient batch may change once put has returned`, () => {
      const ends = make(schema);
      const builder = new BatchBuilder(schema, 4);
      ends.writer.put(batchOf(rowsOf(0, 4), schema, builder));
      builder.reset();
      batchOf(rowsOf(50, 4), schema, builder);
      ends.writer.publish();
      assert.deepEqual(drain(ends), rowsOf(0, 4));
    });

    test(`${title}: rows that are more than a batch should hold arrive in order`, () => {
      const ends = make(schema);
      const rows = rowsOf(0, 50).map((row) => ({ ...row, s: `${'x'.repeat(50_000)}${row.n}` }));
      ends.writer.put(batchOf(rows, schema));
      ends.writer.control(END, 0);
      ends.writer.publish();
      assert.deepEqual(drain(ends), [...rows, 'end']);
    });

    test(`${title}: a row larger than the channel's memory arrives whole`, () => {
      const ends = make(schema);
      const rows = [
        ...rowsOf(0, 2),
        { n: 9, s: 'é'.repeat(50_000) },
        { n: 10, s: '漢'.repeat(50_000) },
      ];
      ends.writer.put(batchOf(rows, schema));
      ends.writer.control(END, 0);
      ends.writer.publish();
      assert.deepEqual(drain(ends), [...rows, 'end']);
    });
  }

  test(`${name}: free-form rows of ever new shapes, and typed rows among them`, () => {
    const ends = make(null);
    const batches: unknown[][] = [
      [{ a: 1 }],
      [{ a: 'x', b: undefined }],
      [7, null, [1]],
      [{ c: new Date(5) }, { a: 2n }],
    ];
    for (const rows of batches) ends.writer.put(batchOf(rows, null));
    ends.writer.put(batchOf(rowsOf(0, 2), Row as Schema));
    ends.writer.publish();
    assert.deepEqual(drain(ends), [...batches.flat(), ...rowsOf(0, 2)]);
  });

  test(`${name}: free-form rows whose names alone are more than the channel's memory`, () => {
    const ends = make(null);
    const rows = ['x', 'é', '漢'].map((letter, n) => ({ [letter.repeat(20_000)]: n, n }));
    for (const row of rows) ends.writer.put(batchOf([row], null));
    ends.writer.put(batchOf(rows, null));
    ends.writer.control(END, 0);
    ends.writer.publish();
    assert.deepEqual(drain(ends), [...rows, ...rows, 'end']);
  });

  test(`${name}: a row of another shape that is larger than the channel's memory, behind what waits`, () => {
    const ends = make(null);
    const before = rowsOf(0, 500).map((row) => [row]);
    for (const rows of before) ends.writer.put(batchOf(rows, null));
    const large = { text: 'x'.repeat(50_000), of: 'another shape' };
    ends.writer.put(batchOf([large], null));
    ends.writer.put(batchOf(rowsOf(500, 2), null));
    ends.writer.publish();
    assert.deepEqual(drain(ends), [...before.flat(), large, ...rowsOf(500, 2)]);
  });

  test(`${name}: a barrier overtakes rows of other shapes, however long their names are`, () => {
    for (const length of [1, 20_000]) {
      const ends = make(null);
      const rows = Array.from({ length: 40 }, (_, n) => ({ [`${n} `.repeat(length)]: n }));
      for (const row of rows) ends.writer.put(batchOf([row], null));
      const overtaken = ends.writer.overtake(1).flatMap((batch) => batch.rowObjects().slice());
      ends.writer.publish();
      const got = drain(ends);
      assert.deepEqual(
        got.filter((element) => element !== 'barrier'),
        rows,
      );
      const behind = got.length - 1 - got.indexOf('barrier');
      assert.deepEqual(overtaken, behind === 0 ? [] : rows.slice(-behind));
    }
  });
}

for (const [name, make] of Object.entries(CHANNELS)) {
  test(`${name}: a writer is not ready while as many rows wait as its consumer wants`, () => {
    const { writer, reader } = make(Row);
    const batch = batchOf(rowsOf(0, 10), Row);
    const put = (): void => {
      writer.put(batch);
      writer.publish();
    };
    const take = (): void => {
      assert.equal(reader.peek(), BATCH);
      assert.equal(reader.batch().rowCount, 10);
      reader.release();
      reader.peek();
    };
    // What a row takes is known when one has gone through, and the limit when more wait.
    put();
    take();
    reader.limit(5);
    let puts = 0;
    for (; writer.isReady; puts++) put();
    assert.ok(puts < 10, `${puts} batches`);
    for (; puts > 0; puts--) {
      take();
      writer.retry();
      writer.publish();
    }
    put();
    if (writer.isReady) put();
    assert.ok(!writer.isReady, 'one waits, and that is more than enough');
    while (reader.peek() === BATCH) {
      take();
      writer.retry();
      writer.publish();
    }
    assert.ok(writer.isReady);
    reader.limit(Infinity);
    put();
    assert.ok(writer.isReady);
  });

  test(`${name}: control elements pass, however few rows are wanted`, () => {
    const { writer, reader } = make(Row);
    reader.limit(1);
    writer.put(batchOf(rowsOf(0, 10), Row));
    writer.control(WATERMARK, 5);
    writer.publish();
    assert.deepEqual(drain({ writer, reader }), [...rowsOf(0, 10), 'W5']);
  });
}

test('ring: rings of one memory keep apart', () => {
  const signal = () => new Signal(new SharedArrayBuffer(64), 0);
  const memory = new RingMemory(4096, 3);
  const ends = Array.from({ length: 3 }, (): Ends => {
    const descriptor = memory.ring(signal(), signal());
    return {
      writer: new RingWriter(descriptor, Row as Schema, 'sender'),
      reader: new RingReader(descriptor, Row as Schema),
    };
  });
  ends.forEach(({ writer }, n) => {
    writer.put(batchOf(rowsOf(n * 10, n + 1), Row as Schema));
    writer.publish();
  });
  ends.forEach((each, n) => {
    assert.deepEqual(drain(each), rowsOf(n * 10, n + 1));
  });
});

test('local: a watermark takes the place of one right before it, and of no other', () => {
  const ends = CHANNELS.local!(null);
  const { writer } = ends;
  writer.control(WATERMARK, 1);
  writer.control(WATERMARK, 2);
  writer.put(batchOf(rowsOf(0, 1), null));
  writer.control(WATERMARK, 3);
  writer.control(IDLE, 0);
  writer.control(WATERMARK, 4);
  assert.deepEqual(drain(ends), ['W2', ...rowsOf(0, 1), 'W3', 'idle', 'W4']);
});

test('little waits in rings of which the consumer has not said yet how much may', () => {
  const signal = () => new Signal(new SharedArrayBuffer(64), 0);
  const waiting = [true, false].map((isLimited) => {
    const descriptor = new RingMemory(1 << 20, 1, isLimited).ring(signal(), signal());
    const writer = new RingWriter(descriptor, Row as Schema, 'sender');
    let rows = 0;
    for (; writer.isReady && rows < 10_000; rows += 50) {
      writer.put(batchOf(rowsOf(rows, 50), Row as Schema));
      writer.publish();
    }
    return rows;
  });
  assert.ok(waiting[0]! <= BACKLOG_ROWS_FIRST, `${waiting}`);
  assert.equal(waiting[1], 10_000);
});
