/** A state in a word and a colour. */
const TONES: Readonly<Record<string, string>> = {
  RUNNING: 'good',
  COMPLETED: 'good',
  FINISHED: 'done',
  DEPLOYING: 'wait',
  RESTARTING: 'wait',
  IN_PROGRESS: 'wait',
  CANCELED: 'done',
  FAILED: 'bad',
};

export function Badge({ state }: { readonly state: string }) {
  return (
    <span class={`badge ${TONES[state] ?? 'done'}`}>{state.replace('_', ' ').toLowerCase()}</span>
  );
}
