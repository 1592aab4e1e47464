/** A plot over time that moves on with its data. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useStore } from '../data/store.ts';
import { shade } from '../data/theme.ts';

export type Line = {
  readonly label: string;
  /** A colour of `base.css`. */
  readonly tone: string;
  readonly values: readonly (number | null)[];
};

export type PlotProps = {
  readonly title: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number | null) => string;
  /** Upper end of the axis, where it is the same at all times. */
  readonly top?: number;
};

const HEIGHT = 168;
/** Shown even where less is known. */
const SECONDS_MIN = 60;
/** Of the axis of time, in seconds. */
const STEPS = [5, 10, 15, 30, 60, 120, 300] as const;

export function Plot({ title, times, lines, format, top }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useStore(shade);
  const shape = lines.map(({ label, tone }) => `${tone} ${label}`).join('\n');

  useEffect(() => {
    const parent = place.current!;
    const options = { lines, format, top, width: parent.clientWidth };
    const made = new uPlot(optionsOf(options), dataOf(times, lines), parent);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (parent.clientWidth > 0) made.setSize({ width: parent.clientWidth, height: HEIGHT });
    });
    observer.observe(parent);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, now, top]);

  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines]);

  return (
    <figure class="plot">
      <figcaption>
        <span>{title}</span>
        {lines.map(({ label, tone, values }) => (
          <span key={label} class="now">
            <i style={{ background: `var(--${tone})` }} /> {lines.length > 1 && label}{' '}
            <b>{format(values.at(-1) ?? null)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={place} role="img" aria-label={`${title} over time`} />
    </figure>
  );
}

type Drawn = Pick<PlotProps, 'lines' | 'format'> & {
  readonly top: number | undefined;
  readonly width: number;
};

function optionsOf({ lines, format, top, width }: Drawn): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`);
  const axis = {
    stroke: colour('quiet'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { range: (_, first, last) => [Math.min(first, last - SECONDS_MIN), last] },
      y: { range: (_, least, most) => rangeOf(least, most, top) },
    },
    axes: [
      { ...axis, size: 24, space: 72, incrs: [...STEPS], values: '{HH}:{mm}:{ss}' },
      { ...axis, size: 60, space: 34, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, tone }) => ({
        label,
        stroke: colour(tone),
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(made) => tell(made, lines, format)] },
  };
}

/** From 0, with some room above; what is below 0 is shown as far as it goes. */
function rangeOf(least: number | null, most: number | null, top?: number): [number, number] {
  const high = top ?? Math.max((most ?? 0) * 1.08, Number.MIN_VALUE);
  const isFlat = (most ?? 0) === 0 && (least ?? 0) === 0;
  return [Math.min(0, least ?? 0), isFlat && top === undefined ? 1 : high];
}

/** The values below the cursor, beside it. */
function tell(made: uPlot, lines: readonly Line[], format: PlotProps['format']): void {
  const { idx, left = -1 } = made.cursor;
  let note = made.over.querySelector<HTMLElement>('.note');
  if (note === null) {
    note = document.createElement('div');
    note.className = 'note';
    made.over.append(note);
  }
  note.hidden = idx === null || idx === undefined || left < 0;
  if (note.hidden) return;
  const at = new Date(made.data[0][idx!]! * 1000).toTimeString().slice(0, 8);
  const values = lines.map(
    ({ label }, n) =>
      `${lines.length > 1 ? `${label} ` : ''}${format(made.data[n + 1]![idx!] ?? null)}`,
  );
  note.textContent = [at, ...values].join('  ');
  const isRight = left > made.over.clientWidth / 2;
  note.style.left = isRight ? 'auto' : `${left + 10}px`;
  note.style.right = isRight ? `${made.over.clientWidth - left + 10}px` : 'auto';
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}
