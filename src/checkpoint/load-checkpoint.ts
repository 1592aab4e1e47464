/**
 * A checkpoint or savepoint from its directory, with every byte of it verified: what is not whole is not loaded. Threads verify
 * the blocks that they restore from (block-reader.ts); nothing outside may change before the others are verified too.
 */
import { join, resolve } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { groupBy } from '../base/group-by.ts';
import { blockKey } from './block-reader.ts';
import type { BlockRef, Manifest, StoredCheckpoint } from './checkpoint.ts';
import { idOf, MANIFEST_NAME, nameOf, stateFileOf } from './checkpoint-names.ts';
import type { FileLayer, InputFile } from './file-layer.ts';
import { blocksOf, decodeManifest } from './manifest.ts';
import { readingError } from './reading-error.ts';
import { checkBlock, checkFileHead, damaged, FILE_HEAD_BYTES } from './state-file.ts';
import { systemFiles } from './system-files.ts';

/** What is read of a file at a time, unless a block is larger. Benchmark: figure recovery. */
const RUN_BYTES = 1024 * 1024;

/**
 * The checkpoint in a directory. EngineError CHECKPOINT_NOT_FOUND, CHECKPOINT_DAMAGED.
 *
 *   const { manifest } = await loadCheckpoint('state/checkpoint-7');
 */
export async function loadCheckpoint(
  directory: string,
  files: FileLayer = systemFiles,
): Promise<StoredCheckpoint> {
  const stored = await openCheckpoint(directory, files);
  await verifyBlocks(stored, new Set(), files);
  return stored;
}

/** The same with nothing verified but its manifest. */
export async function openCheckpoint(
  directory: string,
  files: FileLayer = systemFiles,
): Promise<StoredCheckpoint> {
  const path = resolve(directory);
  return Object.freeze({ path, manifest: await readManifest(path, files) });
}

/** The manifest alone. */
export async function readManifest(path: string, files: FileLayer): Promise<Manifest> {
  const file = join(path, MANIFEST_NAME);
  const bytes = await reading(file, files.read(file));
  if (bytes !== null) return decodeManifest(file, bytes);
  const why = whyNone(await reading(path, files.list(path)));
  throw new EngineError(
    'CHECKPOINT_NOT_FOUND',
    `there is no checkpoint or savepoint at ${path}: ${why}`,
  );
}

/** Why there is none where these names are, and what to do. */
function whyNone(names: readonly string[] | null): string {
  if (names === null) return 'there is no such directory';
  const newest = Math.max(...names.map((name) => idOf(name) ?? -1));
  if (newest >= 0) return `it has them within it; give the path of one, such as ${nameOf(newest)}`;
  return `it has no ${MANIFEST_NAME}; give the path of one, such as <directory>/checkpoint-7`;
}

/** Verifies every block but those in `verified`, by their keys. EngineError CHECKPOINT_DAMAGED, CHECKPOINT_NOT_FOUND. */
export async function verifyBlocks(
  { path, manifest }: StoredCheckpoint,
  verified: ReadonlySet<string>,
  files: FileLayer = systemFiles,
): Promise<void> {
  const blocks = groupBy([...blocksOf(manifest)], ({ checkpoint }) => checkpoint);
  // Its own state file is there even if it is empty.
  for (const checkpoint of new Set(['', ...blocks.keys()])) {
    const file = stateFileOf(path, checkpoint);
    const left = (blocks.get(checkpoint) ?? []).filter(
      ({ offset }) => !verified.has(blockKey(file, offset)),
    );
    await verifyFile(file, left, files);
  }
}

async function verifyFile(
  file: string,
  blocks: readonly BlockRef[],
  files: FileLayer,
): Promise<void> {
  const input = await reading(file, files.open(file));
  try {
    checkFileHead(file, await reading(file, input.read(0, new Uint8Array(FILE_HEAD_BYTES))));
    for await (const { run, bytes: read } of readAhead(file, input, runsOf(blocks))) {
      for (const block of run.blocks) {
        const at = block.offset - run.offset;
        const bytes = read.subarray(at, at + block.bytes);
        if (bytes.length < block.bytes) throw damaged(file, block.offset, 'the file is cut off');
        checkBlock(file, block.offset, bytes);
      }
    }
  } finally {
    await input.close().catch(() => {});
  }
}

/** Blocks that lie one behind the other. */
type Run = { readonly offset: number; length: number; readonly blocks: BlockRef[] };

/** The bytes of each run, in memory that a later one is read into: the next is on its way while one is looked at. */
async function* readAhead(
  file: string,
  input: InputFile,
  runs: readonly Run[],
): AsyncGenerator<{ readonly run: Run; readonly bytes: Uint8Array }> {
  const buffers = [new Uint8Array(0), new Uint8Array(0)];
  const begin = (n: number): Promise<Uint8Array> | null => {
    const run = runs[n];
    if (run === undefined) return null;
    const { offset, length } = run;
    if (buffers[n % 2]!.length < length)
      buffers[n % 2] = new Uint8Array(Math.max(length, RUN_BYTES));
    return reading(file, input.read(offset, buffers[n % 2]!.subarray(0, length)));
  };
  let next = begin(0);
  try {
    for (let n = 0; next !== null; n++) {
      const bytes = await next;
      next = begin(n + 1);
      yield { run: runs[n]!, bytes };
    }
  } finally {
    await next?.catch(() => {});
  }
}

/** The blocks of a file in the order in which they lie, gathered for few reads. */
function runsOf(blocks: readonly BlockRef[]): readonly Run[] {
  const runs: Run[] = [];
  for (const block of [...blocks].sort((a, b) => a.offset - b.offset)) {
    const run = runs.at(-1);
    const { offset, bytes } = block;
    const follows = run !== undefined && run.offset + run.length === offset;
    if (follows && run.length + bytes <= RUN_BYTES) {
      run.length += bytes;
      run.blocks.push(block);
    } else {
      runs.push({ offset, length: bytes, blocks: [block] });
    }
  }
  return runs;
}

async function reading<T>(file: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw readingError(file, error);
  }
}
