/** Without the client the connector says what to install; apart from other tests, since a module that is loaded stays. */
import assert from 'node:assert/strict';
import { register } from 'node:module';
import { test } from 'node:test';
import { jsonLines } from '../../../src/connector/file/json-lines.ts';
import { kafkaSource } from '../../../src/connector/kafka/source/kafka-source.ts';

const WITHOUT = `export async function resolve(name, context, next) {
  if (name !== '@platformatic/kafka') return await next(name, context);
  throw Object.assign(new Error('not there'), { code: 'ERR_MODULE_NOT_FOUND' });
}`;

test('a job that reads topics asks for the client, and no other does', async () => {
  register(`data:text/javascript,${encodeURIComponent(WITHOUT)}`);
  const source = kafkaSource({ brokers: ['127.0.0.1:1'], topics: ['a'], format: jsonLines() });
  await assert.rejects(source.discoverSplits(1), {
    code: 'LIBRARY_MISSING',
    message:
      /^kafkaSource needs the package '@platformatic\/kafka', .* npm install @platformatic\/kafka$/,
  });
});
