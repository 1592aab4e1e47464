/** Strings that outlive their batch. */

/** V8 makes slices of strings that are longer; shorter ones are copies anyway. */
export const SLICE_UNITS_MIN = 13;

/** The same text in memory of its own: a slice would keep the text of its whole batch alive. */
export function ownText(text: string): string {
  if (text.length < SLICE_UNITS_MIN) return text;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) return Buffer.from(text, 'utf16le').toString('utf16le');
  }
  return Buffer.from(text, 'latin1').toString('latin1');
}
