/** The files of a new project: a job that runs, and a test of its steps. */

export type ProjectNames = {
  readonly name: string;
  /** What package.json depends on: a version, or where the package lies. */
  readonly millrace: string;
};

/** Text by path. */
export function projectFiles({ name, millrace }: ProjectNames): Readonly<Record<string, string>> {
  return {
    'package.json': packageJson(name, millrace),
    'tsconfig.json': TSCONFIG,
    '.gitignore': 'node_modules/\nstate/\nout/\n',
    'README.md': readme(name),
    'src/visits.ts': JOB,
    'test/visits.test.ts': TEST,
  };
}

function packageJson(name: string, millrace: string): string {
  const text = {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    scripts: {
      start: 'millrace run src/visits.ts',
      dev: 'millrace run src/visits.ts --checkpoint-dir state/ --watch',
      test: 'node --import millrace/typescript --test test/visits.test.ts',
      check: 'tsc',
    },
    dependencies: { millrace },
    devDependencies: { '@types/node': '^20.19.0', typescript: '^5.9.0' },
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

const TSCONFIG = `{
  "compilerOptions": {
    "strict": true,
    "module": "nodenext",
    "target": "es2023",
    "types": ["node"],
    "skipLibCheck": true,
    "allowImportingTsExtensions": true,
    "noEmit": true
  },
  "include": ["src", "test"]
}
`;

const JOB = `/** Visits of each page by the minute. */
import { generate, job, monotonous, type RowOf, record, type Stream, t, tumbling } from 'millrace';

const Visit = record({ page: t.string, time: t.timestamp });

const PAGES = ['/', '/prices', '/docs'];

/** A step of its own, so that a test can try it without the job. */
export function byMinute(visits: Stream<RowOf<typeof Visit>>) {
  return visits
    .keyBy('page')
    .window(tumbling('1 min'))
    .aggregate(({ count }) => ({ visits: count() }));
}

export default job(import.meta, 'visits', (flow) => {
  const visits = flow
    .from(
      generate({
        schema: Visit,
        count: flow.param('count', 6_000),
        row: (n) => ({ page: PAGES[n % PAGES.length]!, time: n * 50 }),
      }),
      // Records a second; 0 for as fast as they come.
      { rate: flow.param('rate', 0) },
    )
    .eventTime('time', monotonous());
  byMinute(visits).print();
});
`;

const TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harness } from 'millrace/testing';
import { byMinute } from '../src/visits.ts';

test('visits are counted by page and minute', async () => {
  const h = await harness(byMinute);
  h.push({ page: '/', time: 10 }, 10);
  h.push({ page: '/', time: 20 }, 20);
  await h.restart({ parallelism: 2 });
  h.watermark(60_000);
  assert.deepEqual(h.takeRecords(), [{ page: '/', windowStart: 0, windowEnd: 60_000, visits: 2 }]);
  await h.end();
});
`;

function readme(name: string): string {
  return `# ${name}

\`\`\`sh
npm install
npm start            # runs the job of src/visits.ts
npm test             # tries its steps, with a restart in between
npm run check        # types
npx millrace run src/visits.ts --param count=1000000 --param rate=1000
npm run dev          # goes on with each version that you save, from the state of the one before
\`\`\`
`;
}
