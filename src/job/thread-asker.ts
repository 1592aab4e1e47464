/** Questions to worker threads that have not been answered yet (task/question.ts). */
import { reviveError } from '../base/error-transport.ts';
import { after, nextTurn } from '../base/event-loop.ts';
import { ANSWER_WAIT_MS } from '../base/limits.ts';
import type { Answered, Asked, Question } from '../task/question.ts';

/** What a thread has said; null where it has not, in its time: it is at work in one long step, or has ended. */
export type Reply = { readonly answer: unknown } | null;

type Waiting = { readonly answered: (answered: Answered | null) => void };

export class ThreadAsker {
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  /** Rejects with what went wrong in the thread. */
  async ask(question: Question, send: (asked: Asked) => void): Promise<Reply> {
    const id = ++this.#asked;
    const answered = await new Promise<Answered | null>((resolve) => {
      // Where this thread itself has stood still, the answer may have come long ago: it is read behind the timers of a turn.
      const stop = after(ANSWER_WAIT_MS, () => void nextTurn().then(() => resolve(null)));
      this.#waiting.set(id, {
        answered(answer) {
          stop();
          resolve(answer);
        },
      });
      send({ type: 'question', id, question });
    });
    this.#waiting.delete(id);
    if (answered === null) return null;
    if (answered.error !== null) throw reviveError(answered.error);
    return { answer: answered.answer };
  }

  /** Nothing is answered any more. */
  end(): void {
    for (const { answered } of this.#waiting.values()) answered(null);
  }

  onAnswer(answer: Answered): void {
    this.#waiting.get(answer.id)?.answered(answer);
  }
}
