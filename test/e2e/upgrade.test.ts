/** `millrace run --watch`: a job goes on with each new version of its module, and none that would lose state. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ownerOf } from '../../src/cli/control.ts';
import { nextSavepoint, removeOldSavepoints } from '../../src/cli/upgrade/savepoints.ts';
import { inFolder } from '../connector/read-all.ts';
import { millrace, type Running, startMillrace } from './command-line.ts';
import { versionText } from './versions.ts';

/** In the package, where job files find it by its name. */
const OUT = new URL('../../out/', import.meta.url).pathname;
await mkdir(OUT, { recursive: true });
const folder = await mkdtemp(join(OUT, 'upgrade-'));
after(() => rm(folder, { recursive: true }));

/** The alarm for what hangs: a machine that is busy takes long to start processes. */
const HANGS = { timeout: 600_000 };

/** A job that is watched, in a folder of its own. */
class Watched {
  readonly #folder: string;
  readonly running: Running;

  private constructor(of: string, running: Running) {
    this.#folder = of;
    this.running = running;
  }

  /** `more`: flags that come last. */
  static async start(
    name: string,
    texts: Readonly<Record<string, string>>,
    more: readonly string[] = [],
  ): Promise<Watched> {
    const of = join(folder, name);
    await mkdir(of);
    for (const [file, text] of Object.entries(texts)) await writeFile(join(of, file), text);
    const state = ['--checkpoint-dir', join(of, 'state'), '--checkpoint-every', '50ms'];
    const how = [
      '--threads',
      '1',
      '--watch',
      '--no-progress',
      '--param',
      `out=${join(of, 'rows')}`,
    ];
    return new Watched(of, startMillrace('run', join(of, 'job.ts'), ...state, ...how, ...more));
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  get state(): string {
    return join(this.#folder, 'state');
  }

  /** All at once: of a file that is written bit by bit, an empty one may be taken for a version. */
  async put(file: string, text: string): Promise<void> {
    const path = join(this.#folder, file);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  /** Saves a file, and waits for an answer that was not there before. */
  async save(file: string, text: string, answer: string): Promise<string> {
    const before = this.running.written().length;
    await this.put(file, text);
    while (!this.running.written().slice(before).includes(answer)) {
      assert.equal(this.running.process.exitCode, null, this.running.written());
      await delay(20);
    }
    return this.running.written().slice(before);
  }

  /** Names of the files that are committed, and so do not change. */
  async #parts(): Promise<string[]> {
    const names = await readdir(join(this.#folder, 'rows')).catch(() => []);
    return names.filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'));
  }

  #read(part: string): Promise<string> {
    return readFile(join(this.#folder, 'rows', part), 'utf8');
  }

  async rows(): Promise<{ n: number; key: number; count: number; label: string }[]> {
    const texts = await Promise.all((await this.#parts()).map((part) => this.#read(part)));
    return texts.flatMap((text) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
  }

  /** Reads each file once: to read all of them again and again would starve the job on a machine that is loaded. */
  async until(label: string): Promise<void> {
    const seen = new Set<string>();
    while (true) {
      for (const part of await this.#parts()) {
        if (seen.has(part)) continue;
        if ((await this.#read(part)).includes(`"label":"${label}"`)) return;
        seen.add(part);
      }
      assert.equal(this.running.process.exitCode, null, this.running.written());
      await delay(20);
    }
  }

  /** As another command does: what it has read so far is committed. */
  async stop(state = this.state): Promise<void> {
    const { code, stderr } = await millrace('stop', state);
    assert.equal(code, 0, stderr);
    assert.equal((await this.running.ended).code, 0);
  }

  async cancel(): Promise<void> {
    this.running.process.kill('SIGINT');
    const { code, stderr } = await this.running.ended;
    assert.equal(code, 130, stderr);
  }
}

test('counts go on over versions, no row is lost or doubled, and what would lose state is refused', async () => {
  const text = versionText({ label: './label.ts' });
  const label = (name: string): string => `export const label: string = '${name}';\n`;
  const job = await Watched.start('counts', { 'job.ts': text, 'label.ts': label('one') });
  try {
    await job.until('one');
    const said = await job.save('label.ts', label('two'), 'the new version runs, after');
    assert.match(said, /^counts: no difference that shows$/m);
    await job.until('two');
    assert.match(
      await job.save('job.ts', `${text} const = 1;`, 'the job goes on as it was'),
      /^error: .*job\.ts:\d+:\d+: ERROR/ms,
    );
    assert.match(
      await job.save(
        'job.ts',
        `${text} throw new Error('not today');`,
        'the job goes on as it was',
      ),
      /not today/,
    );
    assert.match(
      await job.save('job.ts', `${text} process.exit(7);`, 'the job goes on as it was'),
      /its process ended, with exit code 7/,
    );
    const refused = await job.save(
      'job.ts',
      versionText({ label: './label.ts', uid: 'others' }),
      'the job goes on as it was',
    );
    assert.match(
      refused,
      /state of 'counts' \(uid counts\) would be lost: count\n.*\.uid\('counts'\)/,
    );
    assert.match(
      await job.save('job.ts', versionText({ groups: 4096 }), 'the job goes on as it was'),
      /state of 'counts' has 128 key groups, and its maxParallelism is 4096 now/,
    );
    await job.put(
      'job.ts',
      `${text} console.error('waits for ever'); await new Promise(() => {});`,
    );
    // While it is loaded: what is saved then is tried instead of it.
    await job.running.wrote('waits for ever');
    const more = versionText({ label: 'three', states: ', last: value(t.int32)' });
    assert.match(
      await job.save('job.ts', more, 'the new version runs, after'),
      /kept +count\n +added +last/,
    );
    await job.until('three');
    assert.deepEqual(await readdir(join(job.state, 'upgrades')), ['1', '2']);
    await job.cancel();
  } finally {
    job.running.process.kill('SIGKILL');
  }
  const rows = (await job.rows()).sort((a, b) => a.n - b.n);
  assert.deepEqual(
    rows.map(({ n }) => n),
    rows.map((_, n) => n),
  );
  for (const { n, key, count } of rows) assert.equal(count, (n - key) / 97 + 1);
  assert.deepEqual([...new Set(rows.map((row) => row.label))], ['one', 'two', 'three']);
});

test(
  'an import that is saved while the first version still loads is a new version',
  HANGS,
  async () => {
    const text = `${versionText({ label: './label.ts' })} console.error('imported');`;
    const label = (name: string): string => `export const label: string = '${name}';\n`;
    const job = await Watched.start('early', { 'job.ts': text, 'label.ts': label('one') });
    try {
      await job.running.wrote('imported');
      await job.save('label.ts', label('two'), 'the new version runs, after');
      await job.until('two');
      await job.cancel();
    } finally {
      job.running.process.kill('SIGKILL');
    }
  },
);

test('a version that fails waits for the next one, which goes on from its last checkpoint', async () => {
  const failing = "if (n === 1000) throw new Error('as it was told to');";
  const job = await Watched.start('failing', { 'job.ts': versionText({ body: failing }) });
  try {
    await job.running.wrote('the job has failed: the next version that is saved');
    assert.match(job.running.written(), /as it was told to/);
    await job.save('job.ts', versionText({ label: 'mended' }), 'the new version runs');
    await job.until('mended');
    const pid = ownerOf(job.state);
    assert.notEqual(pid, job.running.process.pid);
    job.running.process.kill('SIGKILL');
    await job.running.ended;
    while (isAlive(pid)) await delay(20);
  } finally {
    job.running.process.kill('SIGKILL');
  }
  const numbers = (await job.rows()).map(({ n }) => n).sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    numbers.map((_, n) => n),
  );
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('after a version that has failed versions go on being saved', HANGS, async () => {
  const failing = "if (n === 10) throw new Error('as it was told to');";
  const job = await Watched.start('mended', { 'job.ts': versionText({ body: failing }) });
  try {
    await job.running.wrote('the job has failed: the next version that is saved');
    for (const label of ['two', 'three']) {
      await job.save('job.ts', versionText({ label }), 'the new version runs');
      await job.until(label);
    }
    await job.cancel();
  } finally {
    job.running.process.kill('SIGKILL');
  }
});

test(
  'what was said of the first start holds until there is a checkpoint of this run',
  HANGS,
  async () => {
    const before = await Watched.start('before', { 'job.ts': versionText() });
    await before.until('one');
    await before.stop();
    const names = await readdir(before.state);
    const last = names.find((name) => name.startsWith('checkpoint-'))!;
    // A place of its own, where no other run removes it.
    const saved = join(folder, 'saved');
    await cp(join(before.state, last), saved, { recursive: true });
    const failing = versionText({ body: "throw new Error('at once');" });
    const rarely = ['--checkpoint-every', '1 h'];
    const out = `out=${before.file('rows')}`;
    const [from, fresh] = await Promise.all([
      Watched.start('from', { 'job.ts': failing }, [...rarely, '--from', saved, '-p', out]),
      // Where another run has left checkpoints.
      Watched.start('fresh', { 'job.ts': failing }, [
        ...[...rarely, '--fresh', '--checkpoint-dir', before.state],
      ]),
    ]);
    for (const [job, state, reader, labels] of [
      [from, from.state, before, ['one', 'two', 'three']],
      [fresh, before.state, fresh, ['two', 'three']],
    ] as const) {
      try {
        await job.running.wrote('the job has failed: the next version that is saved');
        for (const label of ['two', 'three']) {
          const body = "if (count % 5 === 0) console.error(label, 'has rows');";
          const said = await job.save('job.ts', versionText({ label, body }), 'version runs');
          assert.match(said, /^the new version runs, after/m);
          await job.running.wrote(`${label} has rows`);
        }
        await job.stop(state);
      } finally {
        job.running.process.kill('SIGKILL');
      }
      const rows = (await reader.rows()).sort((a, b) => a.n - b.n);
      assert.deepEqual(
        rows.map(({ n }) => n),
        rows.map((_, n) => n),
      );
      for (const { n, key, count } of rows) assert.equal(count, (n - key) / 97 + 1);
      assert.deepEqual([...new Set(rows.map((row) => row.label))], labels);
    }
  },
);

test('--watch without a place for state, and the first version of a module that is wrong', async () => {
  const file = join(folder, 'wrong.ts');
  await writeFile(file, 'const = 1;');
  const [nowhere, wrong] = await Promise.all([
    millrace('run', file, '--watch'),
    millrace('run', file, '--watch', '--checkpoint-dir', join(folder, 'none')),
  ]);
  assert.deepEqual([nowhere.code, wrong.code], [2, 1]);
  assert.match(nowhere.stderr, /^error CONFIG_INVALID: --watch needs --checkpoint-dir/);
  assert.match(wrong.stderr, /^error: .*wrong\.ts:1:6/s);
});

test('the savepoints of the last few upgrades are kept', async () => {
  await inFolder(async (state) => {
    for (let n = 1; n <= 12; n++) {
      const path = nextSavepoint(state);
      assert.equal(path, join(state, 'upgrades', String(n)));
      await mkdir(path);
      removeOldSavepoints(state);
    }
    assert.deepEqual((await readdir(join(state, 'upgrades'))).sort(), ['10', '11', '12']);
  });
});
