/** What is asked for when somebody presses a button. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf, RequestError, request } from './request.ts';
import type { Polled } from './use-polled.ts';

type Asking<T> = {
  /** The last answer; null before the first. */
  readonly asked: Polled<T> | null;
  readonly isAsking: boolean;
  readonly ask: (path: string) => void;
};

export function useAsked<T>(): Asking<T> {
  const [asked, setAsked] = useState<Polled<T> | null>(null);
  const [isAsking, setAsking] = useState(false);
  const aborted = useRef<AbortController | null>(null);
  useEffect(() => () => aborted.current?.abort(), []);
  const ask = async (path: string): Promise<void> => {
    aborted.current?.abort();
    aborted.current = new AbortController();
    const { signal } = aborted.current;
    setAsking(true);
    const answer = await answerOf<T>(path, signal);
    if (signal.aborted) return;
    setAsked(answer);
    setAsking(false);
  };
  return { asked, isAsking, ask: (path) => void ask(path) };
}

async function answerOf<T>(path: string, signal: AbortSignal): Promise<Polled<T>> {
  try {
    const value = await request<T>(path, { signal, isWanted: true });
    return { value, problem: null, isNotOffered: false };
  } catch (error) {
    const isNotOffered = error instanceof RequestError && error.isNotOffered;
    return { value: null, problem: messageOf(error), isNotOffered };
  }
}
