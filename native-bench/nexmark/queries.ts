/** The queries that there are; and two that are none of Nexmark. */

import { q15, q16, q17, q18, q19 } from './queries/groups.ts';
import { q3, q4, q9, q20 } from './queries/joins.ts';
import { floor, q0, q1, q2, q13, q14 } from './queries/stateless.ts';
import { count, q5, q7, q7Window, q8, q11, q12 } from './queries/windows.ts';
import type { Query } from './query.ts';

export const QUERIES: readonly Query[] = [
  ...[q0, q1, q2, q3, q4, q5, q7, q7Window, q8, q9, q11],
  ...[q12, q13, q14, q15, q16, q17, q18, q19, q20],
];

export { count, floor };
