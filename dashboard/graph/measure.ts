/** How wide a text is, and what of it has room. */

/** The same as `.graph text.name` in `graph.css`. */
const FONT = '600 13px system-ui, sans-serif';

let context: CanvasRenderingContext2D | null = null;

export function textWidth(text: string): number {
  context ??= document.createElement('canvas').getContext('2d')!;
  context.font = FONT;
  return context.measureText(text).width;
}

/** As much of a text as has room, with `…` for the rest. */
export function shortened(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  let fits = 0;
  let tooLong = text.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (textWidth(`${text.slice(0, middle)}…`) <= room) fits = middle;
    else tooLong = middle;
  }
  return `${text.slice(0, fits).trimEnd()}…`;
}
