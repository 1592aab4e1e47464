/** What a source of Server-Sent Events makes of events that are too long: malformed records, behind which it goes on. */
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { jsonLines } from '../../../src/connector/file/json-lines.ts';
import { type SseOptions, sse } from '../../../src/connector/net/sse/sse.ts';
import { record, t } from '../../../src/data/schema.ts';
import type { DeadLetter, SplitReader } from '../../../src/operator/source.ts';
import { portOf, until } from '../../e2e/net/peers.ts';

const Row = record({ id: t.int32 });
const SPLIT = { id: 'connection', weight: 0, detail: null };

/** Reads the events of a server, which answers a connection by a function, until there are so many rows. */
async function following(
  answer: (response: ServerResponse, lastId: number) => void,
  options: SseOptions,
  count: number,
) {
  const asked: number[] = [];
  const server = createServer((request, response) => {
    const lastId = Number(request.headers['last-event-id'] ?? 0);
    asked.push(lastId);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    answer(response, lastId);
  });
  const url = `http://127.0.0.1:${await portOf(server)}/`;
  const all = { maxEventBytes: 1000, reconnect: { minDelay: 1, maxDelay: 5 }, ...options };
  const letters: DeadLetter[] = [];
  const reader: SplitReader = sse(url, jsonLines(Row), all).createReader(SPLIT, null, {
    clock: systemClock,
    wake: () => {},
    malformed: (letter) => void letters.push(letter),
  });
  const ids: number[] = [];
  try {
    await until(() => {
      const batch = reader.poll();
      if (typeof batch !== 'string') {
        ids.push(...batch.rowObjects().map((row) => (row as { id: number }).id));
      }
      return ids.length >= count;
    }, `${count} rows`);
    return { ids, letters, asked, position: reader.position() };
  } finally {
    reader.close();
    server.closeAllConnections();
  }
}

const eventText = (id: number): string => `id: ${id}\ndata: {"id":${id}}\n\n`;
const long = `{"id":3,"text":"${'x'.repeat(300_000)}"}`;

for (const onMalformed of ['skip', 'deadLetter'] as const) {
  test(`an event that is too long is left out, and the connection goes on: ${onMalformed}`, async () => {
    for (const text of [`id: 3\ndata: ${long}\n\n`, `data: ${long}\nid: 3\n\n`]) {
      const { ids, letters, asked, position } = await following(
        (response, lastId) => {
          for (let id = lastId + 1; id <= 5; id++) response.write(id === 3 ? text : eventText(id));
        },
        { onMalformed },
        4,
      );
      assert.deepEqual(ids, [1, 2, 4, 5]);
      assert.deepEqual(asked, [0]);
      assert.equal(position, '5');
      assert.equal(letters.length, 1);
      const { place, reason, text: shown } = letters[0]!;
      assert.match(place, /^http:.* message 3$/);
      assert.equal(reason, 'a message is longer than 1000 bytes');
      assert.equal(shown, long.slice(0, 1001));
    }
  });
}

test('the id of an event that is too long is that of the last event, where the connection is lost behind it', async () => {
  const { ids, letters, asked } = await following(
    (response, lastId) => {
      if (lastId >= 3) response.write(eventText(4));
      else response.end(`${eventText(1)}${eventText(2)}id: 3\ndata: ${long}\n\n`);
    },
    { onMalformed: 'skip' },
    3,
  );
  assert.deepEqual([ids, letters.length, asked], [[1, 2, 4], 1, [0, 3]]);
});

test('an event that is too long ends the job by default, and is nothing where it is not asked for', async () => {
  const answer = (response: ServerResponse): void => {
    response.write(`event: other\nid: 1\ndata: ${long}\n\n`);
    response.write(eventText(2));
  };
  await assert.rejects(following(answer, {}, 1), {
    code: 'INPUT_MALFORMED',
    message: /message 1: a message is longer than 1000 bytes$/,
  });
  const { ids, letters } = await following(answer, { events: ['message'] }, 1);
  assert.deepEqual([ids, letters.length], [[2], 0]);
});

test('the last event of a stream whose lines end in carriage returns is read when the connection ends', async () => {
  const { ids, asked } = await following(
    (response, lastId) => {
      const text = eventText(lastId + 1) + eventText(lastId + 2);
      response.end(`\uFEFF${text.replaceAll('\n', '\r')}`);
    },
    {},
    4,
  );
  assert.deepEqual(
    [ids, asked.slice(0, 2)],
    [
      [1, 2, 3, 4],
      [0, 2],
    ],
  );
});
