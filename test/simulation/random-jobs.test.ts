/**
 * Random jobs (random/random-job.ts), each in all the ways that a job can run (random/random-runs.ts), and changed between two runs
 * (random/changed-runs.ts): `RANDOM_JOBS=100000 npm run test:jobs` for as many as you like, `SEED=7` for one. By default 24, and 40
 * pairs of versions, on seeds that follow from the commit, and those that failed once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstSeed } from './first-seed.ts';
import { OLD_JOB_SEEDS } from './old-job-seeds.ts';
import {
  type ChangedJob,
  codesOf,
  drawChangedJob,
  failureOfChanged,
  type Outcome,
  shortestChangedFailure,
} from './random/changed-runs.ts';
import { codeOf, drawJob, type RandomJob } from './random/random-job.ts';
import { shortestFailure } from './random/random-runs.ts';

const JOBS = process.env.SEED === undefined ? Number(process.env.RANDOM_JOBS ?? 24) : 1;
const CHANGED_JOBS = process.env.SEED === undefined ? Number(process.env.RANDOM_JOBS ?? 40) : 1;

const CALLS =
  `collection( generate( uneven( manySplits( hybrid( withAlignment( parallelism: rate: until: .eventTime( withIdleness( custom( monotonous( .map( .filter( .flatMap(
  .project( .as( .union( .rebalance( .rescale( .shuffle( .global( .partitionCustom( .partitionBy( .broadcast( .keyBy( .reinterpretAsKeyed(
  .sum( .min( .max( .minBy( .maxBy( .reduce( .window( .windowAll( tumbling( sliding( cumulating( session( globalWindow( customWindow(
  tumblingCount( slidingCount( .trigger( countTrigger( deltaTrigger( continuousEventTimeTrigger( timeoutTrigger( customTrigger( purging(
  .evictor( countEvictor( timeEvictor( deltaEvictor( .allowedLateness( .lateTo( .sideOutput( .aggregate( count( sum( avg( min( max( first(
  last( countDistinct( collect( quantile( aggregate( .process( value( list( map( reducing( aggregating( ttl: operatorState
  timers.eventTime( expiring( timers.processingTime( deleteProcessingTime( stagger:
  deleteEventTime( .connect( .intervalJoin( .join( .coGroup( .broadcastJoin( .mapAsync( .mapParallel( .lookup( .match( .fullPartition( .sort( .parallelism(
  .maxParallelism( .disableChaining( .startNewChain( .bufferTimeout( .to(`.split(/\s+/);

const CHANGES = [
  ...[
    '.filter(() => true) between',
    '.map((row) => row) between',
    '.flatMap((row) => [row]) between',
  ],
  ...['.as(Row)', '.rebalance() between', 'is new', 'is left out', 'is forgotten', 'other names'],
  ...['.disableChaining()', '.startNewChain()', '.bufferTimeout(', 'no maxParallelism'],
  ...[
    ' in 3',
    'another order of the lines',
    'eventTimeTrigger()',
    'continuousEventTimeTrigger(45)',
  ],
  ...["allowedLateness('2 s')", "'800 d'", 'a field more', 'a state more', 'an aggregate more'],
  ...['in another order', 'other windows', 'another key'],
];

test('random jobs give the same rows in all ways that a job can run', async (context) => {
  const first = firstSeed();
  context.diagnostic(`seeds ${first} to ${first + JOBS - 1}`);
  const seeds = [...OLD_JOB_SEEDS, ...Array.from({ length: JOBS }, (_, n) => first + n)];
  for (const seed of seeds) {
    const failure = await shortestFailure(drawJob(seed));
    assert.equal(failure, null, failure ?? '');
  }
});

test('random jobs that are changed between two runs go on with the rows that they would have had, or are refused', async (context) => {
  const first = firstSeed();
  context.diagnostic(`seeds ${first} to ${first + CHANGED_JOBS - 1}`);
  const outcomes: Record<Outcome, number> = {
    'went on': 0,
    'went on and back': 0,
    refused: 0,
    unchanged: 0,
  };
  for (let seed = first; seed < first + CHANGED_JOBS; seed++) {
    const failure = await shortestChangedFailure(drawChangedJob(seed), (pair) =>
      failureOfChanged(pair, (outcome) => outcomes[outcome]++),
    );
    assert.equal(failure, null, failure ?? '');
  }
  context.diagnostic(JSON.stringify(outcomes));
  const changed = outcomes['went on'] + outcomes['went on and back'];
  if (CHANGED_JOBS >= 40) assert.ok(changed > CHANGED_JOBS / 2, 'jobs have been changed');
});

test('a pair of versions that fails is made short, and told as code', async () => {
  const drawn = Array.from({ length: 100 }, (_, seed) => drawChangedJob(seed));
  const long = drawn.find(
    (pair) => codesOf(pair).now.includes('rebalance()') && pair.changes.length > 2,
  )!;
  const fails = async (pair: ChangedJob) =>
    codesOf(pair).now.includes('rebalance()') ? 'it deals rows' : null;
  const told = (await shortestChangedFailure(long, fails))!;
  assert.match(told, new RegExp(`^seed ${long.job.seed}: it deals rows\n\nwas:\n.*is now:\n`, 's'));
  assert.ok(told.length < codesOf(long).was.length + codesOf(long).now.length, told);
});

test('random changes are all that there are', () => {
  const all = Array.from({ length: 1000 }, (_, seed) => drawChangedJob(seed).changes)
    .flat()
    .map(({ what }) => what);
  for (const change of CHANGES)
    assert.ok(
      all.some((what) => what.includes(change)),
      `'${change}' is never drawn`,
    );
});

test('a job that fails is made short, and told as code', async () => {
  const drawn = Array.from({ length: 100 }, (_, seed) => drawJob(seed));
  const long = drawn.find((job) => codeOf(job).includes('session(') && job.steps.length > 6)!;
  const fails = async (job: RandomJob) =>
    codeOf(job).includes('session(') ? 'it has sessions' : null;
  const told = (await shortestFailure(long, fails))!;
  assert.match(told, new RegExp(`^seed ${long.seed}: it has sessions`));
  assert.ok(told.split('const s').length < codeOf(long).split('const s').length, told);
  assert.ok(!told.includes('disableChaining'), told);
});

test('random jobs have all that the public API has', () => {
  const all = Array.from({ length: 1500 }, (_, seed) => codeOf(drawJob(seed))).join('\n');
  for (const call of CALLS) assert.ok(all.includes(call), `${call} is never drawn`);
});
