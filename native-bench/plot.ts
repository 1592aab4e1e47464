/**
 * Outcomes as bars, in SVG: a group for each figure, a bar for each variant, and a line across its end from the least to the
 * greatest run. Bars are to scale within a group, not between groups: figures have units of their own.
 */
import type { Outcome } from './harness.ts';
import { threeDigits } from './table.ts';

const WIDTH = 760;
const LABELS = 190;
const VALUES = 150;
const BAR = 16;
const GAP = 6;
const HEAD = 26;
const MARGIN = 14;
const BARS = WIDTH - LABELS - VALUES - 2 * MARGIN;

const STYLE = `text { font: 12px sans-serif; fill: #333 }
.title { font-weight: bold } .bar { fill: #4878a8 } .range { stroke: #111 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .range { stroke: #eee } }`;

export function plot(outcomes: readonly Outcome[]): string {
  let y = MARGIN;
  const groups = outcomes.map((outcome) => {
    const group = groupOf(outcome, y);
    y += HEAD + Object.keys(outcome.medians).length * (BAR + GAP) + MARGIN;
    return group;
  });
  const size = `width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size}>`,
    `<style>${STYLE}</style>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
}

function groupOf({ id, roundUnit, medians, runs }: Outcome, top: number): string {
  const longest = Math.max(...runs.map(({ value }) => value));
  const scale = (value: number): number => (longest > 0 ? (BARS * value) / longest : 0);
  const bars = Object.entries(medians).map(([variant, value], i) => {
    const y = top + HEAD + i * (BAR + GAP);
    const values = runs.filter((run) => run.variant === variant).map((run) => run.value);
    const [from, to] = [Math.min(...values), Math.max(...values)].map(scale);
    const left = MARGIN + LABELS;
    const middle = y + BAR / 2;
    const end = fixed(left + Math.max(scale(value), to!) + 6);
    return [
      text(fixed(left - 6), y + 12, variant, ' text-anchor="end"'),
      `<rect class="bar" x="${left}" y="${y}" width="${fixed(scale(value))}" height="${BAR}"/>`,
      `<path class="range" d="M${fixed(left + from!)} ${middle}H${fixed(left + to!)}"/>`,
      text(end, y + 12, `${threeDigits(value)} ${roundUnit}`),
    ].join('\n');
  });
  return [text(String(MARGIN), top + 14, id, ' class="title"'), ...bars].join('\n');
}

function text(x: string, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${y}"${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function fixed(value: number): string {
  return value.toFixed(1);
}
