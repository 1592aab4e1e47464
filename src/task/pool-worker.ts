/** What a thread of a pool runs: packed rows in, packed results out. */
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { must } from '../base/assert.ts';
import { describeError, type ErrorDescription } from '../base/error-transport.ts';
import { memoryOf, type PackedRows, RowPacker, RowUnpacker } from '../data/row-bytes.ts';
import type { NodeId } from '../graph/graph.ts';
import { applyToAll, RowFailure, type RowFunction } from '../operator/async/function-pool.ts';
import { importJob } from './import-job.ts';
import type { JobReference } from './worker-message.ts';

/** What a thread is there for: the function of one node. */
export type PoolThread = { readonly job: JobReference; readonly node: NodeId };

export type PoolTask = readonly PackedRows[];

export type PoolTaskResult =
  | { readonly rows: readonly PackedRows[] }
  /** `row`: at which the function has thrown; null for what was thrown besides. */
  | { readonly error: ErrorDescription; readonly row: number | null };

const packer = new RowPacker();
const unpacker = new RowUnpacker();
let found: Promise<RowFunction> | null = null;

async function findFunction({ job, node }: PoolThread): Promise<RowFunction> {
  process.setSourceMapsEnabled(true);
  const { bindings } = await importJob(job, 'a thread of a pool');
  const [definition] = must(bindings[node], 'the node of the function').functions;
  return (definition as { readonly call: RowFunction }).call;
}

export default async function run(task: PoolTask): Promise<PoolTaskResult> {
  try {
    found ??= findFunction(workerData as PoolThread);
    const rows = packer.pack(applyToAll(await found, unpacker.unpack(task)));
    return handedOver({ rows }, memoryOf(rows));
  } catch (error) {
    return error instanceof RowFailure
      ? { error: describeError(error.cause), row: error.row }
      : { error: describeError(error), row: null };
  }
}

/** The result for the thread that asked, with the memory that goes to it. */
function handedOver(result: PoolTaskResult, memory: readonly ArrayBuffer[]): PoolTaskResult {
  const movable = { [transferableSymbol]: memory, [valueSymbol]: result };
  return move(movable as never) as unknown as PoolTaskResult;
}
