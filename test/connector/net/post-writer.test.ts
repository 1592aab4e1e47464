/** Requests that a checkpoint holds are made again by the writer that goes on from it, under the same keys. */
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { httpPost } from '../../../src/connector/net/http/post.ts';
import { portOf, until } from '../../e2e/net/peers.ts';
import { batchOf, contextOf } from '../sink-run.ts';

test('what has no answer is state, and keeps its key over a restart', async () => {
  const seen: { key: unknown; body: string }[] = [];
  let answers = (_response: ServerResponse): void => {};
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      seen.push({ key: request.headers['idempotency-key'], body });
      answers(response);
    });
  });
  const sink = httpPost(`http://127.0.0.1:${await portOf(server)}/`, {
    batchRows: 2,
    maxInFlight: 1,
  });
  const first = sink.createWriter(contextOf());
  first.write(batchOf(0, 1, 2, 3, 4));
  assert.equal(first.isBusy, true, 'one request is under way, another is ready');
  await until(() => seen.length === 1, 'the first request');
  assert.deepEqual(first.preCommit(false), []);
  const state = first.snapshot!();
  assert.equal(state.length, 3);
  first.close();
  answers = (response) => void response.end();
  let wakes = 0;
  const restored = JSON.parse(JSON.stringify(state));
  const second = sink.createWriter(contextOf({ restored, wake: () => void wakes++ }));
  second.write(batchOf(5));
  second.preCommit(true);
  await until(() => !second.isBusy, 'all answers');
  assert.ok(wakes > 0);
  assert.deepEqual(second.snapshot!(), []);
  second.close();
  assert.equal(seen[1]!.key, seen[0]!.key);
  assert.equal(new Set(seen.slice(1).map(({ key }) => key)).size, 4);
  const lines = seen.slice(1).map(({ body }) => body);
  assert.deepEqual(lines, ['{"n":0}\n{"n":1}\n', '{"n":2}\n{"n":3}\n', '{"n":4}\n', '{"n":5}\n']);
});
