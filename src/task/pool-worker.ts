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

/** Null: nothing to do but to be there. */
export type PoolTask = readonly PackedRows[] | null;

export type PoolTaskResult =
  | { readonly rows: readonly PackedRows[] }
  /** `row`: at which the function has thrown; null for what was thrown besides. */
  | { readonly error: ErrorDescription; readonly row: number | null };

const packer = new RowPacker();
const unpacker = new RowUnpacker();

async function findFunction({ job, node }: PoolThread): Promise<RowFunction> {
  process.setSourceMapsEnabled(true);
  const { bindings } = await importJob(job, 'a thread of a pool');
  const [definition] = must(bindings[node], 'the node of the function').functions;
  return (definition as { readonly call: RowFunction }).call;
}

/** A thread is there once it has the function, or knows why it cannot have it. */
const found = await findFunction(workerData as PoolThread).catch(
  (error: unknown): PoolTaskResult => ({ error: describeError(error), row: null }),
);

export default function run(task: PoolTask): PoolTaskResult {
  if (typeof found !== 'function') return found;
  try {
    const rows = packer.pack(applyToAll(found, unpacker.unpack(task ?? [])));
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
