/** How the job was started. */
import { formatDuration } from '../base/format.ts';
import type { CheckpointConfig, JobConfig } from '../data/shapes.ts';
import { usePolled } from '../data/use-polled.ts';
import { Answer } from '../parts/answer.tsx';
import { textOf } from '../parts/records.tsx';
import type { PageProps } from './page.ts';

export function ConfigPage({ job }: PageProps) {
  const config = usePolled<JobConfig>(`jobs/${job.jid}/config`, null);
  const checkpoints = usePolled<CheckpointConfig>(`jobs/${job.jid}/checkpoints/config`, null);
  const server = usePolled<Record<string, unknown>>('overview', null);
  return (
    <div class="columns">
      <Answer of={config} what="its configuration">
        {({ 'execution-config': { 'user-config': params, ...options } }) => (
          <>
            <Pairs title="Job" pairs={{ name: job.name, id: job.jid, ...options }} />
            <Pairs title="Parameters" pairs={params} />
          </>
        )}
      </Answer>
      {checkpoints.isNotOffered ? (
        <Pairs title="Checkpoints" pairs={{}} />
      ) : (
        <Answer of={checkpoints} what="checkpoints">
          {(pairs) => <Pairs title="Checkpoints" pairs={pairs} />}
        </Answer>
      )}
      <Answer of={server} what="what it is">
        {(pairs) => <Pairs title="Process" pairs={pairs} />}
      </Answer>
    </div>
  );
}

type PairsProps = { readonly title: string; readonly pairs: Readonly<Record<string, unknown>> };

/** Fields in milliseconds. */
const DURATIONS = /^(interval|timeout|min_pause|buffer-timeout)$/;

function valueText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return DURATIONS.test(name) ? formatDuration(Number(value)) : textOf(value);
}

function Pairs({ title, pairs }: PairsProps) {
  const entries = Object.entries(pairs);
  return (
    <section class="card">
      <h2 class="head">{title}</h2>
      {entries.length === 0 ? (
        <p class="empty">none</p>
      ) : (
        <dl>
          {entries.map(([name, value]) => (
            <div key={name}>
              <dt>{name.replaceAll(/[-_]/g, ' ')}</dt>
              <dd>{valueText(name, value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
