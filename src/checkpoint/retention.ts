/**
 * Which directories of checkpoints are still needed. A checkpoint that is not kept loses its manifest, and its whole
 * directory when no manifest that is kept refers to its state.
 */

/** What is known of the directory of a checkpoint. */
export type Entry = {
  readonly id: number;
  /** 'retired': its manifest is gone, its state is there for others. */
  condition: 'complete' | 'damaged' | 'retired';
  /** Checkpoints in whose state files it has blocks, other than its own. */
  readonly references: ReadonlySet<number>;
};

export type Plan = {
  /** Loses its manifest. */
  readonly retire: readonly Entry[];
  /** Loses all. */
  readonly remove: readonly Entry[];
};

/**
 * What may go when the newest `retained` complete checkpoints are kept, and all state in `held`. Damaged ones do not
 * count, and stay as long as an older one is kept.
 */
export function planRetention(
  entries: Iterable<Entry>,
  retained: number,
  held: ReadonlySet<number>,
): Plan {
  const newestFirst = [...entries].sort((a, b) => b.id - a.id);
  const kept = newestFirst.filter(({ condition }) => condition === 'complete').slice(0, retained);
  const oldest = kept.at(-1)?.id ?? -1;
  const needed = new Set(held);
  for (const { references } of kept) for (const id of references) needed.add(id);
  const retire: Entry[] = [];
  const remove: Entry[] = [];
  for (const entry of newestFirst) {
    const isRetired = entry.condition === 'retired';
    if (!isRetired && entry.id >= oldest) continue;
    if (!needed.has(entry.id)) remove.push(entry);
    else if (!isRetired) retire.push(entry);
  }
  return { retire, remove };
}
