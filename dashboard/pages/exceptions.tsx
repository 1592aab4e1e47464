/** What has ended attempts of the job. */
import { formatDate } from '../base/format.ts';
import type { Exceptions } from '../data/shapes.ts';
import { usePolled } from '../data/use-polled.ts';
import { Answer } from '../parts/answer.tsx';
import type { PageProps } from './page.ts';

const POLL_MS = 2000;

export function ExceptionsPage({ job }: PageProps) {
  const exceptions = usePolled<Exceptions>(`jobs/${job.jid}/exceptions`, POLL_MS);
  return (
    <Answer of={exceptions} what="its exceptions">
      {({ exceptionHistory: { entries, truncated } }) =>
        entries.length === 0 ? (
          <p class="empty">Nothing has failed.</p>
        ) : (
          <>
            {entries.map((one, n) => (
              <details key={one.timestamp} class="exception" open={n === 0}>
                <summary>
                  <time>{formatDate(one.timestamp)}</time> <code>{one.exceptionName}</code>
                  <span>{one.message}</span>
                </summary>
                <pre>{one.stacktrace}</pre>
              </details>
            ))}
            {truncated && <p class="empty">Older ones are not kept.</p>}
          </>
        )
      }
    </Answer>
  );
}
