/** An edge: the wider, the more records pass; its colour says how full the rings are. */
import { formatRate, formatShare, formatWhole } from '../base/format.ts';
import type { EdgeProgress } from '../data/shapes.ts';
import type { Wire } from './layout.ts';

type EdgeLineProps = {
  readonly wire: Wire;
  readonly rate: number | null;
  readonly progress: EdgeProgress | null;
};

/** Above, a ring is close to holding its writer up. */
const FULL = 0.5;

export function EdgeLine({ wire, rate, progress }: EdgeLineProps) {
  const { rows = 0, fullest = 0 } = progress ?? {};
  const width = 1.25 + Math.min(2.75, Math.log10(1 + (rate ?? 0)) * 0.4);
  const isFull = fullest > FULL;
  const ring = fullest >= 0.005 ? `${wire.strategy} · ${formatShare(fullest)}` : wire.strategy;
  return (
    <g class={`edge${isFull ? ' full' : ''}`} data-edge={wire.id}>
      <title>{`${wire.strategy}; ${formatWhole(rows)} rows so far; the fullest ring has ${formatShare(fullest)}`}</title>
      <path d={wire.path} style={{ strokeWidth: width }} marker-end="url(#arrow)" />
      <text class="rate" x={wire.x} y={wire.y - 5}>
        {rate === null ? '' : formatRate(rate)}
      </text>
      <text class="strategy" x={wire.x} y={wire.y + 13}>
        {ring}
      </text>
    </g>
  );
}
