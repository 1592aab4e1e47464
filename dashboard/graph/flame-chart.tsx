/** A flame graph: a frame is as wide as its share of the samples, and stands below who has called it. */
import { useState } from 'preact/hooks';
import { formatShare } from '../base/format.ts';
import type { Flame } from '../data/shapes.ts';

type Bar = {
  readonly flame: Flame;
  readonly depth: number;
  /** Shares of what is shown. */
  readonly from: number;
  readonly width: number;
};

const ROW = 20;
/** Narrower ones cannot be seen. */
const SHARE_MIN = 0.002;
const DEPTH_MAX = 100;

export function FlameChart({ root }: { readonly root: Flame }) {
  const [top, setTop] = useState(root);
  const [wanted, setWanted] = useState('');
  const bars = barsOf(top);
  const depth = Math.max(...bars.map((bar) => bar.depth));
  const isWanted = (name: string): boolean =>
    wanted !== '' && name.toLowerCase().includes(wanted.toLowerCase());
  return (
    <section aria-label="Flame graph">
      <div class="controls">
        <label>
          Find
          <input value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </label>
        <button type="button" disabled={top === root} onClick={() => setTop(root)}>
          All
        </button>
      </div>
      <div class="flame" style={{ height: `${(depth + 1) * ROW}px` }}>
        {bars.map(({ flame, depth: row, from, width }, n) => (
          <button
            key={n}
            type="button"
            class={`tone${toneOf(flame.name)}${isWanted(flame.name) ? ' wanted' : ''}`}
            title={`${flame.name}\n${flame.value} samples, ${formatShare(flame.value / root.value)} of all`}
            style={{ left: `${from * 100}%`, width: `${width * 100}%`, top: `${row * ROW}px` }}
            onClick={() => setTop(flame)}
          >
            {flame.name}
          </button>
        ))}
      </div>
    </section>
  );
}

function barsOf(top: Flame): Bar[] {
  const bars: Bar[] = [];
  const add = (flame: Flame, depth: number, from: number): void => {
    const width = flame.value / top.value;
    if (width < SHARE_MIN || depth > DEPTH_MAX) return;
    bars.push({ flame, depth, from, width });
    let next = from;
    for (const child of flame.children) {
      add(child, depth + 1, next);
      next += child.value / top.value;
    }
  };
  add(top, 0, 0);
  return bars;
}

const TONES = 4;

/** The same for a name at all times. */
function toneOf(name: string): number {
  let sum = 0;
  for (let n = 0; n < name.length; n++) sum = (sum * 31 + name.charCodeAt(n)) >>> 0;
  return sum % TONES;
}
