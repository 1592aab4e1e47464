/**
 * A source whose splits end by what is in them: at the first record that a function of the user says ends its split, which goes out
 * no more, as what lies behind it. Flink's RecordEvaluator: a source without an end stays one, whose splits may all have ended.
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
  const { discovery } = source;
  const loop = new RowFunctionLoop<boolean, number>(
    schema as Schema | null,
    isEnd as (row: unknown) => boolean,
    (ends) => (ends ? 1 : 0),
  );
  return {
    name,
    descriptor,
    schema,
    isBounded,
    hasDeadLetters: hasDeadLetters ?? false,
    isCallers: isCallers ?? false,
    assignment,
    discoverSplits: (parallelism) => source.discoverSplits(parallelism),
    ...(discovery === undefined ? {} : { discovery }),
    createReader(split, position, context) {
      const ended = hasEnded(position);
      const reader = source.createReader(split, ended ? position.behind : position, context);
      return new ReaderUntil(reader, loop, ended);
    },
    readLoops: () => [
      ...(source.readLoops?.() ?? []),
      loop.generatedLoop('records that end their split'),
    ],
  };
}

/** Of a split whose last record has gone out, and that has not told its end. */
type EndedPosition = { readonly hasEnded: true; readonly behind: PlainData };

function hasEnded(position: PlainData): position is EndedPosition {
  return typeof position === 'object' && position !== null && Object.hasOwn(position, 'hasEnded');
}

class ReaderUntil implements SplitReader {
  readonly finish?: () => void;
  readonly #reader: SplitReader;
  readonly #loop: RowFunctionLoop<boolean, number>;
  #hasEnded: boolean;
  /** By row of a batch, 1 where it ends the split. */
  #ends = new Uint8Array(BATCH_ROWS);

  constructor(reader: SplitReader, loop: RowFunctionLoop<boolean, number>, ended: boolean) {
    this.#reader = reader;
    this.#loop = loop;
    this.#hasEnded = ended;
    if (reader.finish !== undefined) this.finish = () => reader.finish!();
  }

  get wakeAtMs(): number {
    return this.#reader.wakeAtMs;
  }

  get waitsForEvents(): boolean {
    return this.#reader.waitsForEvents === true;
  }

  poll(): PollResult {
    if (this.#hasEnded) return 'end';
    const result = this.#reader.poll();
    return typeof result === 'string' ? result : this.#untilEnd(result);
  }

  #untilEnd(batch: Batch): PollResult {
    const { rowCount } = batch;
    if (this.#ends.length < rowCount) this.#ends = new Uint8Array(rowCount);
    this.#loop.run(batch, this.#ends);
    const end = this.#ends.indexOf(1);
    if (end < 0 || end >= rowCount) return batch;
    this.#hasEnded = true;
    return end === 0 ? 'end' : sliceBatch(batch, 0, end);
  }

  position(): PlainData {
    const position = this.#reader.position();
    return this.#hasEnded
      ? ({ hasEnded: true, behind: position } satisfies EndedPosition)
      : position;
  }

  progress(): number {
    return this.#hasEnded ? 1 : this.#reader.progress();
  }

  close(): void {
    this.#reader.close();
  }
}
