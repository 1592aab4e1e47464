/** What functions send aside, as their tests look at it. */
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import type { Stream } from '../../src/api/stream.ts';
import type { HarnessBase } from '../../src/testing/harness-base.ts';
import { Row } from './window-records.ts';

export const odd = sideOutput<string>('odd');

/** Records as `record@timestamp`, in the order of their text. */
export function shown(elements: readonly object[]): string[] {
  const records = elements.filter((element) => 'record' in element);
  return records
    .map((element) => {
      const { record: row, timestamp } = element as { record: unknown; timestamp: unknown };
      return `${typeof row === 'string' ? row : JSON.stringify(row)}@${timestamp}`;
    })
    .sort();
}

/** What has come out since, and beside. */
export function both(h: HarnessBase<unknown>, side: typeof odd = odd): [string[], string[]] {
  return [shown(h.take()), shown(h.take(side))];
}

export const keyed = (rows: Stream<Row>) =>
  rows.as(Row).keyBy('k') as KeyedStream<Row, { k: string }>;

/** Emits even sums, and sends odd ones aside. */
export function onSum(
  ctx: {
    readonly metrics: { counter(name: string): { add(more?: number): void } };
    readonly output: (side: typeof odd, row: string) => void;
    emit(row: string): void;
  },
  key: string,
  sum: number,
): void {
  ctx.metrics.counter('windows').add();
  if (sum % 2 === 0) ctx.emit(`${key}${sum}`);
  else ctx.output(odd, `${key}${sum}`);
}
