/** Tables as Markdown: the first column is text, the others stand to the right. */

/** Numbers are given with three digits; null is empty. */
export type Cell = string | number | null;

export function markdownTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  const lines = [head, rule, ...rows.map((cells) => cells.map(cellText))];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellText(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'number' ? threeDigits(cell) : cell;
}

/** '0.123', '12.3', '12300'. */
export function threeDigits(value: number): string {
  const text = value.toPrecision(3);
  return text.includes('e+') ? String(Number(text)) : text;
}
