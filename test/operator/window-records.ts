/** Records of windows as their tests write them down. */
import { type RowOf, record, t } from '../../src/data/schema.ts';
import type { Harness } from '../../src/testing/harness.ts';

export const Row = record({ k: t.string, v: t.int32 });
export type Row = RowOf<typeof Row>;

/** Records by `k v@time`, several with commas between. */
export function push(h: Harness<Row, unknown>, text: string): void {
  for (const one of text.split(', ')) {
    const [, k, v, time] = /^(\w+) (-?\d+)@(-?\d+)$/.exec(one)!;
    h.push({ k: k!, v: Number(v) }, Number(time));
  }
}
