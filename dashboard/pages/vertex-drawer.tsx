/** One vertex: its subtasks side by side, and whether their work is spread evenly. */
import { useEffect, useRef } from 'preact/hooks';
import {
  formatByteRate,
  formatBytes,
  formatCount,
  formatEventClock,
  formatWhole,
} from '../base/format.ts';
import { chainOf, descriptionOf } from '../data/edges.ts';
import { live } from '../data/live.ts';
import { hrefOf } from '../data/route.ts';
import type { BackPressure, Job, Metric, Vertex } from '../data/shapes.ts';
import { useStore } from '../data/store.ts';
import { usePolled } from '../data/use-polled.ts';
import { Answer } from '../parts/answer.tsx';
import { Badge } from '../parts/badge.tsx';
import { Meter } from '../parts/meter.tsx';

type DrawerProps = {
  readonly job: Job;
  readonly vertexId: string;
  readonly onClose: () => void;
};

const POLL_MS = 1000;

export function VertexDrawer({ job, vertexId, onClose }: DrawerProps) {
  const path = `jobs/${job.jid}/vertices/${vertexId}`;
  const vertex = usePolled<Vertex>(path, POLL_MS);
  const pressure = usePolled<BackPressure>(`${path}/backpressure`, POLL_MS);
  const watermarks = usePolled<Metric[]>(`${path}/watermarks`, POLL_MS);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { name } = job.vertices.find(({ id }) => id === vertexId)!;
  const description = descriptionOf(job, vertexId);
  return (
    <aside
      class="drawer"
      aria-label={`Vertex ${name}`}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <div class="drawer-head">
        <h2 ref={heading} tabIndex={-1}>
          {chainOf(name).map((one) => (
            <span key={one}>{one}</span>
          ))}
        </h2>
        <button type="button" class="icon" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </div>
      {description !== null && <p class="description">{description}</p>}
      <Answer of={vertex} what="its vertices">
        {({ subtasks }) => (
          <>
            <Skew subtasks={subtasks} />
            <Dropped subtasks={subtasks} />
            <Bytes vertexId={vertexId} />
            <Subtasks
              subtasks={subtasks}
              hasOutput={job.plan.nodes.some(({ inputs }) =>
                inputs.some(({ id }) => id === vertexId),
              )}
              shares={pressure.value?.subtasks ?? []}
              watermarks={watermarks.value ?? []}
            />
          </>
        )}
      </Answer>
      <p class="links">
        <a href={hrefOf('flame', vertexId)}>Flame graph</a>
        <a href={hrefOf('metrics', undefined, new URLSearchParams({ vertex: vertexId }))}>
          Metrics
        </a>
      </p>
    </aside>
  );
}

type Subtask = Vertex['subtasks'][number];

/** Records that a subtask has had to do with: a source has those that leave it. */
function workOf({ metrics }: Subtask): number {
  return metrics['read-records'] || metrics['write-records'];
}

/** Above, one subtask has clearly more to do than the others. */
const SKEWED = 1.25;

function Skew({ subtasks }: { readonly subtasks: readonly Subtask[] }) {
  const work = subtasks.map(workOf);
  const mean = work.reduce((sum, one) => sum + one, 0) / work.length;
  if (subtasks.length < 2 || mean === 0) return null;
  const skew = Math.max(...work) / mean;
  return (
    <p class="skew">
      Skew <b class={skew > SKEWED ? 'warn' : ''}>{skew.toFixed(2)}×</b>
      <span class="quiet">
        {' '}
        the busiest subtask has had {formatCount(Math.max(...work))} records, {formatCount(mean)} on
        average
      </span>
    </p>
  );
}

/** Records that went no further; nothing where there are none. */
function Dropped({ subtasks }: { readonly subtasks: readonly Subtask[] }) {
  const sum = (name: keyof Subtask['metrics']): number =>
    subtasks.reduce((total, { metrics }) => total + metrics[name], 0);
  const late = sum('late-records');
  const malformed = sum('skipped-records');
  if (late + malformed === 0) return null;
  return (
    <p>
      Late <b>{formatWhole(late)}</b>, malformed <b>{formatWhole(malformed)}</b>
    </p>
  );
}

/** What has crossed the border of the job here; nothing where that is not known. */
function Bytes({ vertexId }: Pick<DrawerProps, 'vertexId'>) {
  const { progress, rates } = useStore(live);
  const vertex = progress?.vertices.find(({ id }) => id === vertexId);
  const rate = rates?.vertices.get(vertexId);
  const directions = [
    ['Read', vertex?.bytesRead ?? 0, rate?.bytesRead ?? 0],
    ['Written', vertex?.bytesWritten ?? 0, rate?.bytesWritten ?? 0],
  ] as const;
  return directions.map(
    ([what, bytes, perSecond]) =>
      bytes > 0 && (
        <p key={what}>
          {what} <b>{formatBytes(bytes)}</b> <span class="quiet">{formatByteRate(perSecond)}</span>
        </p>
      ),
  );
}

type SubtasksProps = {
  readonly subtasks: readonly Subtask[];
  readonly hasOutput: boolean;
  readonly shares: BackPressure['subtasks'];
  readonly watermarks: readonly Metric[];
};

function Subtasks({ subtasks, hasOutput, shares, watermarks }: SubtasksProps) {
  const most = Math.max(1, ...subtasks.map(workOf));
  return (
    <div class="scroll">
      <table class="subtasks">
        <thead>
          <tr>
            <th>#</th>
            <th>State</th>
            <th class="num">Thread</th>
            <th class="num">In</th>
            {hasOutput && <th class="num">Out</th>}
            <th>Share</th>
            <th>Time</th>
            <th class="num">Watermark</th>
          </tr>
        </thead>
        <tbody>
          {subtasks.map((subtask) => {
            const { subtask: index, status, thread, metrics } = subtask;
            const share = shares.find((one) => one.subtask === index);
            return (
              <tr key={index}>
                <td>{index}</td>
                <td>
                  <Badge state={status} />
                </td>
                <td class="num">{thread}</td>
                <td class="num" title={formatWhole(metrics['read-records'])}>
                  {formatCount(metrics['read-records'])}
                </td>
                {hasOutput && (
                  <td class="num" title={formatWhole(metrics['write-records'])}>
                    {formatCount(metrics['write-records'])}
                  </td>
                )}
                <td>
                  <span class="meter share">
                    <i class="share" style={{ width: `${(workOf(subtask) / most) * 100}%` }} />
                  </span>
                </td>
                <td>
                  <Meter busy={share?.busyRatio ?? 0} held={share?.ratio ?? 0} />
                </td>
                <td class="num">{watermarkOf(watermarks, index)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** The ends of 64 bits stand for none yet and for the end. */
const BEYOND = 9e18;

function watermarkOf(watermarks: readonly Metric[], subtask: number): string {
  const found = watermarks.find(({ id }) => id.startsWith(`${subtask}.`))?.value;
  const value = found === undefined ? null : Number(found);
  if (value === null || value < -BEYOND) return '–';
  return value > BEYOND ? 'end' : formatEventClock(value);
}
