/** Every figure runs, at a tiny scale, through the command that users call. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const REGISTER = './src/base/typescript-register.mjs';

function bench(...args: string[]): string {
  const command = ['--import', REGISTER, 'native-bench/run.ts', ...args];
  return execFileSync(process.execPath, command, { encoding: 'utf8', stdio: 'pipe' });
}

const ids = bench('--list')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' ')[0]!);

test('the list names each figure once', () => {
  assert.ok(ids.length > 0);
  assert.equal(new Set(ids).size, ids.length);
});

for (const id of ids) {
  test(`${id} ends in a line of JSON with its value and every run`, () => {
    const output = bench('--figure', id, '--scale', '0.0005', '--rounds', '1');
    const last = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
    assert.deepEqual(Object.keys(last), ['id', 'value', 'unit', 'bar', 'holds', 'runs']);
    assert.equal(last.id, id);
    assert.ok(Number.isFinite(last.value));
    assert.equal(typeof last.holds, last.bar === null ? 'object' : 'boolean');
    assert.ok((last.runs as unknown[]).length > 0);
  });
}

test('an unknown figure is an error that names those there are', () => {
  assert.throws(() => bench('--figure', 'nonsense'), {
    status: 1,
    stderr: `error: there is no figure 'nonsense'; there are ${ids.join(', ')}\n`,
  });
});
