/** The parts of all subtasks in one checkpoint: how large they are, and what they took. */

import { formatBytes, formatDuration, formatMs } from '../base/format.ts';
import { chainOf } from '../data/edges.ts';
import type { CheckpointParts, Job } from '../data/shapes.ts';
import { usePolled } from '../data/use-polled.ts';

type PartsProps = { readonly job: Job; readonly checkpoint: number; readonly isRunning: boolean };

export function Parts({ job, checkpoint, isRunning }: PartsProps) {
  return (
    <table class="parts">
      <thead>
        <tr>
          <th>Vertex</th>
          <th class="num">Subtask</th>
          <th class="num">Duration</th>
          <th class="num" title="Until the first barrier came">
            Delay
          </th>
          <th class="num" title="From the first barrier to the last">
            Alignment
          </th>
          <th class="num" title="Operators captured their state, and did nothing else">
            Pause
          </th>
          <th class="num" title="The rest was written beside other work">
            Writing
          </th>
          <th class="num">Written</th>
          <th class="num">State</th>
        </tr>
      </thead>
      {job.vertices.map(({ id, name }) => (
        <PartsOfVertex
          key={id}
          name={chainOf(name)[0]!}
          path={`jobs/${job.jid}/checkpoints/details/${checkpoint}/subtasks/${id}`}
          isRunning={isRunning}
        />
      ))}
    </table>
  );
}

const POLL_MS = 1000;

type VertexProps = { readonly name: string; readonly path: string; readonly isRunning: boolean };

function PartsOfVertex({ name, path, isRunning }: VertexProps) {
  const { value } = usePolled<CheckpointParts>(path, isRunning ? POLL_MS : null);
  return (
    <tbody>
      {value?.subtasks.map((part, n) => (
        <tr key={part.index}>
          <th scope="row">{n === 0 ? name : ''}</th>
          <td class="num">{part.index}</td>
          {part.status === 'completed' && !part.has_ended ? (
            <>
              <td class="num">{formatDuration(part.end_to_end_duration)}</td>
              <td class="num">{formatDuration(part.start_delay)}</td>
              <td class="num">{formatMs(part.alignment.duration)}</td>
              <td class="num">{formatMs(part.checkpoint.sync)}</td>
              <td class="num">{formatMs(part.checkpoint.async)}</td>
            </>
          ) : (
            <td colSpan={5}>{part.has_ended ? 'had ended before' : 'has not come'}</td>
          )}
          <td class="num">{formatBytes(part.checkpointed_size)}</td>
          <td class="num">{formatBytes(part.state_size)}</td>
        </tr>
      ))}
    </tbody>
  );
}
