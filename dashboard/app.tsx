/** What stands around every page: which job, how it is, what can be done with it, and the way to the pages. */
import { useEffect, useRef } from 'preact/hooks';
import { Actions } from './actions/actions.tsx';
import { TokenDialog } from './actions/token-dialog.tsx';
import { formatDuration } from './base/format.ts';
import { isOver, type Live, live } from './data/live.ts';
import { chooseJob, hrefOf, place } from './data/route.ts';
import type { Job } from './data/shapes.ts';
import { useStore } from './data/store.ts';
import { setTheme, THEMES, theme } from './data/theme.ts';
import { PAGES } from './pages/pages.ts';
import { Badge } from './parts/badge.tsx';

export function App() {
  const { page } = useStore(place);
  const state = useStore(live);
  const isReady = state.job !== null;
  useEffect(() => {
    // What a person waits for: the first moment at which the page tells of the job.
    if (isReady) performance.mark('job-shown');
  }, [isReady]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector('main')?.focus()}>
        Skip to the page
      </button>
      <Header {...state} />
      <div class="shell">
        <Navigation current={page} />
        <Main page={page} state={state} />
      </div>
      <TokenDialog />
    </>
  );
}

function Header({ jobs, job, progress }: Live) {
  const state = progress?.state ?? job?.state;
  return (
    <header class="top">
      <a class="brand" href={hrefOf('overview')} aria-label="millrace, overview">
        <Mark />
        <span>millrace</span>
      </a>
      {job !== null && (
        <div class="job">
          <h1>{job.name}</h1>
          {jobs.length > 1 ? <JobChooser jobs={jobs} job={job} /> : <code>{job.jid}</code>}
          {state !== undefined && <Badge state={state} />}
          {progress !== null && (
            <span class="quiet uptime">{formatDuration(progress.now - job['start-time'])}</span>
          )}
        </div>
      )}
      <div class="tools">
        {job !== null && <Actions job={job} isOver={isOver(state ?? job.state)} />}
        <ThemeSwitch />
      </div>
    </header>
  );
}

function JobChooser({ jobs, job }: { readonly jobs: Live['jobs']; readonly job: Job }) {
  return (
    <select
      aria-label="Job"
      value={job.jid}
      onChange={(event) => chooseJob(event.currentTarget.value)}
    >
      {jobs.map(({ jid, name, state }) => (
        <option key={jid} value={jid}>
          {name} {jid}, {state.toLowerCase()}
        </option>
      ))}
    </select>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M3 9c5-5 8-5 13 0s8 5 13 0" />
      <path d="M3 17c5-5 8-5 13 0s8 5 13 0" opacity=".7" />
      <path d="M3 25c5-5 8-5 13 0s8 5 13 0" opacity=".4" />
    </svg>
  );
}

const THEME_MARKS = { system: '◐', light: '○', dark: '●' } as const;

function ThemeSwitch() {
  const current = useStore(theme);
  const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length]!;
  return (
    <button
      type="button"
      class="icon"
      title={`Theme: ${current}`}
      aria-label={`Theme: ${current}. Change to ${next}`}
      onClick={() => setTheme(next)}
    >
      {THEME_MARKS[current]}
    </button>
  );
}

function Navigation({ current }: { readonly current: string }) {
  const list = useRef<HTMLElement>(null);
  // On a phone the way to the page may lie out of sight.
  useEffect(() => {
    const link = list.current?.querySelector<HTMLElement>(`[aria-current="page"]`);
    if (link) list.current?.scrollTo({ left: link.offsetLeft - 16 });
  }, [current]);
  return (
    <nav class="pages" aria-label="Pages" ref={list}>
      {PAGES.map(({ id, title }) => (
        <a key={id} href={hrefOf(id)} aria-current={id === current ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

function Main({ page, state }: { readonly page: string; readonly state: Live }) {
  const found = PAGES.find(({ id }) => id === page);
  const title = found?.title ?? 'Not found';
  useEffect(() => {
    document.title = state.job === null ? 'millrace' : `${title} · ${state.job.name}`;
  }, [title, state.job]);
  return (
    <main id="main" tabIndex={-1} aria-label={title}>
      <Notice {...state} />
      {found === undefined ? (
        <p class="empty">There is no page of this name.</p>
      ) : state.job === null ? (
        <p class="empty" aria-busy="true">
          {state.problem ?? 'Asking the job …'}
        </p>
      ) : (
        <found.View key={page} job={state.job} />
      )}
    </main>
  );
}

function Notice({ connection, problem, job, progress }: Live) {
  if (job === null) return null;
  if (connection === 'lost') {
    return (
      <p class="notice bad" role="status">
        No word from the job: {problem}. What you see is its last state; trying again every second.
      </p>
    );
  }
  if (connection !== 'ended') return null;
  return (
    <p class="notice" role="status">
      The job has ended: {(progress?.state ?? job.state).toLowerCase()}. What you see is its last
      state.
    </p>
  );
}
