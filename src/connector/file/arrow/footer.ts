/**
 * The footer of an Arrow file, which tells its schema and where its messages are: some writers put the schema nowhere else, and
 * dictionaries may lie behind the record batches that use them.
 */
import { closeSync, readSync } from 'node:fs';
import type { Schema as ArrowSchema } from 'apache-arrow';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { optionalLibrary } from '../../../base/optional-library.ts';
import { contentEnd, openForReading } from '../file-bytes.ts';
import type { InputFile } from '../format.ts';
import { type ArrowLibrary, HEAD_BYTES_MAX, MAGIC, MessageWalker, schemaMessage } from './ipc.ts';

const TAIL_BYTES = 4 + MAGIC.length;
/** Of a message: its place, the length of its head, the length of its body. */
const BLOCK_BYTES = 24;

type Block = { readonly offset: number };

type Footer = {
  readonly schema: ArrowSchema;
  readonly numDictionaries: number;
  getDictionaryBatch(index: number): Block | null;
  getRecordBatch(index: number): Block | null;
};

type FooterModule = { readonly Footer: { decode(bytes: Uint8Array): Footer } };

/** EngineError INPUT_MALFORMED where there is none: such a file is not whole. */
function readFooter(file: InputFile): Footer {
  try {
    return decodeFooter(file);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw malformed(file, `its footer cannot be read: ${messageOf(error)}`);
  }
}

function malformed(file: InputFile, reason: string): EngineError {
  return new EngineError('INPUT_MALFORMED', `'${file.path}': ${reason}`);
}

function decodeFooter(file: InputFile): Footer {
  const { Footer } = optionalLibrary<FooterModule>('arrow', 'apache-arrow/ipc/metadata/file');
  const descriptor = openForReading(file);
  const read = (length: number, from: number): Buffer => {
    const bytes = Buffer.alloc(length);
    if (from < 0 || readSync(descriptor, bytes, 0, length, from) < length) {
      throw new Error('it does not end as an Arrow file does');
    }
    return bytes;
  };
  try {
    const tailStart = file.sizeBytes - TAIL_BYTES;
    const tail = read(TAIL_BYTES, tailStart);
    const length = tail.readUInt32LE(0);
    if (!tail.subarray(4).equals(MAGIC) || length > HEAD_BYTES_MAX) {
      throw new Error('it does not end as an Arrow file does');
    }
    const footer = Footer.decode(new Uint8Array(read(length, tailStart - length)));
    if (footer.numDictionaries * BLOCK_BYTES > length) throw new Error('it is damaged');
    return footer;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The message of the schema of a file, where it is in front or in the footer; the walker is behind it. Polars puts it in front
 * without the length that a message has: then what comes first is no message.
 */
export function readSchemaMessage(
  file: InputFile,
  walker: MessageWalker,
  library: ArrowLibrary,
): Uint8Array {
  let reason: unknown = new Error('it does not begin as an Arrow file or stream does');
  try {
    const first = walker.next();
    if (first?.kind === 'schema') return walker.bytes(first);
  } catch (error) {
    reason = error;
  }
  if (!walker.isFile) throw reason;
  const footer = readFooter(file);
  const blocks = [footer.getDictionaryBatch(0), footer.getRecordBatch(0)];
  walker.place = Math.min(...blocks.map((block) => block?.offset ?? file.sizeBytes));
  return schemaMessage(library, footer.schema);
}

/** The messages of the dictionaries of a file; null where they come as they are needed, as in a stream. */
export function dictionaryMessages(file: InputFile, library: ArrowLibrary): Uint8Array[] | null {
  if (contentEnd(file) !== file.sizeBytes) return null;
  const walker = new MessageWalker(file, library);
  try {
    if (!walker.isFile) return null;
    const footer = readFooter(file);
    const blocks = Array.from({ length: footer.numDictionaries }, (_, n) =>
      footer.getDictionaryBatch(n),
    );
    const places = blocks.flatMap((block) => block?.offset ?? []).sort((a, b) => a - b);
    return places.map((place) => {
      walker.place = place;
      const message = walker.next();
      if (message === null) throw malformed(file, `it has no dictionary at byte ${place}`);
      return walker.bytes(message);
    });
  } finally {
    walker.close();
  }
}
