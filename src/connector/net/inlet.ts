/**
 * What sources of this folder have in common: records come over a connection whenever they like, wait in frames up to a
 * bound, and are parsed when the subtask polls. Beyond the bound the connection is not read, so that the peer waits.
 *
 *   event loop   bytes → frames → wake          subtask   poll: frames → columns → resume
 */
import type { Readable } from 'node:stream';
import type { EngineError } from '../../base/errors.ts';
import { choice, wrong } from '../../base/options.ts';
import type {
  PlainData,
  PollResult,
  Source,
  SplitReader,
  SplitReaderContext,
} from '../../operator/source.ts';
import type { FileFormat, LineFormat, MalformedPolicy } from '../file/format.ts';
import { FrameReader, type LineFrames, type RecordParser } from '../file/text-reader.ts';

/** A connection, or several, and what has come over them. */
export interface Inlet {
  readonly frames: LineFrames;
  /** Why nothing follows; null where all is well. */
  readonly error: EngineError | null;
  /** Nothing follows what is in the frames. */
  readonly hasEnded: boolean;
  /** Records have been taken out of the frames; all that were whole, where `isAll`. */
  onTaken(isAll: boolean): void;
  position(): PlainData;
  /** Takes nothing more; it has ended when all that has come is in the frames. */
  finish(): void;
  close(): void;
}

/** What a stream holds goes to its listener, and nothing after that. */
export function endReading(stream: Readable): void {
  stream.pause();
  stream.read();
  stream.destroy();
}

const NO_RANGE = { start: 0, end: 0, weight: 0 };

export class InletReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly waitsForEvents = true;
  readonly #inlet: Inlet;
  readonly #reader: FrameReader<LineFrames>;

  constructor(
    path: string,
    inlet: Inlet,
    parser: RecordParser<LineFrames>,
    format: FileFormat,
    onMalformed: MalformedPolicy,
    context: SplitReaderContext,
  ) {
    this.#inlet = inlet;
    const file = { path, sizeBytes: 0 };
    const reading = { onMalformed, malformed: context.malformed.bind(context) };
    this.#reader = new FrameReader(file, NO_RANGE, reading, format.schema, inlet.frames, parser);
  }

  poll(): PollResult {
    const inlet = this.#inlet;
    const result = this.#reader.poll();
    inlet.onTaken(result === 'end');
    if (result !== 'end') return result;
    if (inlet.error !== null) throw inlet.error;
    return inlet.hasEnded ? 'end' : 'idle';
  }

  position(): PlainData {
    return this.#inlet.position();
  }

  progress(): number {
    return 0;
  }

  finish(): void {
    this.#inlet.finish();
  }

  close(): void {
    this.#inlet.close();
  }
}

/** How a format reads lines. EngineError JOB_DEFINITION where its records do not stand alone. */
export function linesOf(what: string, format: FileFormat): LineFormat {
  const lines = (format as FileFormat | undefined)?.lines;
  if (lines !== undefined) return lines;
  throw wrong(`${what}: the format`, 'is jsonLines(), text() or csv() without multiline', format);
}

/** The same where no line comes first: over connections that break, and for messages. */
export function headlessLinesOf(what: string, format: FileFormat): LineFormat {
  const lines = linesOf(what, format);
  if (!lines.hasHead) return lines;
  throw wrong(`${what}: the format`, 'is one without a header', format.name);
}

export type MalformedOptions = {
  /**
   * What to do with a record that is malformed. 'fail' (default) ends the job and tells the place; 'skip' counts it
   * (`skippedRecords`) and goes on; 'deadLetter' also sends it to the stream `flow.from(...).deadLetters()`. A header that cannot
   * be read ends the job in any case.
   */
  readonly onMalformed?: MalformedPolicy;
};

export const MALFORMED = choice('fail', 'skip', 'deadLetter');

/** A source of one split, which goes on until its connection, or the job, ends. */
export function connectionSource<Row>(
  parts: Pick<Source<Row>, 'name' | 'descriptor' | 'schema' | 'createReader'> & {
    readonly hasDeadLetters: boolean;
  },
): Source<Row> {
  return {
    isBounded: false,
    assignment: 'spread',
    discoverSplits: async () => [{ id: 'connection', weight: 0, detail: null }],
    ...parts,
  };
}
