/** Which of the parts that wait become one now: decided from their sizes and the checkpoints that they have waited, alone. */
import { groupBy } from '../../../base/group-by.ts';
import { bucketOf } from '../sink/part-name.ts';
import type { CompactLimits } from './compact-options.ts';
import type { Ledger, WaitingPart } from './ledger.ts';

/** Each becomes one file; one part alone stays as it is. Parts of different buckets or kinds are never together. */
export type CompactGroup = readonly WaitingPart[];

/** `limits`: null for every part alone, at once. `isEnd`: nothing follows. */
export function compactPlan(
  { waiting, checkpoints }: Ledger,
  limits: CompactLimits | null,
  isEnd: boolean,
): readonly CompactGroup[] {
  if (limits === null) return waiting.map((part) => [part]);
  const alike = groupBy(waiting, ({ path, kin }) => `${kin}/${bucketOf(path)}`);
  return [...alike.values()].flatMap((parts) => {
    const waited = checkpoints - parts[0]!.since + 1;
    return groupsOf(parts, limits.bytes, isEnd || waited >= limits.checkpoints);
  });
}

/** Groups that are large enough, and, where the rest is due too, one of that. */
function groupsOf(
  parts: readonly WaitingPart[],
  bytes: number,
  isRestDue: boolean,
): CompactGroup[] {
  const groups: CompactGroup[] = [];
  let group: WaitingPart[] = [];
  let size = 0;
  for (const part of parts) {
    group.push(part);
    size += part.bytes;
    if (size < bytes) continue;
    groups.push(group);
    group = [];
    size = 0;
  }
  if (isRestDue && group.length > 0) groups.push(group);
  return groups;
}
