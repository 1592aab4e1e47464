/** A harness around a piece of a dataflow where two streams meet. */
import type { RowStream, Stream } from '../api/stream.ts';
import { aPlainFunction, checkOptions, type OptionRules } from '../base/options.ts';
import { aSchema, type Schema } from '../data/schema.ts';
import { Dataflow, type DataflowOptions } from './dataflow.ts';
import { DATAFLOW_OPTIONS, HarnessBase } from './harness-base.ts';

export type Harness2Options<First, Second> = DataflowOptions & {
  /** Of the rows of the first input; free-form rows when left out. */
  readonly firstSchema?: Schema<First>;
  /** Of the rows of the second input; free-form rows when left out. */
  readonly secondSchema?: Schema<Second>;
};

const HARNESS2_OPTIONS: OptionRules<Harness2Options<unknown, unknown>> = {
  ...DATAFLOW_OPTIONS,
  firstSchema: aSchema,
  secondSchema: aSchema,
};

/**
 * A harness for the steps that `build` adds to two streams.
 *
 *   const h = await harness2<{ page: string }, { page: string }>((web, app) => web.union(app));
 *   h.pushFirst({ page: '/' }, 1);
 *   h.watermarkFirst(5);
 *   h.watermarkSecond(3);
 *   h.take();                       // [{ record: { page: '/' }, timestamp: 1 }, { watermark: 3 }]
 */
export async function harness2<First, Second, Out = unknown>(
  build: (first: Stream<First>, second: Stream<Second>) => RowStream<Out>,
  options: Harness2Options<First, Second> = {},
): Promise<Harness2<First, Second, Out>> {
  aPlainFunction('harness2: build', build);
  checkOptions('harness2', options, HARNESS2_OPTIONS);
  const dataflow = new Dataflow<Out>(
    [
      { name: 'first input', schema: (options.firstSchema ?? null) as Schema | null },
      { name: 'second input', schema: (options.secondSchema ?? null) as Schema | null },
    ],
    ([first, second]) =>
      build(first as unknown as Stream<First>, second as unknown as Stream<Second>),
    options,
  );
  return new Harness2<First, Second, Out>(dataflow);
}

const FIRST = 0;
const SECOND = 1;

/**
 * Two inputs:
 *
 *   const h = await harness2<string, number>((words, numbers) => words.union(numbers.map(String)));
 *   h.pushFirst('one', 1);
 *   h.pushSecond(2, 2);
 *   h.watermarkFirst(5);
 *   h.watermarkSecond(3);
 *   h.idleFirst();
 *   h.activeFirst();
 *   h.idleSecond();
 *   h.activeSecond();
 *   await h.endFirst();
 *   await h.endSecond();
 *   await h.end();
 */
export class Harness2<First, Second, Out> extends HarnessBase<Out> {
  readonly #dataflow: Dataflow<Out>;

  constructor(dataflow: Dataflow<Out>) {
    super(dataflow);
    this.#dataflow = dataflow;
  }

  /** A record of the first input and its event time. */
  pushFirst(record: First, timestamp: number = Number.NaN): void {
    this.#dataflow.push(FIRST, record, timestamp);
  }

  /** A record of the second input and its event time. */
  pushSecond(record: Second, timestamp: number = Number.NaN): void {
    this.#dataflow.push(SECOND, record, timestamp);
  }

  /** No record of the first input at or before this event time follows. */
  watermarkFirst(watermark: number): void {
    this.#dataflow.add(FIRST, { watermark });
  }

  /** No record of the second input at or before this event time follows. */
  watermarkSecond(watermark: number): void {
    this.#dataflow.add(SECOND, { watermark });
  }

  /** The first input pauses: until it is active again, time goes by the second alone. */
  idleFirst(): void {
    this.#dataflow.add(FIRST, { isIdle: true });
  }

  /** The second input pauses: until it is active again, time goes by the first alone. */
  idleSecond(): void {
    this.#dataflow.add(SECOND, { isIdle: true });
  }

  /** The first input goes on. */
  activeFirst(): void {
    this.#dataflow.add(FIRST, { isIdle: false });
  }

  /** The second input goes on. */
  activeSecond(): void {
    this.#dataflow.add(SECOND, { isIdle: false });
  }

  /** The first input ends; the second goes on. */
  async endFirst(): Promise<void> {
    this.#dataflow.add(FIRST, { end: true });
    await this.#dataflow.settle();
  }

  /** The second input ends; the first goes on. */
  async endSecond(): Promise<void> {
    this.#dataflow.add(SECOND, { end: true });
    await this.#dataflow.settle();
  }

  /** Both inputs end, where they have not. */
  async end(): Promise<void> {
    for (const input of [FIRST, SECOND]) {
      if (!this.#dataflow.hasEnded(input)) this.#dataflow.add(input, { end: true });
    }
    await this.#dataflow.settle();
  }
}
