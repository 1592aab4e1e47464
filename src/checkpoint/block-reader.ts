/**
 * Blocks of a checkpoint for the threads that restore from it. Reading waits for the disk: a thread restores before it
 * does anything else. State files stay open, a few at a time, until `closeStateFiles`, which says what was read of them:
 * that has been verified, and need not be once more (load-checkpoint.ts).
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError, messageOf } from '../base/errors.ts';
import { OPEN_STATE_FILES } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import { decodeBatch } from '../data/codec.ts';
import type { Schema } from '../data/schema.ts';
import type { BlockRef } from './checkpoint.ts';
import { stateFileOf } from './checkpoint-names.ts';
import { readingError } from './reading-error.ts';
import {
  BLOCK_HEAD_BYTES,
  type BlockHead,
  blockHead,
  checkFileHead,
  damaged,
  FILE_HEAD_BYTES,
  unpackBlock,
} from './state-file.ts';

/** By path; the one that was used last is the last. */
const open = new Map<string, number>();

/** Blocks that were read, by `blockKey`. */
let verified = new Set<string>();

/** What each block is read into: memory that is new for each costs more than the reading. Benchmark: figure recovery. */
let memory = new ArrayBuffer(0);

/**
 * The content of a block, verified, at a multiple of 8 in memory that the next block is read into. EngineError
 * CHECKPOINT_DAMAGED, CHECKPOINT_NOT_FOUND.
 *
 *   const batch = decodeState(state.name, schema, readBlockSync(stored.path, state.parts[0].blocks[0]));
 */
export function readBlockSync(checkpointPath: string, ref: BlockRef): Uint8Array {
  const file = stateFileOf(checkpointPath, ref.checkpoint);
  const content = unpackBlock(file, ref.offset, bytesAt(file, ref.offset, ref.bytes));
  verified.add(blockKey(file, ref.offset));
  return content;
}

/** What a block is known by in a thread and between them. */
export function blockKey(file: string, offset: number): string {
  return `${file}:${offset}`;
}

/** How a block is stored, without reading it. */
export function readBlockHeadSync(checkpointPath: string, ref: BlockRef): BlockHead {
  const file = stateFileOf(checkpointPath, ref.checkpoint);
  return blockHead(file, ref.offset, bytesAt(file, ref.offset, BLOCK_HEAD_BYTES));
}

/**
 * Lets go of the files, so that their directory can be removed and another be read in its place, and of the memory. Gives the
 * keys of the blocks that this thread has read since the last time, all of them as they were written.
 */
export function closeStateFiles(): ReadonlySet<string> {
  for (const handle of open.values()) closeSync(handle);
  open.clear();
  memory = new ArrayBuffer(0);
  const read = verified;
  verified = new Set();
  return read;
}

function bytesAt(file: string, offset: number, length: number): Uint8Array {
  if (memory.byteLength < length) memory = new ArrayBuffer(length);
  const bytes = new Uint8Array(memory, 0, length);
  let filled = 0;
  try {
    const handle = handleOf(file);
    while (filled < length) {
      const count = readSync(handle, bytes, filled, length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
  } catch (error) {
    throw readingError(file, error);
  }
  if (filled < length) throw damaged(file, offset, 'the file is cut off');
  return bytes;
}

function handleOf(file: string): number {
  const found = open.get(file);
  if (found !== undefined) {
    open.delete(file);
    open.set(file, found);
    return found;
  }
  const handle = openSync(file, 'r');
  try {
    const head = new Uint8Array(FILE_HEAD_BYTES);
    checkFileHead(file, head.subarray(0, readSync(handle, head, 0, head.length, 0)));
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  open.set(file, handle);
  closeOldest();
  return handle;
}

function closeOldest(): void {
  if (open.size <= OPEN_STATE_FILES) return;
  const [file, handle] = open.entries().next().value!;
  open.delete(file);
  closeSync(handle);
}

/** The batch in a block of a state: views of these bytes. EngineError CHECKPOINT_DAMAGED. */
export function decodeState(state: string, schema: Schema, content: Uint8Array): Batch {
  try {
    return decodeBatch(
      content.buffer as ArrayBuffer,
      content.byteOffset,
      content.byteLength,
      schema,
    );
  } catch (error) {
    throw new EngineError('CHECKPOINT_DAMAGED', `state '${state}': ${messageOf(error)}`, {
      cause: error,
    });
  }
}
