/** Savepoint, stop and cancel: each asks first, and tells what became of it. */
import { useState } from 'preact/hooks';
import { messageOf, request } from '../data/request.ts';
import type { Job, Outcome, Triggered } from '../data/shapes.ts';
import { Dialog } from '../parts/dialog.tsx';

type ActionName = 'savepoint' | 'stop' | 'cancel';

const TITLES: Readonly<Record<ActionName, string>> = {
  savepoint: 'Savepoint',
  stop: 'Stop',
  cancel: 'Cancel',
};

const OUTCOME_MS = 250;

type ActionsProps = { readonly job: Job; readonly isOver: boolean };

export function Actions({ job, isOver }: ActionsProps) {
  const [open, setOpen] = useState<ActionName | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const begin = (name: ActionName): void => {
    setDone(null);
    setOpen(name);
  };
  return (
    <>
      {(Object.keys(TITLES) as ActionName[]).map((name) => (
        <button
          key={name}
          type="button"
          class={name === 'cancel' ? 'danger' : ''}
          disabled={isOver}
          onClick={() => begin(name)}
        >
          {TITLES[name]}
        </button>
      ))}
      {open !== null && (
        <Action
          name={open}
          job={job}
          onClose={() => setOpen(null)}
          onDone={(text) => {
            setOpen(null);
            setDone(text);
          }}
        />
      )}
      {done !== null && (
        <output class="toast">
          {done}
          <button type="button" class="icon" aria-label="Close" onClick={() => setDone(null)}>
            ×
          </button>
        </output>
      )}
    </>
  );
}

type ActionProps = {
  readonly name: ActionName;
  readonly job: Job;
  readonly onClose: () => void;
  readonly onDone: (text: string) => void;
};

function Action({ name, job, onClose, onDone }: ActionProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const accept = async (form: FormData): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      onDone(await perform(name, job, form));
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`${TITLES[name]}: ${job.name}`}
      accept={ACCEPT[name]}
      isDangerous={name !== 'savepoint'}
      isBusy={isBusy}
      problem={problem}
      onAccept={(form) => void accept(form)}
      onClose={onClose}
    >
      <Fields name={name} />
    </Dialog>
  );
}

const ACCEPT: Readonly<Record<ActionName, string>> = {
  savepoint: 'Take it',
  stop: 'Stop the job',
  cancel: 'Cancel the job',
};

function Fields({ name }: { readonly name: ActionName }) {
  switch (name) {
    case 'savepoint':
      return (
        <>
          <p>Writes all state into a directory of yours, while the job goes on.</p>
          <Directory isRequired />
        </>
      );
    case 'stop':
      return (
        <>
          <p>Ends the job behind its last checkpoint, or behind a savepoint.</p>
          <Directory />
          <label class="check">
            <input name="drain" type="checkbox" />
            Drain: end the sources, fire all windows, and finish
          </label>
        </>
      );
    default:
      return <p>Ends the job at once. What has not been committed is discarded.</p>;
  }
}

function Directory({ isRequired = false }: { readonly isRequired?: boolean }) {
  return (
    <label>
      Directory of the savepoint{isRequired ? '' : ' (optional)'}
      <input name="dir" required={isRequired} autocomplete="off" placeholder="backups/monday" />
      <small>It does not exist yet; relative to where the job was started.</small>
    </label>
  );
}

/** Resolves to what to tell. */
async function perform(name: ActionName, { jid }: Job, form: FormData): Promise<string> {
  const path = `jobs/${jid}`;
  if (name === 'cancel') {
    await request(path, { method: 'PATCH', isWanted: true });
    return 'The job is being cancelled.';
  }
  const dir = String(form.get('dir') ?? '').trim();
  const body =
    name === 'savepoint'
      ? { 'target-directory': dir }
      : { drain: form.get('drain') !== null, ...(dir === '' ? {} : { targetDirectory: dir }) };
  const begun = await request<Triggered>(`${path}/${name === 'stop' ? 'stop' : 'savepoints'}`, {
    method: 'POST',
    body,
    isWanted: true,
  });
  const location = await outcome(`${path}/savepoints/${begun['request-id']}`);
  if (location === null) return 'The job has stopped.';
  return name === 'stop' ? `Stopped. Savepoint: ${location}` : `Savepoint: ${location}`;
}

async function outcome(path: string): Promise<string | null> {
  for (;;) {
    const { status, operation } = await request<Outcome>(path);
    const failure = operation?.['failure-cause'];
    if (failure !== undefined) throw new Error(failure['stack-trace']);
    if (status.id === 'COMPLETED') return operation?.location ?? null;
    await new Promise((resolve) => setTimeout(resolve, OUTCOME_MS));
  }
}
