/** Lines of standard input: the beginning of a command that is one of several in a pipe. */
import type { Readable } from 'node:stream';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { NET_RECORD_BYTES_MAX } from '../../../base/limits.ts';
import { checkOptions, type OptionRules, wholeNumber } from '../../../base/options.ts';
import type { Source, SplitReaderContext } from '../../../operator/source.ts';
import type { FileFormat } from '../../file/format.ts';
import { ByteLines } from '../byte-lines.ts';
import {
  connectionSource,
  type Inlet,
  InletReader,
  linesOf,
  MALFORMED,
  type MalformedOptions,
} from '../inlet.ts';

export type StdinOptions = MalformedOptions & {
  /** Longest line; 1 MiB. A longer one is malformed. */
  readonly maxLineBytes?: number;
};

const STDIN_OPTIONS: OptionRules<StdinOptions> = {
  onMalformed: MALFORMED,
  maxLineBytes: wholeNumber(1),
};

const PATH = 'stdin';

/**
 * Lines of standard input by `jsonLines()`, `text()` or `csv()`, read in the calling thread; ends where the input ends. At most
 * once: what has been read before a checkpoint does not come again, since the input cannot be asked for it. EngineErrors:
 * INPUT_MALFORMED with the line, INPUT_NOT_FOUND where it cannot be read.
 *
 *   flow.from(stdin(csv(Click), { onMalformed: 'skip' }))
 */
export function stdin<Row>(format: FileFormat<Row>, options: StdinOptions = {}): Source<Row> {
  const untyped = format as FileFormat;
  const lines = linesOf('stdin', untyped);
  checkOptions('stdin', options, STDIN_OPTIONS);
  const { onMalformed = 'fail', maxLineBytes = NET_RECORD_BYTES_MAX } = options;
  return {
    ...connectionSource<Row>({
      name: 'stdin',
      descriptor: { format: format.name, options: format.options, onMalformed },
      schema: format.schema,
      hasDeadLetters: onMalformed === 'deadLetter',
      createReader(_split, _position, context) {
        const inlet = new StreamInlet(process.stdin, maxLineBytes, context);
        return new InletReader(PATH, inlet, lines.parser(PATH), untyped, onMalformed, context);
      },
    }),
    isBounded: true,
    isCallers: true,
  };
}

/** The lines of a stream of this process. */
class StreamInlet implements Inlet {
  readonly frames: ByteLines;
  error: EngineError | null = null;
  hasEnded = false;
  readonly #stream: Readable & { unref?(): void };
  readonly #context: SplitReaderContext;
  #isAtEnd: boolean;

  constructor(stream: Readable, lineBytesMax: number, context: SplitReaderContext) {
    this.frames = new ByteLines(PATH, lineBytesMax);
    this.#stream = stream;
    this.#context = context;
    // One that an earlier job has read to its end says nothing more.
    this.#isAtEnd = stream.readableEnded || stream.destroyed;
    stream.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
  }

  readonly #onData = (bytes: Buffer): void => {
    this.frames.push(bytes);
    this.#context.read?.(bytes.length);
    if (this.frames.isFull) this.#stream.pause();
    this.#context.wake();
  };

  readonly #onEnd = (): void => {
    this.frames.finish();
    this.#isAtEnd = true;
    this.#context.wake();
  };

  readonly #onError = (cause: Error): void => {
    const message = `cannot read standard input: ${messageOf(cause)}`;
    this.error = new EngineError('INPUT_NOT_FOUND', message, { cause });
    this.#context.wake();
  };

  onTaken(isAll: boolean): void {
    if (!this.#isAtEnd) {
      if (this.#stream.isPaused() && !this.frames.isFull) this.#stream.resume();
    } else if (isAll) {
      const torn = this.frames.restart();
      if (torn !== null) this.#context.malformed(torn);
      this.hasEnded = true;
    }
  }

  finish(): void {
    this.#stream.pause();
    this.#stream.read();
    this.close();
    this.#isAtEnd = true;
  }

  position(): null {
    return null;
  }

  /** A process that waits for nothing but input that it does not read may end. */
  close(): void {
    this.#stream.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    this.#stream.pause();
    this.#stream.unref?.();
  }
}
