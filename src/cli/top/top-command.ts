/** `millrace top`: looks at running jobs, and draws them until q. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { aDuration, type Duration, durationMs } from '../../time/duration.ts';
import { type AnswerFlags, answer } from '../answer.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../failure.ts';
import { checkFlag } from '../flags.ts';
import { type Sample, sample } from './sample.ts';
import { type Key, Screen } from './screen.ts';
import type { TopView } from './top.ts';
import { topText } from './top-text.ts';
import { topView } from './view.ts';

export type TopFlags = AnswerFlags & { readonly once?: boolean; readonly every?: string };

/** Between the two looks of one frame alone. */
const ONCE_MS = 500;
const KEYS = 'q quit   up, down, tab choose a job';
const WIDE = { columns: Infinity, rows: Infinity };

/** Exit code of the process. */
export async function topCommand(url: string | null, flags: TopFlags): Promise<ExitCode> {
  const { json = false, once = false, every = '1 s' } = flags;
  try {
    checkFlag('--every', every, aDuration);
    if (json || once || !process.stdout.isTTY || !process.stdin.isTTY) {
      return await answer(
        flags,
        () => lookTwice(url),
        (view) => topText(view, WIDE).join('\n'),
      );
    }
    await new Top(url, Math.max(100, durationMs(every as Duration, '--every'))).run();
    return EXIT.done;
  } catch (error) {
    return fail(flags, error);
  }
}

async function lookTwice(url: string | null): Promise<TopView> {
  const before = await sample(url, null);
  await delay(ONCE_MS);
  return topView(before, await sample(url, before.chosen?.info.jid ?? null));
}

class Top {
  readonly #url: string | null;
  readonly #everyMs: number;
  #before: Sample | null = null;
  #now: Sample | null = null;
  #chosen: string | null = null;
  /** Ends a pause: a key was pressed. */
  #wake = new AbortController();
  readonly #over = new AbortController();

  constructor(url: string | null, everyMs: number) {
    this.#url = url;
    this.#everyMs = everyMs;
  }

  async run(): Promise<void> {
    // What cannot be reached at all is told before the screen is taken.
    this.#now = await sample(this.#url, null);
    const screen = new Screen(
      process.stdin,
      process.stdout,
      (key) => this.#press(key),
      () => this.#draw(screen),
    );
    try {
      const over = once(this.#over.signal, 'abort').then(() => null);
      while (!this.#over.signal.aborted) {
        this.#draw(screen);
        await this.#pause();
        const next = await Promise.race([over, sample(this.#url, this.#chosen)]);
        if (next === null) break;
        this.#before = this.#now;
        this.#now = next;
      }
    } finally {
      screen.close();
    }
  }

  #draw(screen: Screen): void {
    screen.draw(topText(topView(this.#before, this.#now!), screen.size, KEYS));
  }

  async #pause(): Promise<void> {
    this.#wake = new AbortController();
    await delay(this.#everyMs, null, { signal: this.#wake.signal }).catch(() => {});
  }

  #press(key: Key): void {
    if (key === 'quit') this.#over.abort();
    else this.#choose(key === 'next' ? 1 : -1);
    this.#wake.abort();
  }

  #choose(step: number): void {
    const ids = this.#now!.jobs.map(({ jid }) => jid);
    const at = ids.indexOf(this.#chosen ?? this.#now!.chosen?.info.jid ?? '');
    this.#chosen = ids[(at + step + ids.length) % Math.max(1, ids.length)] ?? null;
  }
}
