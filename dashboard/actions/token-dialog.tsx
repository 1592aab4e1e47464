/** Asks for the token where the server wants one. The browser keeps it until the tab is closed. */
import { tokenQuestion } from '../data/request.ts';
import { useStore } from '../data/store.ts';
import { Dialog } from '../parts/dialog.tsx';

export function TokenDialog() {
  const question = useStore(tokenQuestion);
  if (question === null) return null;
  const { reason, answer } = question;
  return (
    <Dialog
      title="Token"
      accept="Use it"
      onClose={() => answer(null)}
      onAccept={(form) => answer(String(form.get('token') ?? '').trim() || null)}
    >
      <p>{reason}</p>
      <label>
        Token
        <input name="token" type="password" autocomplete="off" required />
      </label>
    </Dialog>
  );
}
