/** A line without axes: whether something rises, falls or is still. */
type SparklineProps = { readonly values: readonly (number | null)[]; readonly tone: string };

const WIDTH = 120;
const HEIGHT = 28;
/** How many of the last values are shown, and for how many there is room at the beginning. */
const SHOWN_MAX = 120;
const SHOWN_MIN = 20;

export function Sparkline({ values, tone }: SparklineProps) {
  const shown = values.slice(-SHOWN_MAX);
  const step = WIDTH / (Math.max(SHOWN_MIN, shown.length) - 1);
  const top = Math.max(1e-9, ...shown.map((value) => value ?? 0));
  const x = (n: number): number => WIDTH - (shown.length - 1 - n) * step;
  const y = (value: number): number => HEIGHT - 1 - (value / top) * (HEIGHT - 3);
  let path = '';
  for (const [n, value] of shown.entries()) {
    if (value === null) continue;
    path += `${path === '' || shown[n - 1] === null ? 'M' : 'L'}${x(n).toFixed(1)} ${y(value).toFixed(1)}`;
  }
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={path} style={{ stroke: `var(--${tone})` }} />
    </svg>
  );
}
