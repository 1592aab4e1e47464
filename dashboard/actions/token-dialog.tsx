/** Asks for the token where the server wants one. The browser keeps it until the tab is closed. */
import { useEffect, useState } from 'preact/hooks';
import { onTokenWanted } from '../data/request.ts';
import { Dialog } from '../parts/dialog.tsx';

type Question = { readonly reason: string; readonly answer: (token: string | null) => void };

export function TokenDialog() {
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => {
    onTokenWanted((reason) => new Promise((answer) => setQuestion({ reason, answer })));
  }, []);
  if (question === null) return null;
  const end = (token: string | null): void => {
    setQuestion(null);
    question.answer(token);
  };
  return (
    <Dialog
      title="Token"
      accept="Use it"
      onClose={() => end(null)}
      onAccept={(form) => end(String(form.get('token') ?? '').trim() || null)}
    >
      <p>{question.reason}</p>
      <label>
        Token
        <input name="token" type="password" autocomplete="off" required />
      </label>
    </Dialog>
  );
}
