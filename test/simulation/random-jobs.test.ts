/**
 * Random jobs (random/random-job.ts), each in all the ways that a job can run (random/random-runs.ts): `RANDOM_JOBS=100000 npm run test:jobs` for
 * as many as you like, `SEED=7` for one. By default 24, on seeds that follow from the commit, and those that failed once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstSeed } from './first-seed.ts';
import { OLD_JOB_SEEDS } from './old-job-seeds.ts';
import { codeOf, drawJob, type RandomJob } from './random/random-job.ts';
import { shortestFailure } from './random/random-runs.ts';

const JOBS = process.env.SEED === undefined ? Number(process.env.RANDOM_JOBS ?? 24) : 1;

const CALLS =
  `collection( generate( uneven( hybrid( parallelism: rate: until: .eventTime( withIdleness( custom( monotonous( .map( .filter( .flatMap(
  .project( .as( .union( .rebalance( .rescale( .shuffle( .global( .partitionCustom( .partitionBy( .broadcast( .keyBy( .reinterpretAsKeyed(
  .sum( .min( .max( .minBy( .maxBy( .reduce( .window( .windowAll( tumbling( sliding( cumulating( session( globalWindow( customWindow(
  tumblingCount( slidingCount( .trigger( countTrigger( deltaTrigger( continuousEventTimeTrigger( timeoutTrigger( customTrigger( purging(
  .evictor( countEvictor( timeEvictor( deltaEvictor( .allowedLateness( .lateTo( .sideOutput( .aggregate( count( sum( avg( min( max( first(
  last( countDistinct( collect( quantile( aggregate( .process( value( list( map( reducing( aggregating( ttl: operatorState
  timers.eventTime( expiring( timers.processingTime( deleteProcessingTime( stagger:
  deleteEventTime( .connect( .intervalJoin( .join( .coGroup( .broadcastJoin( .mapAsync( .lookup( .match( .fullPartition( .sort( .parallelism(
  .maxParallelism( .disableChaining( .startNewChain( .bufferTimeout( .to(`.split(/\s+/);

test('random jobs give the same rows in all ways that a job can run', async (context) => {
  const first = firstSeed();
  context.diagnostic(`seeds ${first} to ${first + JOBS - 1}`);
  const seeds = [...OLD_JOB_SEEDS, ...Array.from({ length: JOBS }, (_, n) => first + n)];
  for (const seed of seeds) {
    const failure = await shortestFailure(drawJob(seed));
    assert.equal(failure, null, failure ?? '');
  }
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
