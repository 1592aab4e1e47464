/** A harness around a piece of a dataflow with one input: elements in by hand, elements out in order. */
import type { RowStream, Stream } from '../api/stream.ts';
import { aPlainFunction, checkOptions, type OptionRules } from '../base/options.ts';
import { aSchema, type Schema } from '../data/schema.ts';
import { Dataflow, type DataflowOptions } from './dataflow.ts';
import { DATAFLOW_OPTIONS, HarnessBase } from './harness-base.ts';

export type HarnessOptions<Row> = DataflowOptions & {
  /** Of the rows that are pushed; free-form rows when left out. */
  readonly schema?: Schema<Row>;
};

const HARNESS_OPTIONS: OptionRules<HarnessOptions<unknown>> = {
  ...DATAFLOW_OPTIONS,
  schema: aSchema,
};

/**
 * A harness for the steps that `build` adds to a stream.
 *
 *   const h = await harness((stream: Stream<{ v: number }>) => stream.map((row) => row.v * 2));
 *   h.push({ v: 1 }, 0);
 *   h.take();                       // [{ record: 2, timestamp: 0 }]
 */
export async function harness<Row, Out = unknown>(
  build: (stream: Stream<Row>) => RowStream<Out>,
  options: HarnessOptions<Row> = {},
): Promise<Harness<Row, Out>> {
  aPlainFunction('harness: build', build);
  checkOptions('harness', options, HARNESS_OPTIONS);
  const schema = (options.schema ?? null) as Schema | null;
  const dataflow = new Dataflow<Out>(
    [{ name: 'input', schema }],
    ([stream]) => build(stream as unknown as Stream<Row>),
    options,
  );
  return new Harness<Row, Out>(dataflow);
}

/**
 * One input:
 *
 *   const h = await harness<Click>((clicks) => clicks.map((click) => click.page));
 *   h.push({ user: 'ada', page: '/', hits: 1, time: 0 }, 10);
 *   h.watermark(20);
 *   h.idle();
 *   h.active();
 *   await h.end();
 *   h.take();
 */
export class Harness<Row, Out> extends HarnessBase<Out> {
  readonly #dataflow: Dataflow<Out>;

  constructor(dataflow: Dataflow<Out>) {
    super(dataflow);
    this.#dataflow = dataflow;
  }

  /** A record and its event time. */
  push(record: Row, timestamp: number = Number.NaN): void {
    this.#dataflow.push(0, record, timestamp);
  }

  /** No record at or before this event time follows. */
  watermark(watermark: number): void {
    this.#dataflow.add(0, { watermark });
  }

  /** The input pauses: it no longer holds back time that depends on other inputs too. */
  idle(): void {
    this.#dataflow.add(0, { isIdle: true });
  }

  /** The input goes on. */
  active(): void {
    this.#dataflow.add(0, { isIdle: false });
  }

  /** The input ends. */
  async end(): Promise<void> {
    this.#dataflow.add(0, { end: true });
    await this.#dataflow.settle();
  }
}
