/** How the job is, at a glance. */
import {
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatEventClock,
  formatRate,
  formatShare,
  formatWhole,
} from '../base/format.ts';
import { lagOf } from '../data/history.ts';
import { type Live, live } from '../data/live.ts';
import type { VertexRates } from '../data/rates.ts';
import { hrefOf } from '../data/route.ts';
import type { Checkpoints } from '../data/shapes.ts';
import { useStore } from '../data/store.ts';
import { usePolled } from '../data/use-polled.ts';
import { Badge } from '../parts/badge.tsx';
import { MeterLegend } from '../parts/meter.tsx';
import { Plot } from '../parts/plot.tsx';
import { Tile } from '../parts/tile.tsx';
import type { PageProps } from './page.ts';
import { VertexTable } from './vertex-table.tsx';

const POLL_MS = 2000;
/** Of input that has hardly begun nothing is worth saying. */
const SHARE_MIN = 0.005;

export function OverviewPage({ job }: PageProps) {
  const state = useStore(live);
  const checkpoints = usePolled<Checkpoints>(`jobs/${job.jid}/checkpoints`, POLL_MS);
  return (
    <>
      <Tiles state={state} job={job} checkpoints={checkpoints.value} />
      <Plots {...state} />
      <section>
        <div class="head">
          <h2>Vertices</h2>
          <MeterLegend />
        </div>
        <VertexTable job={job} live={state} />
      </section>
    </>
  );
}

type TilesProps = PageProps & {
  readonly state: Live;
  readonly checkpoints: Checkpoints | null;
};

function Tiles({ job, state, checkpoints }: TilesProps) {
  const { progress, rates, points } = state;
  const share = job['input-share'];
  const bytes = (of: (rates: VertexRates) => number): string =>
    formatByteRate([...(rates?.vertices.values() ?? [])].reduce((sum, one) => sum + of(one), 0));
  const lag = progress === null ? null : lagOf(progress);
  return (
    <section class="tiles" aria-label="Now">
      <Tile
        title="State"
        value={<Badge state={progress?.state ?? job.state} />}
        note={`up ${formatDuration(progress === null ? null : progress.now - job['start-time'])}`}
      />
      <Tile
        id="in"
        title="Records in"
        value={formatRate(rates?.read)}
        note={noteOf(
          `${formatWhole(progress?.records ?? 0)} read`,
          share === null || share < SHARE_MIN ? '' : formatShare(share),
          bytes(({ bytesRead }) => bytesRead),
        )}
        line={{ values: points.values.in, tone: 'blue' }}
      />
      <Tile
        id="out"
        title="Records out"
        value={formatRate(rates?.written)}
        note={noteOf(
          `${formatCount(progress?.vertices.reduce((sum, { recordsWritten }) => sum + recordsWritten, 0))} written`,
          bytes(({ bytesWritten }) => bytesWritten),
        )}
        line={{ values: points.values.out, tone: 'green' }}
      />
      <Tile
        id="lag"
        title="Lag of event time"
        value={formatDuration(lag)}
        note={`watermark ${formatEventClock(progress?.watermark)}`}
        line={{ values: points.values.lag, tone: 'violet' }}
      />
      <CheckpointTile checkpoints={checkpoints} />
      <Tile
        id="restarts"
        title="Restarts"
        value={String(progress?.restarts ?? 0)}
        note={<a href={hrefOf('exceptions')}>exceptions</a>}
      />
    </section>
  );
}

/** What there is to say. */
function noteOf(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

function CheckpointTile({ checkpoints }: Pick<TilesProps, 'checkpoints'>) {
  const last = checkpoints?.latest.completed ?? null;
  const { completed = 0, failed = 0 } = checkpoints?.counts ?? {};
  return (
    <Tile
      id="checkpoints"
      title="Checkpoints"
      value={
        <>
          {completed}
          {failed > 0 && <small class="warn"> {failed} failed</small>}
        </>
      }
      note={
        last === null ? (
          'none yet'
        ) : (
          <a href={hrefOf('checkpoints')}>
            {formatBytes(last.state_size)} in {formatDuration(last.end_to_end_duration)}
          </a>
        )
      }
    />
  );
}

function Plots({ points }: Live) {
  const { times, values } = points;
  return (
    <section class="plots" aria-label="Last ten minutes">
      <Plot
        title="Records a second"
        times={times}
        format={formatCount}
        lines={[
          { label: 'in', tone: 'blue', values: values.in },
          { label: 'out', tone: 'green', values: values.out },
        ]}
      />
      <Plot
        title="Lag of event time"
        times={times}
        format={formatDuration}
        lines={[{ label: 'lag', tone: 'violet', values: values.lag }]}
      />
      <Plot
        title="Load"
        times={times}
        format={formatShare}
        top={1}
        lines={[
          { label: 'busy', tone: 'busy', values: values.busy },
          { label: 'back-pressured', tone: 'held', values: values.held },
          { label: 'collecting garbage', tone: 'violet', values: values.gc },
        ]}
      />
    </section>
  );
}
