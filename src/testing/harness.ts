/**
 * Harnesses for pieces of a dataflow of one input and of two. A test says what comes in, when the clock moves, and looks
 * at what has come out.
 */
import type { RowStream, Stream } from '../api/stream.ts';
import type { Schema } from '../data/schema.ts';
import { HarnessBase, type Settings } from './harness-base.ts';

export type HarnessOptions<Row> = Settings & {
  /** Of the rows that are pushed; free-form rows when left out. */
  readonly schema?: Schema<Row>;
};

export type Harness2Options<First, Second> = Settings & {
  /** Of the rows that are pushed into each; free-form rows when left out. */
  readonly firstSchema?: Schema<First>;
  readonly secondSchema?: Schema<Second>;
};

/**
 * A harness for the steps that `build` adds to a stream.
 *
 *   const h = await harness<{ v: number }>((stream) => stream.map((row) => row.v * 2));
 *   h.push({ v: 1 }, 0);
 *   h.take();                       // [{ record: 2, timestamp: 0 }]
 */
export async function harness<Row, Out = unknown>(
  build: (stream: Stream<Row>) => RowStream<Out>,
  options: HarnessOptions<Row> = {},
): Promise<Harness<Row, Out>> {
  return new Harness<Row, Out>(build, options);
}

/**
 * A harness for steps on two streams.
 *
 *   const h = await harness2<Click, Click>((web, app) => web.union(app).keyBy('user').sum('n'));
 *   h.pushFirst({ user: 'a', n: 1 }, 0);
 *   h.pushSecond({ user: 'a', n: 2 }, 5);
 *   h.watermarkFirst(10);           // time moves when both inputs have
 */
export async function harness2<First, Second, Out = unknown>(
  build: (first: Stream<First>, second: Stream<Second>) => RowStream<Out>,
  options: Harness2Options<First, Second> = {},
): Promise<Harness2<First, Second, Out>> {
  return new Harness2<First, Second, Out>(build, options);
}

export class Harness<Row, Out> extends HarnessBase<Out> {
  constructor(build: (stream: Stream<Row>) => RowStream<Out>, options: HarnessOptions<Row>) {
    const schema = (options.schema ?? null) as Schema | null;
    super([schema], ([stream]) => build(stream as Stream<Row>), options);
  }

  /** A record and its event time. */
  push(record: Row, timestamp: number = Number.NaN): void {
    this.pushTo(0, record, timestamp);
  }

  watermark(watermark: number): void {
    this.addTo(0, { watermark });
  }

  /** The input pauses: it no longer holds back time that depends on other inputs too. */
  idle(): void {
    this.addTo(0, { isIdle: true });
  }

  active(): void {
    this.addTo(0, { isIdle: false });
  }

  /** The input ends. */
  async end(): Promise<void> {
    this.addTo(0, { end: true });
  }
}

export class Harness2<First, Second, Out> extends HarnessBase<Out> {
  constructor(
    build: (first: Stream<First>, second: Stream<Second>) => RowStream<Out>,
    options: Harness2Options<First, Second>,
  ) {
    const { firstSchema = null, secondSchema = null } = options;
    super(
      [firstSchema as Schema | null, secondSchema as Schema | null],
      ([first, second]) => build(first as Stream<First>, second as Stream<Second>),
      options,
    );
  }

  /** A record of the first input and its event time. */
  pushFirst(record: First, timestamp: number = Number.NaN): void {
    this.pushTo(0, record, timestamp);
  }

  pushSecond(record: Second, timestamp: number = Number.NaN): void {
    this.pushTo(1, record, timestamp);
  }

  watermarkFirst(watermark: number): void {
    this.addTo(0, { watermark });
  }

  watermarkSecond(watermark: number): void {
    this.addTo(1, { watermark });
  }

  /** The first input pauses: it no longer holds time back. */
  idleFirst(): void {
    this.addTo(0, { isIdle: true });
  }

  idleSecond(): void {
    this.addTo(1, { isIdle: true });
  }

  activeFirst(): void {
    this.addTo(0, { isIdle: false });
  }

  activeSecond(): void {
    this.addTo(1, { isIdle: false });
  }

  /** The first input ends; the second goes on. */
  async endFirst(): Promise<void> {
    this.addTo(0, { end: true });
  }

  async endSecond(): Promise<void> {
    this.addTo(1, { end: true });
  }

  /** Both inputs end. */
  async end(): Promise<void> {
    await this.endFirst();
    await this.endSecond();
  }
}
