/** The doors between a running job and the program that started it: rows in, rows out, and Node and Web streams of both. */
import { Readable, Writable } from 'node:stream';
import { ReadableStream, WritableStream } from 'node:stream/web';
import { wrong } from '../base/options.ts';
import type { InputQueue } from '../connector/program/program-input.ts';
import type { ProgramOutput } from '../connector/program/program-output.ts';

/**
 * Rows from the program into the job:
 *
 *   const { clicks } = client.inputs;
 *   if (!clicks.write({ user: 'ada', page: '/', hits: 1, time: 0 })) await clicks.drained();
 *   clicks.end();
 */
export class JobInput<Row> {
  readonly #queue: InputQueue<Row>;

  constructor(queue: InputQueue<Row>) {
    this.#queue = queue;
  }

  /**
   * Takes a row, in any case; false when the job is behind: then wait for `drained` before writing on. EngineErrors:
   * FIELD_TYPE for a row that does not fit the schema, INPUT_CLOSED when the input or the job has ended.
   */
  write(row: Row): boolean {
    return this.#queue.write(row);
  }

  /** Resolves as soon as there is room; rejects when the job has failed. */
  drained(): Promise<void> {
    return this.#queue.drained();
  }

  /** No more rows follow: a job whose inputs have all ended comes to its end. */
  end(): void {
    this.#queue.end();
  }

  /**
   * Writes all rows of an iterable, as fast as the job takes them; does not end the input:
   * `await client.inputs.clicks.from(moreRows)`.
   */
  async from(rows: AsyncIterable<Row> | Iterable<Row>): Promise<void> {
    if (typeof rows !== 'object' || rows === null) throw wrong('from', 'takes rows', rows);
    if (Symbol.asyncIterator in rows) {
      for await (const row of rows) if (!this.write(row)) await this.drained();
    } else {
      for (const row of rows) if (!this.write(row)) await this.drained();
    }
  }

  /**
   * A Node stream in object mode that writes into the job, and ends the input with itself:
   * `await pipeline(Readable.from(moreRows), client.inputs.clicks.writable())`. One that is destroyed by an error ends nothing:
   * others may write on, or the program cancels the job.
   */
  writable(): Writable {
    return new Writable({
      objectMode: true,
      write: (row: Row, _encoding, done) => settle(this.#put(row), done),
      writev: (chunks, done) =>
        settle(this.from(chunks.map(({ chunk }: { chunk: Row }) => chunk)), done),
      final: (done) => {
        this.end();
        done();
      },
    });
  }

  /**
   * A Web stream that writes into the job, and ends the input with itself:
   * `await ReadableStream.from(moreRows).pipeTo(client.inputs.clicks.writableStream())`. One that is aborted ends nothing.
   */
  writableStream(): WritableStream<Row> {
    return new WritableStream<Row>({
      write: (row) => this.#put(row),
      close: () => this.end(),
    });
  }

  async #put(row: Row): Promise<void> {
    if (!this.write(row)) await this.drained();
  }
}

function settle(work: Promise<void>, done: (error?: Error | null) => void): void {
  work.then(
    () => done(),
    (error: Error) => done(error),
  );
}

/**
 * Rows from the job to the program, with one reader: `for await (const row of client.outputs.hourly) console.log(row.mean)`, or
 * `batches`. Rows come at once: after a restart of the job those since its last checkpoint come again.
 */
export class JobOutput<Row> implements AsyncIterable<Row> {
  readonly #output: ProgramOutput<Row>;

  constructor(output: ProgramOutput<Row>) {
    this.#output = output;
  }

  [Symbol.asyncIterator](): AsyncIterator<Row, undefined> {
    return this.#output[Symbol.asyncIterator]();
  }

  /**
   * The rows by as many as there are at a time: many times faster than one by one, where many come.
   * `for await (const rows of client.outputs.hourly.batches()) console.log(rows.length)`.
   */
  batches(): AsyncIterableIterator<readonly Row[]> {
    return this.#output.batches();
  }

  /** A Node stream in object mode of the rows: `client.outputs.hourly.readable().map((row) => JSON.stringify(row))`. */
  readable(): Readable {
    return Readable.from(this.#output);
  }

  /** A Web stream of the rows: `new Response(client.outputs.hourly.readableStream().pipeThrough(toText))`. */
  readableStream(): ReadableStream<Row> {
    const iterator = this.#output[Symbol.asyncIterator]();
    return new ReadableStream<Row>({
      async pull(controller) {
        const next = await iterator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await iterator.return?.();
      },
    });
  }
}
