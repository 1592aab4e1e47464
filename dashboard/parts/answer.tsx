/** What a page asks for: shown when it is there, and otherwise why it is not. */
import type { ComponentChildren } from 'preact';
import type { Polled } from '../data/use-polled.ts';

type AnswerProps<T> = {
  readonly of: Polled<T>;
  /** What is missing where the server does not offer it. */
  readonly what: string;
  readonly children: (value: T) => ComponentChildren;
};

export function Answer<T>({
  of: { value, problem, isNotOffered },
  what,
  children,
}: AnswerProps<T>) {
  if (isNotOffered) return <NotOffered what={what} />;
  return (
    <>
      {problem !== null && (
        <p class="notice bad" role="status">
          {problem}
        </p>
      )}
      {value !== null ? children(value) : problem === null && <p class="empty">Asking …</p>}
    </>
  );
}

export function NotOffered({ what }: { readonly what: string }) {
  return (
    <p class="empty" role="status">
      This job does not offer {what}.
    </p>
  );
}
