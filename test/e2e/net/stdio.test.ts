/** A job as one command of several in a pipe: rows come by standard input and go to standard output. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { csv, jsonLines, parquet } from 'millrace/connectors/files';
import { stdin, stdout } from 'millrace/connectors/net';

const HOOKS = new URL('../../../src/base/typescript-register.mjs', import.meta.url).href;
const JOB = fileURLToPath(new URL('piped-job.ts', import.meta.url));

/** Runs the job in a process of its own; `feed` writes its input. */
function piped(...args: readonly (string | number)[]) {
  const child = spawn(process.execPath, ['--import', HOOKS, JOB, ...args.map(String)]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  child.stderr.on('data', (bytes) => {
    errors += bytes;
  });
  child.stdin.on('error', () => {});
  return {
    child,
    input: child.stdin,
    result: async () => {
      const [code] = await once(child, 'close');
      return { code, output, errors };
    },
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test('a job that is drained writes what it has read, and lets its process end', async () => {
  const { input, result } = piped('csv', 'jsonLines', 0, 'drain');
  const rows = numbers(6000).map((n) => `${n},a\n`);
  // One piece; the last line is torn.
  input.write(`n,text\n${rows.join('')}60`);
  const { code, output } = await result();
  assert.equal(code, 0);
  assert.equal(
    output,
    numbers(6000)
      .map((n) => `${JSON.stringify({ n, text: 'a' })}\n`)
      .join(''),
  );
});

for (const threads of [0, 1]) {
  test(`CSV in, JSON lines out, ${threads} threads; a header comes once`, async () => {
    const { input, result } = piped('csv', 'jsonLines', threads);
    input.end(
      `n,text\n${numbers(10_000)
        .map((n) => `${n},"a, ""${n}"""\n`)
        .join('')}`,
    );
    const { code, output, errors } = await result();
    assert.equal(errors, '');
    assert.equal(code, 0);
    const expected = numbers(10_000).map((n) => `${JSON.stringify({ n, text: `a, "${n}"` })}\n`);
    assert.equal(output, expected.join(''));
  });

  test(`text in, CSV out, ${threads} threads, while the input goes on`, async () => {
    const { child, input, result } = piped('text', 'csv', threads);
    input.write('one\ntw');
    await once(child.stdout, 'data');
    input.end('o');
    assert.deepEqual(await result(), { code: 0, output: 'line\none\ntwo\n', errors: '' });
  });
}

test('a malformed line ends the process with its place', async () => {
  const { input, result } = piped('csv', 'jsonLines', 0);
  input.end('n,text\n1,a\nx,b\n');
  const { code, errors } = await result();
  assert.equal(code, 1);
  assert.match(
    errors,
    /operator 'stdin': stdin line 3: field 'n' wants int32[\s\S]*code: 'INPUT_MALFORMED'/,
  );
});

test('a job that is cancelled while input waits lets its process end', async () => {
  const { child, input, result } = piped('text', 'csv', 0, 'cancel');
  input.write('one\n');
  const ended = result();
  const { code, output } = await ended;
  assert.equal(child.exitCode, code);
  assert.equal(output, 'line\none\n');
});

test('a reader who is slow gets every line', async () => {
  const { child, input, result } = piped('text', 'jsonLines', 1);
  child.stdout.pause();
  input.end(
    numbers(50_000)
      .map((n) => `line ${n}\n`)
      .join(''),
  );
  await delay(300);
  child.stdout.resume();
  const { output } = await result();
  const expected = numbers(50_000)
    .map((n) => `{"line":"line ${n}"}\n`)
    .join('');
  assert.equal(output, expected);
});

test('formats without lines are refused', () => {
  assert.throws(() => stdin(parquet()), { code: 'JOB_DEFINITION', message: /stdin: the format/ });
  assert.throws(() => stdout(parquet()), { code: 'JOB_DEFINITION', message: /stdout: the format/ });
  assert.throws(() => stdin(csv({ multiline: true })), /without multiline/);
  assert.equal(stdin(jsonLines()).isBounded, true);
});
