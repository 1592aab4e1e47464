/** What a page asks for by itself, again and again as long as it is open and someone looks. */
import { useEffect, useState } from 'preact/hooks';
import { live } from './live.ts';
import { messageOf, RequestError, request } from './request.ts';

export type Polled<T> = {
  readonly value: T | null;
  /** Of the last request; null when it went well. */
  readonly problem: string | null;
  readonly isNotOffered: boolean;
};

const NOTHING = { value: null, problem: null, isNotOffered: false } as const;

/** While nobody looks, how long until that is looked at again by what is asked for once. */
const HIDDEN_MS = 1000;

/** Null for nothing to ask for. What is not offered, or has ended, is asked for once; `everyMs` null: everything is. */
export function usePolled<T>(path: string | null, everyMs: number | null): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>(NOTHING);
  useEffect(() => {
    setPolled(NOTHING);
    if (path === null) return;
    const aborted = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasAnswer = false;
    const askAfter = (ms: number): void => {
      timer = setTimeout(ask, ms);
    };
    const ask = async (): Promise<void> => {
      const isOver = live.value.connection === 'ended';
      if (document.hidden || (isOver && hasAnswer)) return askAfter(everyMs ?? HIDDEN_MS);
      try {
        const value = await request<T>(path, { signal: aborted.signal });
        hasAnswer = true;
        setPolled({ value, problem: null, isNotOffered: false });
      } catch (error) {
        if (aborted.signal.aborted) return;
        const isNotOffered = error instanceof RequestError && error.isNotOffered;
        const problem = messageOf(error);
        setPolled((last) => ({ value: isNotOffered ? null : last.value, problem, isNotOffered }));
        if (isNotOffered || live.value.connection === 'ended') return;
      }
      if (everyMs !== null) askAfter(everyMs);
    };
    void ask();
    return () => {
      aborted.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs]);
  return polled;
}
