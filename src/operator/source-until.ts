/**
 * A source whose splits end by what is in them: at the first record that a function of the user says ends its split, which goes out
 * no more, as what lies behind it. Flink's RecordEvaluator: a source without an end stays one, whose splits may all have ended.
 * Positions are those of the source: it reads on from them where a job has the function no more, or another.
 */
import { BATCH_ROWS } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import { sliceBatch } from '../data/copy.ts';
import { RowFunctionLoop } from '../data/row-function.ts';
import type { Schema } from '../data/schema.ts';
import type { PlainData, PollResult, Source, SplitReader } from './source.ts';

export type EndsSplit<Row> = (row: Row) => boolean;

export function sourceUntil<Row>(source: Source<Row>, isEnd: EndsSplit<Row>): Source<Row> {
  const { name, descriptor, schema, isBounded, hasDeadLetters, isCallers, assignment } = source;
  const { discovery, kind = name } = source;
  const loop = new RowFunctionLoop<boolean, number>(
    schema as Schema | null,
    isEnd as (row: unknown) => boolean,
    (ends) => (ends ? 1 : 0),
  );
  return {
    name,
    kind,
    descriptor,
    schema,
    isBounded,
    hasDeadLetters: hasDeadLetters ?? false,
    isCallers: isCallers ?? false,
    assignment,
    discoverSplits: (parallelism) => source.discoverSplits(parallelism),
    ...(discovery === undefined ? {} : { discovery }),
    ...(source.commitPlaces === undefined
      ? {}
      : { commitPlaces: (places) => source.commitPlaces!(places) }),
    createReader: (split, position, context) =>
      new ReaderUntil(source.createReader(split, position, context), loop),
    readLoops: () => [
      ...(source.readLoops?.() ?? []),
      loop.generatedLoop('records that end their split'),
    ],
  };
}

class ReaderUntil implements SplitReader {
  readonly finish?: () => void;
  hasEnded = false;
  readonly #reader: SplitReader;
  readonly #loop: RowFunctionLoop<boolean, number>;
  /** By row of a batch, 1 where it ends the split. */
  #ends = new Uint8Array(BATCH_ROWS);

  constructor(reader: SplitReader, loop: RowFunctionLoop<boolean, number>) {
    this.#reader = reader;
    this.#loop = loop;
    if (reader.finish !== undefined) this.finish = () => reader.finish!();
  }

  get wakeAtMs(): number {
    return this.#reader.wakeAtMs;
  }

  get waitsForEvents(): boolean {
    return this.#reader.waitsForEvents === true;
  }

  poll(): PollResult {
    if (this.hasEnded) return 'end';
    const result = this.#reader.poll();
    return typeof result === 'string' ? result : this.#untilEnd(result);
  }

  #untilEnd(batch: Batch): PollResult {
    const { rowCount } = batch;
    if (this.#ends.length < rowCount) this.#ends = new Uint8Array(rowCount);
    this.#loop.run(batch, this.#ends);
    const end = this.#ends.indexOf(1);
    if (end < 0 || end >= rowCount) return batch;
    this.hasEnded = true;
    return end === 0 ? 'end' : sliceBatch(batch, 0, end);
  }

  position(): PlainData {
    return this.#reader.position();
  }

  progress(): number {
    return this.hasEnded ? 1 : this.#reader.progress();
  }

  close(): void {
    this.#reader.close();
  }
}
