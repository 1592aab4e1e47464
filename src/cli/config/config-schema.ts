/** The schema of the config file: it checks one, and editors get it as JSON schema. */
import * as v from 'valibot';
import { MAX_PARALLELISM_LIMIT, THREAD_HEAP_MB_MAX, THREADS_MAX } from '../../base/limits.ts';
import { LOG_LEVELS } from '../../job/log.ts';
import type { Duration } from '../../time/duration.ts';
import type { MillraceConfig } from './config.ts';

const some = <T extends v.GenericSchema>(schema: T) => v.exactOptional(schema);

function whole(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(allowed),
    v.integer(allowed),
    v.minValue(least, allowed),
    v.maxValue(most, allowed),
  );
}

const count = whole(0, Number.MAX_SAFE_INTEGER);
const flag = v.boolean('true or false');
const TEXT = 'a text that is not empty';
const text = v.pipe(v.string(TEXT), v.nonEmpty(TEXT));

const CHECKPOINTS = 'an object: dir, every, ...';
const UNALIGNED = 'true, false, or an object: after';
const PARAMS = 'an object of values by name';
const JOBS = 'an object of options by job';
const OPTIONS = 'an object of options';

const DURATION = "milliseconds, or a text such as '5 min' (units ms, s, min, h, d)";
const duration = v.union(
  [
    v.pipe(v.number(DURATION), v.minValue(0, DURATION)),
    v.pipe(
      v.string(DURATION),
      v.regex(/^\d+(\.\d+)? ?(ms|s|min|h|d)$/, DURATION),
    ) as unknown as v.GenericSchema<Duration & string>,
  ],
  DURATION,
);

const checkpoints = v.strictObject(
  {
    dir: text,
    every: some(duration),
    mode: some(v.picklist(['exactlyOnce', 'atLeastOnce'], "'exactlyOnce' or 'atLeastOnce'")),
    unaligned: some(v.union([flag, v.strictObject({ after: duration }, UNALIGNED)], UNALIGNED)),
    incremental: some(flag),
    timeout: some(duration),
    minPause: some(duration),
    tolerableFailures: some(count),
    retained: some(whole(1, Number.MAX_SAFE_INTEGER)),
  },
  // What is told of a key that is missing is the message of the object.
  ({ expected }) => (expected === '"dir"' ? TEXT : CHECKPOINTS),
);

const RESTART = "'none', or an object with strategy 'fixedDelay', 'exponential' or 'failureRate'";
const STRATEGIES = [
  v.strictObject({
    strategy: v.literal('fixedDelay'),
    attempts: some(count),
    delay: some(duration),
  }),
  v.strictObject({
    strategy: v.literal('exponential'),
    initialDelay: some(duration),
    maxDelay: some(duration),
    multiplier: some(v.pipe(v.number('a number from 1 on'), v.minValue(1, 'a number from 1 on'))),
    resetAfter: some(duration),
    attempts: some(count),
  }),
  v.strictObject({
    strategy: v.literal('failureRate'),
    failures: some(count),
    interval: some(duration),
    delay: some(duration),
  }),
] as const;
const restart = v.union(
  [v.literal('none', RESTART), v.variant('strategy', STRATEGIES, RESTART)],
  RESTART,
);

const options = {
  threads: some(whole(0, THREADS_MAX)),
  parallelism: some(whole(1, MAX_PARALLELISM_LIMIT)),
  chaining: some(flag),
  generatedUids: some(flag),
  threadHeapMb: some(whole(1, THREAD_HEAP_MB_MAX)),
  bufferTimeout: some(duration),
  maxParallelism: some(whole(1, MAX_PARALLELISM_LIMIT)),
  params: some(
    v.record(
      v.string(),
      v.union([v.string(), v.number(), v.boolean()], 'a text, a number, true or false'),
      PARAMS,
    ),
  ),
  checkpoints: some(checkpoints),
  restart: some(restart),
  batch: some(v.union([flag, v.literal('auto')], "true, false or 'auto'")),
  port: some(whole(0, 65_535)),
  host: some(text),
  allowedOrigins: some(v.array(text, 'a list of origins')),
  log: some(v.picklist(LOG_LEVELS, LOG_LEVELS.map((level) => `'${level}'`).join(', '))),
  progress: some(flag),
};

/** Of a whole file. */
export const CONFIG_SCHEMA = v.strictObject(
  {
    $schema: some(text),
    ...options,
    jobs: some(v.record(v.string(), v.strictObject(options, OPTIONS), JOBS)),
  },
  OPTIONS,
) satisfies v.GenericSchema<MillraceConfig>;

/** What is wrong with a config: one line a place, each with what is allowed there. */
export function configMistakes(config: unknown): readonly string[] {
  // An array is an object to the library.
  const arrays = objectsOf(config as MillraceConfig | undefined)
    .filter(([, , value]) => Array.isArray(value))
    .map(([place, allowed]) => `${place} must be ${allowed}, got an array`);
  if (arrays.length > 0) return arrays;
  const result = v.safeParse(CONFIG_SCHEMA, config);
  return (result.issues ?? []).flatMap((issue) => {
    const place = v.getDotPath(issue) ?? 'the file';
    const within = ofStrategy(issue);
    if (within.length === 0) return [mistake(issue, place)];
    return within.map((one) => mistake(one, `${place}.${v.getDotPath(one)}`));
  });
}

/** What is wrong with the options of a strategy that there is; the issue itself says only what a restart may be. */
function ofStrategy({ issues }: v.BaseIssue<unknown>): readonly v.BaseIssue<unknown>[] {
  return issues?.filter(({ type, path }) => type !== 'variant' && path !== undefined) ?? [];
}

/** Where objects of options stand, what they have, and what is there. */
function objectsOf(config: MillraceConfig | undefined): (readonly [string, string, unknown])[] {
  const jobs = Object.entries(config?.jobs ?? {});
  return [
    ['the file', OPTIONS, config],
    ['jobs', JOBS, config?.jobs],
    ['params', PARAMS, config?.params],
    ['checkpoints', CHECKPOINTS, config?.checkpoints],
    ...jobs.flatMap(
      ([name, own]) =>
        [
          [`jobs.${name}`, OPTIONS, own],
          [`jobs.${name}.params`, PARAMS, own?.params],
          [`jobs.${name}.checkpoints`, CHECKPOINTS, own?.checkpoints],
        ] as const,
    ),
  ];
}

function mistake(issue: v.BaseIssue<unknown>, path: string): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const parent = issue.path!.at(-1)!.input as Readonly<Record<string, unknown>>;
    return `${path} is not an option; allowed there: ${allowedBeside(issue, parent).join(', ')}`;
  }
  const got = issue.input === undefined ? 'nothing' : JSON.stringify(issue.input);
  return `${path} must be ${issue.message}, got ${got}`;
}

/** Names that the object of an unknown key may have. */
function allowedBeside(issue: v.BaseIssue<unknown>, parent: object): readonly string[] {
  const within = issue.path!.slice(0, -1).map(({ key }) => String(key));
  const strategy = 'strategy' in parent ? parent.strategy : null;
  const known = STRATEGIES.find(({ entries }) => entries.strategy.literal === strategy);
  if (known !== undefined) return Object.keys(known.entries);
  if (within.at(-1) === 'checkpoints') return Object.keys(checkpoints.entries);
  return within.length === 0 ? Object.keys(CONFIG_SCHEMA.entries) : Object.keys(options);
}

/** For editors. */
export async function configJsonSchema(): Promise<object> {
  const { toJsonSchema } = await import('@valibot/to-json-schema');
  return { title: 'millrace.config.json', ...toJsonSchema(CONFIG_SCHEMA) };
}
