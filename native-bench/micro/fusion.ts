/**
 * A chain of map, filter, map and project over typed columns: the four as one generated loop, as the engine runs them,
 * or as four operators of one step, each of which hands a batch to the next.
 *
 *   fusion.ts <fused | separate> <records>      prints { ms, records, results, checksum }
 *
 * The same batch goes through the chain again and again; the last operator's rows are summed up.
 */
import { systemClock } from '../../src/base/clock.ts';
import { BATCH_ROWS } from '../../src/base/limits.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { type RowOf, record, type Schema, t } from '../../src/data/schema.ts';
import { createOperator, type OperatorPlan } from '../../src/operator/create-operator.ts';
import type { OperatorContext } from '../../src/operator/operator.ts';
import type { StatelessSpec } from '../../src/operator/operator-spec.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';
import { Chain, type ChainLink } from '../../src/task/chain.ts';

const Bid = record({ auction: t.int32, bidder: t.int32, cents: t.int32, time: t.timestamp });
type Bid = RowOf<typeof Bid>;
type Priced = { auction: number; bidder: number; price: number; time: number };
type Ranked = Priced & { rank: number };

const plan = (spec: StatelessSpec, ...functions: object[]): OperatorPlan => ({
  name: spec.type,
  spec,
  functions,
  sink: null,
});

const STEPS: readonly OperatorPlan[] = [
  plan({ type: 'map' }, ({ auction, bidder, cents, time }: Bid): Priced => {
    return { auction, bidder, price: cents / 100, time };
  }),
  plan({ type: 'filter' }, (bid: Priced) => bid.price >= 5),
  plan({ type: 'map' }, ({ auction, bidder, price, time }: Priced): Ranked => {
    return { auction, bidder, price, time, rank: Math.sqrt(price) };
  }),
  plan({ type: 'project', fields: ['auction', 'rank'] }),
];

/** The end of the chain. */
class Total {
  tap = null;
  results = 0;
  checksum = 0;
  readonly isReady = true;
  readonly hasPartial = false;
  readonly rowsMax = Infinity;
  readonly sentRows = 0;

  emit(batch: Batch): void {
    const rows = batch.rowObjects() as readonly Pick<Ranked, 'auction' | 'rank'>[];
    this.results += rows.length;
    for (let i = 0; i < rows.length; i++)
      this.checksum += rows[i]!.auction + Math.floor(rows[i]!.rank);
  }
  watermark(): void {}
  idle(): void {}
  barrier(): void {}
  end(): void {}
  retry = () => false;
  flush = () => false;
  publish(): void {}
}

const [way, records] = process.argv.slice(2);
const batch = makeBids();
const rounds = Math.ceil(Number(records) / BATCH_ROWS);
const total = new Total();
const chain = chainOf(way === 'fused' ? [STEPS] : STEPS.map((step) => [step]), total);
for (let round = 0; round < Math.min(rounds, 200); round++) chain.head.emit(batch);
total.results = 0;
total.checksum = 0;
const start = performance.now();
for (let round = 0; round < rounds; round++) chain.head.emit(batch);
const ms = performance.now() - start;
const { results, checksum } = total;
console.log(JSON.stringify({ ms, records: rounds * BATCH_ROWS, results, checksum }));

function makeBids(): Batch {
  const builder = new BatchBuilder(Bid);
  for (let n = 0; n < BATCH_ROWS; n++)
    builder.appendRow({ auction: n % 100, bidder: n, cents: (n * 7919) % 1000, time: n });
  return builder.seal();
}

/** A chain of one operator for each run of steps. */
function chainOf(runs: readonly (readonly OperatorPlan[])[], end: Total): Chain {
  const links = runs.map((plans, n): ChainLink => {
    const isLast = n === runs.length - 1;
    return {
      operator: createOperator(plans, {
        schemas: [n === 0 ? (Bid as Schema) : null, null],
        runId: 'benchmark',
        isBatch: false,
      }),
      context: contextOf(plans),
      next: isLast ? [] : [n + 1],
      sides: new Map(),
      gates: isLast ? [end] : [],
    };
  });
  const chain = new Chain(links, [0], []);
  chain.open();
  return chain;
}

function contextOf(plans: readonly OperatorPlan[]): OperatorContext {
  return {
    name: plans.map((step) => step.name).join(' > '),
    subtask: 0,
    parallelism: 1,
    maxParallelism: 128,
    job: { name: 'alone', id: 'alone', attempt: 0 },
    isCheckpointed: false,
    isIncremental: false,
    isBatch: false,
    restored: NO_STATE,
    snapshot() {
      throw new Error('no checkpoint is taken');
    },
    clock: systemClock,
    watermarkIntervalMs: 10,
    metrics: {
      recordsIn: 0,
      recordsOut: 0,
      lateRecords: 0,
      skippedRecords: 0,
      bytesRead: 0,
      bytesWritten: 0,
    },
    wake() {},
    prepareCommit() {},
    onMetric() {},
  };
}
