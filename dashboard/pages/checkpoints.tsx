/** Checkpoints: how they went, how long and how large they are, and how they are taken. */
import { useState } from 'preact/hooks';
import {
  formatBytes,
  formatDuration,
  formatShare,
  formatTime,
  formatWhole,
} from '../base/format.ts';
import type { Checkpoint, CheckpointConfig, Checkpoints, Spread } from '../data/shapes.ts';
import { type Polled, usePolled } from '../data/use-polled.ts';
import { Answer } from '../parts/answer.tsx';
import { Badge } from '../parts/badge.tsx';
import { Parts } from '../parts/checkpoint-parts.tsx';
import { Tile } from '../parts/tile.tsx';
import type { PageProps } from './page.ts';

const POLL_MS = 1000;

export function CheckpointsPage({ job }: PageProps) {
  const checkpoints = usePolled<Checkpoints>(`jobs/${job.jid}/checkpoints`, POLL_MS);
  const config = usePolled<CheckpointConfig>(`jobs/${job.jid}/checkpoints/config`, null);
  return (
    <Answer of={checkpoints} what="checkpoints">
      {(value) => (
        <>
          <Summary {...value} config={config} />
          <section>
            <h2 class="head">History</h2>
            <History job={job} history={value.history} />
          </section>
        </>
      )}
    </Answer>
  );
}

type SummaryProps = Checkpoints & { readonly config: Polled<CheckpointConfig> };

function Summary({ counts, summary, latest, config }: SummaryProps) {
  const { completed } = latest;
  return (
    <section class="tiles" aria-label="Summary">
      <Tile
        id="completed"
        title="Completed"
        value={counts.completed}
        note={`${counts.failed} failed, ${counts.in_progress} under way`}
      />
      <Tile
        title="Duration"
        value={formatDuration(completed?.end_to_end_duration)}
        note={spreadText(summary.end_to_end_duration, formatDuration)}
      />
      <Tile
        title="Written"
        value={formatBytes(completed?.checkpointed_size)}
        note={spreadText(summary.checkpointed_size, formatBytes)}
      />
      <Tile
        title="State"
        value={formatBytes(completed?.state_size)}
        note={spreadText(summary.state_size, formatBytes)}
      />
      <Tile
        title="Interval"
        value={config.value === null ? '–' : formatDuration(config.value.interval)}
        note={
          config.value === null
            ? config.isNotOffered
              ? 'this job takes savepoints only'
              : ''
            : `pause at least ${formatDuration(config.value.min_pause)}`
        }
      />
      <Tile
        title="Restored"
        value={counts.restored}
        note={latest.restored === null ? 'started anew' : `from ${latest.restored.id}`}
      />
    </section>
  );
}

function spreadText({ min, max }: Spread, format: (value: number) => string): string {
  return max === 0 ? '' : `${format(min)} to ${format(max)}`;
}

type HistoryProps = PageProps & Pick<Checkpoints, 'history'>;

function History({ job, history }: HistoryProps) {
  const [open, setOpen] = useState<number | null>(null);
  if (history.length === 0) return <p class="empty">There has been no checkpoint.</p>;
  const longest = Math.max(1, ...history.map((one) => one.end_to_end_duration));
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th class="num">Id</th>
            <th>Kind</th>
            <th>State</th>
            <th class="num">Begun</th>
            <th class="num">Duration</th>
            <th />
            <th class="num" title="After the end of the one before">
              Pause
            </th>
            <th class="num">Subtasks</th>
            <th class="num">Written</th>
            <th class="num">State</th>
            <th>Where</th>
          </tr>
        </thead>
        <tbody>
          {history.map((one, n) => (
            <Row
              key={one.id}
              job={job}
              checkpoint={one}
              pause={pauseBetween(history[n + 1], one)}
              longest={longest}
              isOpen={one.id === open}
              onToggle={() => setOpen(one.id === open ? null : one.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** From the end of one to the beginning of the next; null for the oldest that is known. */
function pauseBetween(before: Checkpoint | undefined, next: Checkpoint): number | null {
  if (before === undefined) return null;
  return Math.max(
    0,
    next.trigger_timestamp - before.trigger_timestamp - before.end_to_end_duration,
  );
}

type RowProps = PageProps & {
  readonly checkpoint: Checkpoint;
  readonly pause: number | null;
  readonly longest: number;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
};

function Row({ job, checkpoint: one, pause, longest, isOpen, onToggle }: RowProps) {
  return (
    <>
      <tr class={one.status === 'FAILED' ? 'failed' : ''}>
        <td class="num">
          <button type="button" class="link" aria-expanded={isOpen} onClick={onToggle}>
            {isOpen ? '▾' : '▸'} {one.id}
          </button>
        </td>
        <td>{one.is_savepoint ? 'savepoint' : 'checkpoint'}</td>
        <td>
          <Badge state={one.status} />
        </td>
        <td class="num">{formatTime(one.trigger_timestamp)}</td>
        <td class="num">{formatDuration(one.end_to_end_duration)}</td>
        <td>
          <span class="meter share">
            <i class="share" style={{ width: `${(one.end_to_end_duration / longest) * 100}%` }} />
          </span>
        </td>
        <td class="num">{formatDuration(pause)}</td>
        <td class="num">
          {one.num_acknowledged_subtasks}/{one.num_subtasks}
        </td>
        <td class="num">{formatBytes(one.checkpointed_size)}</td>
        <td class="num">{formatBytes(one.state_size)}</td>
        <td class="path">
          <bdi>{one.failure_message ?? one.external_path ?? ''}</bdi>
        </td>
      </tr>
      {isOpen && (
        <tr class="details">
          <td colSpan={11}>
            <Operators {...one} />
            <Parts job={job} checkpoint={one.id} isRunning={one.status === 'IN_PROGRESS'} />
          </td>
        </tr>
      )}
    </>
  );
}

function Operators({ operators, state_size }: Checkpoint) {
  const all = Object.entries(operators);
  if (all.length === 0) return <p class="empty">No operator has written state.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>Operator</th>
          <th>Uid</th>
          <th class="num">Rows</th>
          <th class="num">Written</th>
          <th class="num">State</th>
          <th class="num">Share</th>
        </tr>
      </thead>
      <tbody>
        {all.map(([uid, operator]) => (
          <tr key={uid}>
            <th scope="row">{operator.name}</th>
            <td>
              <code>{uid}</code>
            </td>
            <td class="num">{formatWhole(operator.rows)}</td>
            <td class="num">{formatBytes(operator.checkpointed_size)}</td>
            <td class="num">{formatBytes(operator.state_size)}</td>
            <td class="num">{formatShare(operator.state_size / Math.max(1, state_size))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
