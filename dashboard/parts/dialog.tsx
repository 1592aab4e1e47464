/** A question that has to be answered before anything else: the focus stays in it, Escape says no. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

type DialogProps = {
  readonly title: string;
  readonly accept: string;
  readonly isDangerous?: boolean;
  /** Nothing can be pressed while it works. */
  readonly isBusy?: boolean;
  readonly problem?: string | null;
  readonly onAccept: (form: FormData) => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
};

export function Dialog(props: DialogProps) {
  const { title, accept, isDangerous, isBusy = false, problem, onAccept, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onKeyDown={(event) => stayWithin(event, dialog.current!)}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onAccept(new FormData(event.currentTarget));
        }}
      >
        <h2 id={id}>{title}</h2>
        {props.children}
        {problem && (
          <p class="notice bad" role="alert">
            {problem}
          </p>
        )}
        <div class="answers">
          <button type="button" onClick={onClose}>
            {isBusy ? 'Close' : 'Back'}
          </button>
          <button type="submit" class={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {isBusy ? 'Working …' : accept}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** From the last control to the first, and back, instead of out to the browser. */
function stayWithin(event: KeyboardEvent, dialog: HTMLElement): void {
  if (event.key !== 'Tab') return;
  const all = dialog.querySelectorAll<HTMLElement>('input, button:not(:disabled)');
  const end = event.shiftKey ? all[0] : all[all.length - 1];
  const start = event.shiftKey ? all[all.length - 1] : all[0];
  if (document.activeElement !== end) return;
  event.preventDefault();
  start?.focus();
}
