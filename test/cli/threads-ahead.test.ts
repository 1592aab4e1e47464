/** How many threads the command starts before it has read its command line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadsAhead } from '../../src/cli/threads-ahead.ts';

const ahead = (line: string): number => threadsAhead(line === '' ? [] : line.split(' '), 8);

test('a job gets a thread for each core, or as many as are asked for', () => {
  assert.equal(ahead('run job.ts'), 8);
  assert.equal(ahead('run job.ts --threads 3'), 3);
  assert.equal(ahead('run --threads=3 job.ts'), 3);
  assert.equal(ahead('run -t 3 job.ts'), 3);
  assert.equal(ahead('run -t3 job.ts'), 3);
  assert.equal(ahead('run job.ts -t 3 -t 2'), 2);
  assert.equal(ahead('run job.ts --threads 0'), 0);
});

test('there are never more than cores, since each is there before the command line is read', () => {
  assert.equal(ahead('run job.ts --threads 1000'), 8);
});

test('no thread is started for a line that runs no job here, or cannot be read', () => {
  for (const line of ['', '--help', 'explain job.ts', 'run --help', 'run job.ts -h']) {
    assert.equal(ahead(line), 0, line);
  }
  for (const line of ['run job.ts -w', 'run --watch job.ts', 'run job.ts --threads']) {
    assert.equal(ahead(line), 0, line);
  }
  for (const line of ['run job.ts --threads many', 'run job.ts -t -1', 'run job.ts -t 1000000']) {
    assert.equal(ahead(line), 0, line);
  }
  for (const threads of ['1e3', '0x10', '1.0', '']) {
    assert.equal(threadsAhead(['run', 'job.ts', '-t', threads], 8), 0, threads);
  }
});
