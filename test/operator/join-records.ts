/** Records of the two sides of joins in windows, and what comes of a group of them. */
import { sideOutput } from '../../src/api/side-output.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';

export const Left = record({ id: t.string, l: t.int32 });
export const Right = record({ r: t.float64, key: t.string });
export type Left = RowOf<typeof Left>;
export type Right = RowOf<typeof Right>;

export const lateLeft = sideOutput<Left>('late left');
export const lateRight = sideOutput<Right>('late right');

/** A key with the values of both sides: `a: 1,2 | 3`. */
export function groupText(lefts: readonly Left[], rights: readonly Right[]): string {
  const key = lefts[0]?.id ?? rights[0]?.key;
  return `${key}: ${lefts.map(({ l }) => l)} | ${rights.map(({ r }) => r)}`;
}

export const at = (record: unknown, timestamp: number) => ({ record, timestamp });
export const recordsOf = (elements: readonly object[]) => elements.filter((e) => 'record' in e);
