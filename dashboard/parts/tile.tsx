/** A number, what it is, and a line of how it came to be. */
import type { ComponentChildren } from 'preact';
import { Sparkline } from './sparkline.tsx';

type TileProps = {
  readonly id?: string;
  readonly title: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly line?: { readonly values: readonly (number | null)[]; readonly tone: string };
};

export function Tile({ id, title, value, note, line }: TileProps) {
  return (
    <div class="tile" data-tile={id}>
      <h2>{title}</h2>
      <p class="value">{value}</p>
      {note !== undefined && <p class="note">{note}</p>}
      {line !== undefined && <Sparkline {...line} />}
    </div>
  );
}
