/** A vertex: the operators of its chain, what comes and goes, how far its event time is, how its time is spent. */
import { formatDuration, formatEventClock, formatRate, formatShare } from '../base/format.ts';
import type { VertexRates } from '../data/rates.ts';
import type { Job, VertexProgress } from '../data/shapes.ts';
import { type Box, LINE_HEIGHT, PADDING } from './layout.ts';

type VertexBoxProps = {
  readonly box: Box;
  readonly vertex: Job['vertices'][number];
  readonly progress: VertexProgress | null;
  readonly rates: VertexRates | null;
  readonly isSelected: boolean;
  readonly onSelect: (id: string) => void;
};

/** Shares from which a vertex is worth a look. */
const BUSY = 0.8;
const HELD = 0.1;

export function VertexBox({ box, vertex, progress, rates, isSelected, onSelect }: VertexBoxProps) {
  const { x, y, width, height, names } = box;
  const busy = rates?.busy ?? 0;
  const held = rates?.held ?? 0;
  const tone = held > HELD ? 'held' : busy > BUSY ? 'busy' : 'calm';
  const inner = width - 2 * PADDING;
  const numbers = PADDING + names.length * LINE_HEIGHT;
  const select = (): void => onSelect(box.id);
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class={`vertex ${tone}${isSelected ? ' selected' : ''}`}
      data-vertex={box.id}
      transform={`translate(${x} ${y})`}
      // In SVG names of attributes are taken as they are written.
      tabindex={0}
      role="button"
      aria-pressed={isSelected}
      aria-label={labelOf(vertex, busy, held)}
      onClick={select}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        select();
      }}
    >
      <title>{vertex.name}</title>
      <rect class="box" width={width} height={height} rx="6" />
      {names.map((name, n) => (
        <text key={n} class="name" x={PADDING} y={PADDING + 11 + n * LINE_HEIGHT}>
          {name}
        </text>
      ))}
      <text class="corner" x={width - PADDING} y={PADDING + 11}>
        ×{vertex.parallelism}
      </text>
      <g transform={`translate(${PADDING} ${numbers})`}>
        <text y="15">{rates === null ? '' : `in ${rateText(rates.in)}`}</text>
        <text class="end" x={inner} y="15">
          {rates === null ? '' : `out ${rateText(rates.out + rates.written)}`}
        </text>
        <text class="quiet" y="32">
          {timeOf(progress)}
        </text>
        <text class="quiet end" x={inner} y="32">
          {progress?.watermarkLag == null ? '' : `lag ${formatDuration(progress.watermarkLag)}`}
        </text>
        <rect class="idle" y="42" width={inner} height="6" rx="3" />
        <rect class="busy" y="42" width={inner * Math.min(1, busy)} height="6" rx="3" />
        <rect
          class="held"
          x={inner * (1 - Math.min(1, held))}
          y="42"
          width={inner * Math.min(1, held)}
          height="6"
          rx="3"
        />
      </g>
    </g>
  );
}

function labelOf(
  { name, parallelism }: Job['vertices'][number],
  busy: number,
  held: number,
): string {
  const times = `busy ${formatShare(busy)}, back-pressured ${formatShare(held)}`;
  return `${name}, ${parallelism} ${parallelism === 1 ? 'subtask' : 'subtasks'}, ${times}`;
}

/** Sources take nothing, and some vertices give nothing. */
function rateText(rate: number): string {
  return rate === 0 ? '–' : formatRate(rate);
}

function timeOf(progress: VertexProgress | null): string {
  return progress?.watermark == null ? 'no watermark' : formatEventClock(progress.watermark);
}
