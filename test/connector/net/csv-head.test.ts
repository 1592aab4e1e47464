/** A header that comes over a connection: where it cannot be read nothing is, whatever is done with malformed records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { csv } from '../../../src/connector/file/csv.ts';
import type { CsvOptions } from '../../../src/connector/file/csv-dialect.ts';
import type { FileFormat } from '../../../src/connector/file/format.ts';
import { ByteLines } from '../../../src/connector/net/byte-lines.ts';
import { httpIngest } from '../../../src/connector/net/http/ingest.ts';
import { InletReader } from '../../../src/connector/net/inlet.ts';
import { record, t } from '../../../src/data/schema.ts';
import type { DeadLetter, SplitReader } from '../../../src/operator/source.ts';
import { listener, until } from '../../e2e/net/peers.ts';

const Row = record({ n: t.int32, text: t.string });
const LINE_BYTES_MAX = 100;

/** Rows and dead letters of lines that have come over a connection, which has ended. */
function readLines(text: string, options: CsvOptions, onMalformed: 'skip' | 'deadLetter') {
  const frames = new ByteLines('stdin', LINE_BYTES_MAX);
  frames.push(Buffer.from(text));
  frames.finish();
  const rest = { error: null, hasEnded: true, onTaken() {}, position: () => null };
  const inlet = { frames, ...rest, finish() {}, close() {} };
  const letters: DeadLetter[] = [];
  const context = {
    clock: systemClock,
    wake() {},
    malformed: (letter: DeadLetter) => void letters.push(letter),
  };
  const format = csv(Row, options) as FileFormat;
  const parser = format.lines!.parser('stdin');
  const reader = new InletReader('stdin', inlet, parser, format, onMalformed, context);
  const rows: unknown[] = [];
  for (let batch = reader.poll(); batch !== 'end'; batch = reader.poll()) {
    if (batch !== 'idle') rows.push(...batch.rowObjects());
  }
  return { rows, letters };
}

for (const onMalformed of ['skip', 'deadLetter'] as const) {
  test(`a header that cannot be read ends the job: ${onMalformed}`, () => {
    const long = 'x'.repeat(LINE_BYTES_MAX + 1);
    for (const [head, message, options] of [
      ['N,text\n', "'stdin' has no column 'n'; its header has N, text", {}],
      ['# 1\nN,text\n', /^'stdin' has no column 'n'/, { comment: '#' }],
      [`${long}\nN,text\n`, /^'stdin' has no column 'n'/, { skipLines: 1 }],
      ['n,n,text\n', /^'stdin' has more than one column 'n'/, {}],
      ['\nn,"text\n', /^stdin line 2: a quote is still open/, {}],
      [`${long}\n`, 'stdin line 1: a line is longer than 100 bytes', {}],
    ] as const) {
      assert.throws(() => readLines(`${head}n,text\n1,a\n`, options, onMalformed), {
        code: 'INPUT_MALFORMED',
        message,
      });
    }
  });

  test(`behind a header records are left out one by one: ${onMalformed}`, () => {
    const lines = 'n,text\n1,a\nx,b\n3\n4,d\n';
    for (const [text, options] of [
      [lines, {}],
      [`${'x'.repeat(LINE_BYTES_MAX + 1)}\n\n${lines}`, { skipLines: 2 }],
    ] as const) {
      const { rows, letters } = readLines(text, options, onMalformed);
      assert.deepEqual(rows, [
        { n: 1, text: 'a' },
        { n: 4, text: 'd' },
      ]);
      assert.deepEqual(
        letters.map(({ text }) => text),
        ['x,b', '3'],
      );
    }
  });

  test(`a body over HTTP with such a header is refused, and the next is not: ${onMalformed}`, async () => {
    const letters: DeadLetter[] = [];
    const { onListening, port } = listener();
    const source = httpIngest(Row, { port: 0, onListening, onMalformed });
    const reader: SplitReader = source.createReader({ id: 'c', weight: 0, detail: null }, null, {
      clock: systemClock,
      wake() {},
      malformed: (letter) => void letters.push(letter),
    });
    try {
      const address = `http://127.0.0.1:${await port()}/`;
      const rows: unknown[] = [];
      const post = async (body: string) => {
        let answer: { status: number; said: unknown } | null = null;
        const headers = { 'Content-Type': 'text/csv' };
        const asked = fetch(address, { method: 'POST', body, headers }).then(async (response) => {
          answer = { status: response.status, said: await response.json() };
        });
        await until(() => {
          const batch = reader.poll();
          if (typeof batch !== 'string') rows.push(...batch.rowObjects());
          return answer !== null;
        }, 'an answer');
        await asked;
        return answer;
      };
      assert.deepEqual(await post('N,text\n1,a\nn,text\n2,b\n'), {
        status: 400,
        said: { error: "line 1: 'body' has no column 'n'; its header has N, text", line: 1 },
      });
      assert.deepEqual([rows, letters], [[], []]);
      assert.deepEqual(await post('n,text\n1,a\nx,b\n'), {
        status: 200,
        said: { accepted: 1, skipped: 1 },
      });
      assert.deepEqual([rows, letters.length], [[{ n: 1, text: 'a' }], 1]);
    } finally {
      reader.close();
    }
  });
}
