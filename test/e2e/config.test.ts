/** The config file of the command line: found, checked, and beaten by flags. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Ajv } from 'ajv';
import type { MillraceConfig } from '../../src/cli/config/config.ts';
import { configJsonSchema, configMistakes } from '../../src/cli/config/config-schema.ts';
import { runSettings } from '../../src/cli/config/settings.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { jobFile, startMillraceIn } from './command-line.ts';

/** In the package, where config files in TypeScript find it by its name. */
const OUT = new URL('../../out/', import.meta.url).pathname;
await mkdir(OUT, { recursive: true });
const folder = await mkdtemp(join(OUT, 'config-'));
after(() => rm(folder, { recursive: true }));

const WHOLE: MillraceConfig = {
  $schema: './millrace.config.schema.json',
  threads: 1,
  parallelism: 4,
  chaining: false,
  threadHeapMb: 512,
  bufferTimeout: '5 ms',
  maxParallelism: 128,
  params: { rate: 10, name: 'all', isDry: false },
  checkpoints: {
    dir: 'state/',
    every: '5 s',
    retained: 2,
    incremental: true,
    unaligned: { after: '30 s' },
  },
  restart: { strategy: 'exponential', initialDelay: 100, multiplier: 1.5 },
  batch: 'auto',
  port: 0,
  host: '127.0.0.1',
  allowedOrigins: ['https://ops.example.com'],
  progress: false,
  jobs: { flights: { threads: 2, params: { name: 'flights' }, restart: 'none' } },
};

const WRONG: readonly (readonly [unknown, RegExp])[] = [
  [[], /^the file must be an object of options, got an array$/],
  [undefined, /^the file must be an object of options, got nothing$/],
  [{ threads: 'two' }, /^threads must be a whole number from 0 to 1024, got "two"$/],
  [{ threads: 1.5 }, /^threads must be a whole number from 0 to 1024, got 1.5$/],
  [{ thraeds: 2 }, /^thraeds is not an option; allowed there: \$schema, threads, parallelism, /],
  [
    { checkpoints: { every: '5 s' } },
    /^checkpoints\.dir must be a text that is not empty, got nothing$/,
  ],
  [
    { checkpoints: { dir: 'state/', unaligned: 'late' } },
    /^checkpoints\.unaligned must be true, false, or an object: after, got "late"$/,
  ],
  [
    { checkpoints: { dir: 'state/', unaligned: { after: 'soon' } } },
    /^checkpoints\.unaligned.* must be .*$/,
  ],
  [{ checkpoints: 'state/' }, /^checkpoints must be an object: dir, every, \.\.\., got "state\/"$/],
  [{ checkpoints: [] }, /^checkpoints must be an object: dir, every, \.\.\., got an array$/],
  [{ params: [] }, /^params must be an object of values by name, got an array$/],
  [{ jobs: [] }, /^jobs must be an object of options by job, got an array$/],
  [{ jobs: { flights: [] } }, /^jobs\.flights must be an object of options, got an array$/],
  [{ jobs: { flights: null } }, /^jobs\.flights must be an object of options, got null$/],
  [{ jobs: { flights: { params: [] } } }, /^jobs\.flights\.params must be an object of values by/],
  [null, /^the file must be an object of options, got null$/],
  [
    { checkpoints: { dir: 'state/', evry: 5 } },
    /^checkpoints\.evry is not an option; allowed there: dir, every, mode, /,
  ],
  [
    { jobs: { flights: { checkpoints: { dir: 'state/', every: '5 weeks' } } } },
    /^jobs\.flights\.checkpoints\.every must be milliseconds, or a text such as '5 min' .*, got "5 weeks"$/,
  ],
  [
    { jobs: { flights: { jobs: {} } } },
    /^jobs\.flights\.jobs is not an option; allowed there: threads,/,
  ],
  [{ restart: 'sometimes' }, /^restart must be 'none', or an object with strategy/],
  [
    { restart: { strategy: 'fixedDelay', delay: 'long' } },
    /^restart\.delay must be milliseconds, .* got "long"/,
  ],
  [
    { jobs: { flights: { restart: { strategy: 'fixedDelay', dely: 1 } } } },
    /^jobs\.flights\.restart\.dely is not an option; allowed there: strategy, attempts, delay$/,
  ],
  [{ restart: { strategy: 'often' } }, /^restart must be 'none', or an object with strategy/],
  [{ params: { rate: null } }, /^params\.rate must be a text, a number, true or false, got null$/],
  [{ batch: 'maybe' }, /^batch must be true, false or 'auto', got "maybe"$/],
];

test('what a file may hold, and what editors are told of it', async () => {
  assert.deepEqual(configMistakes(WHOLE), []);
  const isAllowed = new Ajv({ strict: false }).compile(await configJsonSchema());
  assert.equal(isAllowed(WHOLE), true, JSON.stringify(isAllowed.errors));
  for (const [config, message] of WRONG) {
    const [first = 'nothing wrong'] = configMistakes(config);
    assert.match(first, message);
    if (config !== undefined) assert.equal(isAllowed(config), false, JSON.stringify(config));
  }
});

test('flags win over what is said of a job, and that over what is said of all', async () => {
  const file = join(folder, 'whole.json');
  await writeFile(file, JSON.stringify(WHOLE));
  const settings = await runSettings({
    config: file,
    param: { rate: '20' },
    progress: true,
    parallelism: 8,
    checkpointEvery: '1s',
    incremental: true,
  });
  assert.equal(settings.ofAll, null);
  const { options, progress } = settings.of('flights');
  assert.deepEqual(
    [progress, options.threads, options.parallelism, options.restart, options.batch],
    [false, 2, 8, 'none', 'auto'],
  );
  assert.deepEqual(options.params, { rate: '20', name: 'flights', isDry: false });
  assert.deepEqual(options.checkpoints, { ...WHOLE.checkpoints, every: '1s' });
  for (const [flags, unaligned] of [
    [{ unaligned: true }, true],
    [{ unalignedAfter: '5 s' }, { after: '5 s' }],
  ] as const) {
    const given = await runSettings({ config: file, param: {}, progress: true, ...flags });
    assert.deepEqual(given.of('flights').options.checkpoints?.unaligned, unaligned);
  }
  assert.equal(settings.of('others').options.threads, 1);
  assert.equal(options.chaining, false);
  const chaining = async (config: string, flag: boolean) =>
    (await runSettings({ config, param: {}, progress: true, chaining: flag })).of('').options
      .chaining;
  const empty = join(folder, 'empty.json');
  await writeFile(empty, '{}');
  // Without --no-chaining the flag is true, and the file has its say.
  assert.deepEqual(
    [await chaining(empty, true), await chaining(empty, false), await chaining(file, true)],
    [undefined, false, false],
  );
  const named = await runSettings({ config: file, param: {}, progress: true, job: 'flights' });
  assert.equal(named.ofAll?.options.threads, 2);
});

test('a file in TypeScript is found, also by explain; a wrong one ends before anything has begun', async () => {
  const here = join(folder, 'here');
  await mkdir(here);
  const text = `import type { MillraceConfig } from 'millrace';
export default { threads: 1, params: { count: 10 }, progress: false } satisfies MillraceConfig;
`;
  await writeFile(join(here, 'millrace.config.ts'), text);
  const start = (...args: readonly string[]) => startMillraceIn(here, ...args).ended;
  const [explained, shown, ran] = await Promise.all([
    start('explain', jobFile('two-jobs'), '--job', 'short', '--json'),
    start('config'),
    start('run', jobFile('two-jobs'), '--job', 'short'),
  ]);
  assert.equal(JSON.parse(explained.stdout).threads, 1, explained.stderr);
  assert.match(shown.stdout, /millrace\.config\.ts\n\{\n {2}"threads": 1,/);
  assert.equal(ran.code, EXIT.done, ran.stderr);
  assert.match(ran.stderr, /, 10 records$/m);

  await writeFile(join(here, 'other.json'), '{ "thread": 1, "port": -1 }');
  const wrong = await start('run', jobFile('two-jobs'), '--config', 'other.json');
  assert.equal(wrong.code, EXIT.usage);
  assert.match(
    wrong.stderr,
    /^error CONFIG_INVALID: .*other\.json:\n {2}.*thread is not an option|^error CONFIG_INVALID: .*other\.json:\n {2}port must be/,
  );
  await writeFile(join(here, 'millrace.config.json'), '{}');
  const both = await start('config');
  assert.equal(both.code, EXIT.usage);
  assert.match(both.stderr, /both millrace\.config\.ts and millrace\.config\.json: keep one/);
});
