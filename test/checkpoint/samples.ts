/** Batches, manifests and checkpoints for tests. */
import type {
  BlockRef,
  CheckpointWriter,
  Manifest,
  StateManifest,
} from '../../src/checkpoint/checkpoint.ts';
import { Batch } from '../../src/data/batch.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import { DynamicColumn, FixedColumn } from '../../src/data/column.ts';
import { VALUES_SCHEMA } from '../../src/data/free-form.ts';
import { record, schemaOf, t } from '../../src/data/schema.ts';

export const COUNTS = record({ key: t.int32, count: t.float64 });

/** Rows of keyed state: key n has the count n * factor. */
export function countsBatch(rowCount: number, factor: number): Batch {
  const keys = Int32Array.from({ length: rowCount }, (_, i) => i);
  return new Batch({
    rowCount,
    schema: COUNTS,
    columns: [
      new FixedColumn('int32', keys, null),
      new FixedColumn(
        'float64',
        Float64Array.from(keys, (key) => key * factor),
        null,
      ),
    ],
    keyHashes: keys,
  });
}

export function itemsBatch(items: readonly unknown[]): Batch {
  return new Batch({
    rowCount: items.length,
    schema: schemaOf(VALUES_SCHEMA.fields),
    columns: [new DynamicColumn([...items])],
  });
}

export function keyedState(blocks: readonly BlockRef[], name = 'counts'): StateManifest {
  return {
    name,
    kind: 'keyed',
    fields: COUNTS.fields,
    parts: [{ subtask: 0, blocks, deltas: [] }],
  };
}

export function manifestOf(
  id: number,
  states: readonly StateManifest[],
  kind: Manifest['kind'] = 'checkpoint',
): Manifest {
  return {
    version: 1,
    kind,
    id,
    job: 'visits',
    jobId: 'a1b2c3d4',
    engine: '0.1.0',
    createdAt: 1_700_000_000_000,
    maxParallelism: 128,
    isBatch: false,
    isFinal: false,
    operators: [
      {
        uid: 'count',
        name: 'count by key',
        parallelism: 2,
        maxParallelism: 128,
        windows: null,
        rows: null,
        keptBy: null,
        states,
        committables: [],
      },
      {
        uid: 'files',
        name: 'files',
        parallelism: 1,
        maxParallelism: 128,
        windows: null,
        rows: null,
        keptBy: null,
        states: [],
        committables: [{ path: 'part-0', bytes: 12 }],
      },
    ],
  };
}

/** Writes one block of counts and completes. */
export async function writeCounts(
  writer: CheckpointWriter,
  id: number,
  { rows = 20, earlier = [], kind = 'checkpoint' as Manifest['kind'] } = {} as {
    rows?: number;
    earlier?: readonly BlockRef[];
    kind?: Manifest['kind'];
  },
): Promise<BlockRef> {
  const block = await writer.append(encodeToBytes(countsBatch(rows, id)), rows);
  await writer.complete(manifestOf(id, [keyedState([...earlier, block])], kind));
  return block;
}
