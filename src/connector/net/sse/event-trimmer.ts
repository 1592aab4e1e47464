/**
 * The text of an event stream without what makes events too long: of their data so much is left as shows that it is too
 * much, and of what else they have, such as an id, all. So whoever parses it holds little, and goes on with the next event.
 *
 *   data: aaaaaaaaaaaaaaaa | data: bbbb | id: 7 | (blank)    with 4 units at most
 *   data: aaaaa            | :          | id: 7 | (blank)
 *
 * Text comes in pieces, cut anywhere. Lines end at \n, \r or \r\n.
 */

/** Of a line that holds no data: nobody needs more of an id, or of a comment. */
const OTHER_UNITS_MAX = 64 * 1024;
/** Behind it an id, or the name of an event, is none that the parser, or anybody else, takes for a whole one. */
const CUT_MARK = '\0';
/** A line of nothing: without any line there, the ends of the two beside it could become one. */
const COMMENT = ':';
const DATA = 'data:';
const BYTE_ORDER_MARK = /^\uFEFF/;
const LINE_END = /\r\n?|\n/g;

export class EventTrimmer {
  readonly #dataMax: number;
  /** No line of an event of so much text is too long. */
  readonly #shortMax: number;
  /** Units of the data of the event in lines that have ended, each with one for the break behind it. */
  #data = 0;
  /** The line that has not ended: what it begins with, and its units. */
  #head = '';
  #length = 0;
  /** The end of the last piece, where it may be half the end of a line. */
  #held = '';
  #hasBegun = false;

  /** `dataMax` counts UTF-16 units, of which there are at most as many as bytes. */
  constructor(dataMax: number) {
    this.#dataMax = dataMax;
    this.#shortMax = Math.min(dataMax, OTHER_UNITS_MAX);
  }

  /** What is left of the next piece; the mark of the order of bytes, which may begin the text, is none of it. */
  trim(piece: string): string {
    const whole = this.#held + (this.#hasBegun ? piece : piece.replace(BYTE_ORDER_MARK, ''));
    this.#hasBegun = true;
    this.#held = whole.endsWith('\r') ? '\r' : '';
    const text = this.#held === '' ? whole : whole.slice(0, -1);
    let kept = '';
    /** From here on nothing was left out. */
    let from = 0;
    let blank = -1;
    for (let at = 0; at < text.length; ) {
      // Nearly all events are short, and whole.
      if (blank < at) {
        blank = text.indexOf('\n\n', at);
        if (blank < 0) blank = Infinity;
      }
      if (blank - at <= this.#shortMax && this.#data === 0 && this.#length === 0) {
        at = blank + 2;
        continue;
      }
      LINE_END.lastIndex = at;
      const hasEnd = LINE_END.test(text);
      const behind = hasEnd ? LINE_END.lastIndex : text.length;
      const end = hasEnd ? endOf(text, at, behind) : behind;
      const before = this.#length;
      this.#add(text, at, end);
      const room = this.#lengthMax - before;
      if (room < end - at) {
        kept += text.slice(from, at + Math.max(0, room));
        if (room >= 0) kept += this.#mark;
        from = end;
      }
      if (hasEnd) this.#endLine();
      at = behind;
    }
    return from === 0 ? text : kept + text.slice(from);
  }

  /** What is left when the text has ended: a break that nothing can follow any more. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held === '' ? '' : `${held}\n`;
  }

  /** Takes a part of a line. */
  #add(text: string, at: number, end: number): void {
    const missing = DATA.length + 1 - this.#head.length;
    if (missing > 0) this.#head += text.slice(at, Math.min(end, at + missing));
    this.#length += end - at;
  }

  /** Of the line: with one unit of data more than there may be, which tells that there were more. */
  get #lengthMax(): number {
    if (this.#isSurplus) return 0;
    if (!this.#isData) return OTHER_UNITS_MAX;
    return this.#valueStart + this.#dataMax + 1 - this.#data;
  }

  /** What stands in place of the rest of the line. */
  get #mark(): string {
    if (this.#isSurplus) return COMMENT;
    return this.#isData ? '' : CUT_MARK;
  }

  /** Whether it is a line of data, or may become one, of an event that is too long already. */
  get #isSurplus(): boolean {
    return this.#data > this.#dataMax + 1 && this.#head.startsWith('d');
  }

  get #isData(): boolean {
    return this.#head.startsWith(DATA);
  }

  get #valueStart(): number {
    return this.#head[DATA.length] === ' ' ? DATA.length + 1 : DATA.length;
  }

  #endLine(): void {
    if (this.#length === 0) this.#data = 0;
    else if (this.#isData) this.#data += this.#length - this.#valueStart + 1;
    else if (this.#head === 'data') this.#data++;
    this.#head = '';
    this.#length = 0;
  }
}

/** Where the line ends that begins at `at`, in front of its break. */
function endOf(text: string, at: number, behind: number): number {
  const isDouble = behind - at > 1 && text[behind - 2] === '\r' && text[behind - 1] === '\n';
  return behind - (isDouble ? 2 : 1);
}
