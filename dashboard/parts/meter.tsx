/** How time was spent: busy, back-pressured, idle. */
import { formatShare } from '../base/format.ts';

type Shares = { readonly busy: number; readonly held: number };

export function Meter({ busy, held }: Shares) {
  return (
    <span
      class="meter"
      role="img"
      aria-label={`busy ${formatShare(busy)}, back-pressured ${formatShare(held)}`}
      title={`busy ${formatShare(busy)} · back-pressured ${formatShare(held)}`}
    >
      <i class="busy" style={{ width: `${busy * 100}%` }} />
      <i class="held" style={{ width: `${held * 100}%` }} />
    </span>
  );
}

export function MeterLegend() {
  return (
    <p class="legend">
      {[
        ['busy', 'busy'],
        ['held', 'back-pressured'],
        ['idle', 'idle'],
      ].map(([tone, word]) => (
        <span key={tone}>
          <i class={tone} /> {word}
        </span>
      ))}
    </p>
  );
}
