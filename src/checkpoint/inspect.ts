/** What is in a checkpoint, as plain data for people and programs. */

import { allBlocks } from '../state/generations.ts';
import { readBlockHeadSync } from './block-reader.ts';
import type { Manifest, StateManifest, StoredCheckpoint } from './checkpoint.ts';

export type StateSummary = {
  readonly name: string;
  readonly kind: StateManifest['kind'];
  /** Such as 'count: float64', 'note: string or null'. */
  readonly fields: readonly string[];
  readonly blocks: number;
  /** Written rows: one for each time that a key was captured. */
  readonly rows: number;
  readonly rawBytes: number;
  /** In files, those of earlier checkpoints among them. */
  readonly storedBytes: number;
  /** Of those, what deltas take on top of what was written whole. */
  readonly deltaBytes: number;
  /** Deltas of the subtask that has most. */
  readonly deltas: number;
};

export type OperatorSummary = {
  readonly uid: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly states: readonly StateSummary[];
  readonly committables: number;
};

export type CheckpointSummary = {
  readonly path: string;
  readonly job: string;
  readonly id: number;
  readonly kind: Manifest['kind'];
  readonly engine: string;
  /** Such as '2026-01-31T12:00:00.000Z'. */
  readonly created: string;
  readonly maxParallelism: number;
  readonly isFinal: boolean;
  readonly operators: readonly OperatorSummary[];
};

/**
 * What a checkpoint holds. Reads the heads of its blocks.
 *
 *   const summary = describeCheckpoint(await loadCheckpoint('state/checkpoint-7'));
 */
export function describeCheckpoint({ path, manifest }: StoredCheckpoint): CheckpointSummary {
  const { job, id, kind, engine, maxParallelism, isFinal } = manifest;
  return {
    path,
    job,
    id,
    kind,
    engine,
    created: new Date(manifest.createdAt).toISOString(),
    maxParallelism,
    isFinal,
    operators: manifest.operators.map((operator) => ({
      uid: operator.uid,
      name: operator.name,
      parallelism: operator.parallelism,
      maxParallelism: operator.maxParallelism,
      states: operator.states.map((state) => summaryOf(path, state)),
      committables: operator.committables.filter((one) => one !== null).length,
    })),
  };
}

function summaryOf(path: string, { name, kind, fields, parts }: StateManifest): StateSummary {
  const blocks = parts.flatMap((part) => [...allBlocks(part)]);
  const deltas = parts.flatMap((part) => part.deltas);
  const inDeltas = deltas.flatMap((delta) => [...delta.blocks, ...delta.removed]);
  const removed = deltas.flatMap((delta) => delta.removed);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  return {
    name,
    kind,
    fields: fields.map(
      (field) => `${field.name}: ${field.kind}${field.nullable ? ' or null' : ''}`,
    ),
    blocks: blocks.length,
    rows: sum(blocks.map(({ rows }) => rows)) - sum(removed.map(({ rows }) => rows)),
    rawBytes: sum(blocks.map((block) => readBlockHeadSync(path, block).rawBytes)),
    storedBytes: sum(blocks.map(({ bytes }) => bytes)),
    deltaBytes: sum(inDeltas.map(({ bytes }) => bytes)),
    deltas: Math.max(0, ...parts.map((part) => part.deltas.length)),
  };
}
