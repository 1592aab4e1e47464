/** What the job and its functions have written, as it comes. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatTime } from '../base/format.ts';
import { live } from '../data/live.ts';
import { messageOf, RequestError, request } from '../data/request.ts';
import type { LogEntry, Logs } from '../data/shapes.ts';
import { NotOffered } from '../parts/answer.tsx';
import type { PageProps } from './page.ts';

/** Older ones are forgotten here. */
const ENTRIES_MAX = 1000;
const POLL_MS = 1000;
const LEVELS = ['all', 'debug', 'info', 'warn', 'error'] as const;

export function LogsPage({ job }: PageProps) {
  const { entries, problem, isNotOffered } = useLogs(`jobs/${job.jid}/logs`);
  const [level, setLevel] = useState<string>('all');
  const [wanted, setWanted] = useState('');
  if (isNotOffered) return <NotOffered what="logs" />;
  const least = LEVELS.indexOf(level as (typeof LEVELS)[number]);
  const shown = entries.filter(
    (entry) =>
      levelOf(entry) >= least &&
      `${entry.operator ?? ''} ${entry.message}`.toLowerCase().includes(wanted.toLowerCase()),
  );
  return (
    <>
      <div class="controls">
        <label>
          Level
          <select value={level} onChange={(event) => setLevel(event.currentTarget.value)}>
            {LEVELS.map((one) => (
              <option key={one} value={one}>
                {one === 'all' ? one : `${one} and above`}
              </option>
            ))}
          </select>
        </label>
        <label>
          Find
          <input value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </label>
      </div>
      {problem !== null && <p class="notice bad">{problem}</p>}
      {shown.length === 0 ? (
        <p class="empty">Nothing has been written.</p>
      ) : (
        <Lines shown={shown} />
      )}
    </>
  );
}

/** Those of levels that are not known are shown with all others only. */
function levelOf({ level }: LogEntry): number {
  return LEVELS.indexOf(level.toLowerCase() as (typeof LEVELS)[number]);
}

function Lines({ shown }: { readonly shown: readonly LogEntry[] }) {
  const list = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const last = shown.at(-1)?.seq;
  useEffect(() => {
    if (follows) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [last, follows]);
  return (
    <div
      class="log"
      role="log"
      ref={list}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
      tabIndex={0}
      aria-label="Log"
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
        setFollows(scrollTop + clientHeight > scrollHeight - 8)
      }
    >
      {shown.map(({ seq, timestamp, level, operator, message }) => (
        <p key={seq} class={level.toLowerCase()}>
          <time>{formatTime(timestamp)}</time> <b>{level.toLowerCase()}</b>{' '}
          {operator !== undefined && <i>{operator}</i>} {message}
        </p>
      ))}
    </div>
  );
}

type KnownLogs = {
  readonly entries: readonly LogEntry[];
  readonly problem: string | null;
  readonly isNotOffered: boolean;
};

/** Only what is new is asked for. */
function useLogs(path: string): KnownLogs {
  const [known, setKnown] = useState<KnownLogs>({
    entries: [],
    problem: null,
    isNotOffered: false,
  });
  useEffect(() => {
    const aborted = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let after = 0;
    const ask = async (): Promise<void> => {
      try {
        const isOver = live.value.connection === 'ended' && after > 0;
        if (!document.hidden && !isOver) {
          const { signal } = aborted;
          const { entries: more } = await request<Logs>(`${path}?after=${after}`, { signal });
          after = more.at(-1)?.seq ?? after;
          setKnown(({ entries }) => ({
            entries: [...entries, ...more].slice(-ENTRIES_MAX),
            problem: null,
            isNotOffered: false,
          }));
        }
      } catch (error) {
        if (aborted.signal.aborted) return;
        const isNotOffered = error instanceof RequestError && error.isNotOffered;
        setKnown(({ entries }) => ({ entries, problem: messageOf(error), isNotOffered }));
        if (isNotOffered) return;
      }
      timer = setTimeout(ask, POLL_MS);
    };
    void ask();
    return () => {
      aborted.abort();
      clearTimeout(timer);
    };
  }, [path]);
  return known;
}
