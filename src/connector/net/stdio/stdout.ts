/** Rows to standard output, as text of a format: the end of a command that is one of several in a pipe. */
import { wrong } from '../../../base/options.ts';
import type { Batch } from '../../../data/batch.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../../operator/sink.ts';
import type { FileEncoder, FileFormat } from '../../file/format.ts';
import { StandardOutput } from '../../print/standard-output.ts';
import { linesOf } from '../inlet.ts';

/**
 * Rows as lines of `jsonLines()`, `text()` or `csv()` on standard output; the job waits while nobody reads them. At once, so not
 * taken back: rows behind the last checkpoint come again after a failure (at least once). A format with a header needs
 * parallelism 1. EngineError OUTPUT_FAILED where the reader has gone.
 *
 *   clicks.to(stdout(csv())).parallelism(1)
 */
export function stdout(format: FileFormat): Sink {
  const { hasHead } = linesOf('stdout', format);
  return {
    name: 'stdout',
    descriptor: { format: format.name, options: format.options },
    createWriter(context) {
      if (hasHead && context.parallelism > 1) {
        throw wrong('stdout: a format with a header', 'needs parallelism(1)', context.parallelism);
      }
      return new StdoutWriter(format, context);
    },
    commit: async () => {},
  };
}

class StdoutWriter implements SinkWriter {
  readonly #encoder: FileEncoder;
  readonly #output: StandardOutput;
  readonly #context: SinkWriterContext;

  constructor(format: FileFormat, context: SinkWriterContext) {
    this.#encoder = format.createEncoder(context.schema);
    this.#output = new StandardOutput(() => context.wake());
    this.#context = context;
  }

  get isBusy(): boolean {
    return this.#output.isBusy;
  }

  write(batch: Batch): void {
    const { buffer, byteOffset, byteLength } = this.#encoder.encode(batch);
    this.#output.write(Buffer.from(buffer, byteOffset, byteLength));
    this.#context.wrote?.(byteLength);
  }

  resume(): void {
    this.#output.resume();
  }

  preCommit(): readonly [] {
    return [];
  }

  close(): void {}
}
