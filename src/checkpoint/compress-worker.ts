/** What a thread of the pool runs: content in, block out, both handed over without a copy. */
import { move } from 'piscina';
import type { BlockCodec } from './block-codec.ts';
import { packBlock } from './state-file.ts';

/** Null: nothing to do but to be there. */
export type CompressTask = { readonly content: Uint8Array; readonly codec: BlockCodec } | null;

export default function run(task: CompressTask): unknown {
  return task === null
    ? null
    : move(packBlock(task.content, task.codec) as Uint8Array<ArrayBuffer>);
}
