/** A terminal as `top` uses it: its other screen, drawn over line by line, so that nothing flickers; and its keys. */
import { emitKeypressEvents } from 'node:readline';
import type { Size } from './top-text.ts';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** Terminals that know it show what lies between at once; others pass over it. */
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l'];

export type Key = 'quit' | 'next' | 'previous';

const KEYS: Readonly<Record<string, Key>> = {
  q: 'quit',
  escape: 'quit',
  down: 'next',
  tab: 'next',
  j: 'next',
  up: 'previous',
  k: 'previous',
};

/** What a key press means; null for nothing. */
export function keyOf(press: { name?: string; ctrl?: boolean; shift?: boolean }): Key | null {
  const { name = '', ctrl = false, shift = false } = press;
  if (ctrl) return name === 'c' ? 'quit' : null;
  if (name === 'tab' && shift) return 'previous';
  return KEYS[name] ?? null;
}

/** One frame over the one before. */
export function frame(lines: readonly string[]): string {
  return `${BEGIN}\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J${END}`;
}

export class Screen {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #onPress: (text: string, press: { name?: string; ctrl?: boolean }) => void;

  constructor(
    input: NodeJS.ReadStream,
    output: NodeJS.WriteStream,
    onKey: (key: Key) => void,
    onResize: () => void,
  ) {
    this.#input = input;
    this.#output = output;
    this.#onPress = (_, press) => {
      const key = keyOf(press);
      if (key !== null) onKey(key);
    };
    emitKeypressEvents(input);
    input.setRawMode(true);
    input.on('keypress', this.#onPress);
    input.resume();
    output.on('resize', onResize);
    output.write(ENTER);
  }

  /** A terminal that says 0 does not know. */
  get size(): Size {
    const { columns, rows } = this.#output;
    return { columns: columns || Infinity, rows: rows || Infinity };
  }

  draw(lines: readonly string[]): void {
    this.#output.write(frame(lines));
  }

  close(): void {
    this.#input.off('keypress', this.#onPress);
    this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.removeAllListeners('resize');
    this.#output.write(LEAVE);
  }
}
