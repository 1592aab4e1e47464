/** How much room a text takes in a terminal, whose cells are as wide as a Latin letter: East Asian characters and emoji take two. */

/** What is seen as one character, however many there are in it. */
const SEEN = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** What takes a cell for each of its characters: most texts. */
const NARROW = /^[\x20-\x7e\xa1-\u02ff\u2010-\u2027\u2500-\u25ff]*$/;
const NOTHING = /^[\p{Mark}\p{Cf}]+$/u;
const EMOJI = /^\p{Emoji_Presentation}|^\p{Emoji}.*\ufe0f|^\p{Regional_Indicator}/u;
/** Blocks that Unicode calls wide or fullwidth (East Asian Width). */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u;

/** Names may have line breaks: they are shown as `\n`, and other control characters by their numbers. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === '\n') return '\\n';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Of a text without control characters. */
export function widthOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const { segment } of SEEN.segment(text)) width += widthOfSeen(segment);
  return width;
}

function widthOfSeen(seen: string): number {
  if (NOTHING.test(seen)) return 0;
  return EMOJI.test(seen) || WIDE.test(seen) ? 2 : 1;
}

/** With spaces behind it, or in front, until it takes so many cells. */
export function padded(text: string, cells: number, side: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, cells - widthOf(text)));
  return side === 'left' ? text + spaces : spaces + text;
}

/** As much of it as there is room for. */
export function cutTo(text: string, cells: number, sign = '…'): string {
  if (widthOf(text) <= cells) return text;
  const room = cells - widthOf(sign);
  let width = 0;
  let shown = '';
  for (const { segment } of SEEN.segment(text)) {
    width += widthOfSeen(segment);
    if (width > room) break;
    shown += segment;
  }
  return shown + sign;
}
