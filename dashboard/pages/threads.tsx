/** What every thread is at. */
import { useEffect } from 'preact/hooks';
import type { ThreadDump } from '../data/shapes.ts';
import { useAsked } from '../data/use-asked.ts';
import { Answer } from '../parts/answer.tsx';
import type { PageProps } from './page.ts';

export function ThreadsPage({ job }: PageProps) {
  const { asked, isAsking, ask } = useAsked<ThreadDump>();
  const path = `jobs/${job.jid}/thread-dump`;
  useEffect(() => ask(path), [path]);
  return (
    <>
      <div class="controls">
        <button type="button" class="primary" disabled={isAsking} onClick={() => ask(path)}>
          {isAsking ? 'Looking …' : 'Look again'}
        </button>
      </div>
      {asked !== null && (
        <Answer of={asked} what="thread dumps">
          {({ threads }) =>
            threads.map(({ name, stack }) => (
              <details key={name} class="exception" open>
                <summary>
                  <code>{name}</code>
                  <span>{stack[0] ?? 'nothing to do'}</span>
                </summary>
                {stack.length > 0 && <pre>{stack.join('\n')}</pre>}
              </details>
            ))
          }
        </Answer>
      )}
    </>
  );
}
