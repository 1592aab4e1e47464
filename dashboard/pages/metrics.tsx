/** Any metric of any vertex over time, as many as one likes. Which ones stands in the address, so that it can be sent. */
import { useEffect, useState } from 'preact/hooks';
import { formatCount } from '../base/format.ts';
import { chainOf } from '../data/edges.ts';
import { HISTORY_POINTS } from '../data/history.ts';
import { live } from '../data/live.ts';
import { request } from '../data/request.ts';
import { go, hrefOf, place } from '../data/route.ts';
import type { Job, Metric } from '../data/shapes.ts';
import { useStore } from '../data/store.ts';
import { usePolled } from '../data/use-polled.ts';
import { Choice } from '../parts/choice.tsx';
import { Plot } from '../parts/plot.tsx';
import type { PageProps } from './page.ts';

/** `0/0.numRecordsOut`: vertex, then the id of the metric. */
type MetricRef = { readonly vertex: string; readonly metric: string };

const DEFAULT_METRIC = 'numRecordsOut';
const POLL_MS = 1000;
/** Functions make metrics while the job runs. */
const NAMES_MS = 2000;
const TONES = ['blue', 'green', 'violet', 'busy', 'held'] as const;

export function MetricsPage({ job }: PageProps) {
  const { query } = useStore(place);
  const vertex = query.get('vertex') ?? job.vertices[0]!.id;
  const plotted = query.has('plot')
    ? query.getAll('plot').flatMap(parsed)
    : [{ vertex, metric: `0.${DEFAULT_METRIC}` }];
  const show = (refs: readonly MetricRef[], chosen = vertex): void => {
    const next = new URLSearchParams({ vertex: chosen });
    for (const ref of refs) next.append('plot', `${ref.vertex}/${ref.metric}`);
    go(hrefOf('metrics', undefined, next));
  };
  return (
    <>
      <Chooser
        job={job}
        vertex={vertex}
        plotted={plotted}
        onVertex={(chosen) => show(plotted, chosen)}
        onMetric={(metric) => show([...plotted, { vertex, metric }])}
      />
      <section class="plots" aria-label="Plots">
        {plotted.map((ref, n) => (
          <MetricPlot
            key={`${ref.vertex}/${ref.metric}`}
            job={job}
            tone={TONES[n % TONES.length]!}
            {...ref}
            onRemove={() => show(plotted.filter((one) => one !== ref))}
          />
        ))}
      </section>
      {plotted.length === 0 && <p class="empty">Choose a metric.</p>}
    </>
  );
}

function parsed(text: string): MetricRef[] {
  const at = text.indexOf('/');
  return at < 0 ? [] : [{ vertex: text.slice(0, at), metric: text.slice(at + 1) }];
}

type ChooserProps = {
  readonly job: Job;
  readonly vertex: string;
  readonly plotted: readonly MetricRef[];
  readonly onVertex: (id: string) => void;
  readonly onMetric: (id: string) => void;
};

function Chooser({ job, vertex, plotted, onVertex, onMetric }: ChooserProps) {
  const { value } = usePolled<Metric[]>(`jobs/${job.jid}/vertices/${vertex}/metrics`, NAMES_MS);
  const isPlotted = (id: string): boolean =>
    plotted.some((ref) => ref.vertex === vertex && ref.metric === id);
  return (
    <form class="controls" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label="Vertex"
        value={vertex}
        options={job.vertices.map(({ id, name }) => ({ value: id, text: name }))}
        onChoose={onVertex}
      />
      <label>
        Metric
        <select value="" onChange={(event) => onMetric(event.currentTarget.value)}>
          <option value="">add …</option>
          {value?.map(({ id }) => (
            <option key={id} value={id} disabled={isPlotted(id)}>
              {id}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

type Samples = { readonly times: readonly number[]; readonly values: readonly (number | null)[] };

const NO_SAMPLES: Samples = { times: [], values: [] };

/** Asks for the metric as long as the plot is open. */
function useSamples(path: string): Samples {
  const [samples, setSamples] = useState(NO_SAMPLES);
  useEffect(() => {
    const aborted = new AbortController();
    const ask = async (): Promise<void> => {
      if (document.hidden || live.value.connection === 'ended') return;
      const found = await request<Metric[]>(path, { signal: aborted.signal }).catch(() => []);
      if (aborted.signal.aborted) return;
      const text = found[0]?.value ?? '';
      const value = text === '' ? null : Number(text);
      setSamples(({ times, values }) => ({
        times: [...times.slice(1 - HISTORY_POINTS), Date.now() / 1000],
        values: [...values.slice(1 - HISTORY_POINTS), value],
      }));
    };
    void ask();
    const timer = setInterval(() => void ask(), POLL_MS);
    return () => {
      aborted.abort();
      clearInterval(timer);
    };
  }, [path]);
  return samples;
}

/** What only grows is worth more as how fast it does. */
function changes({ times, values }: Samples): (number | null)[] {
  return values.map((value, n) => {
    const before = values[n - 1];
    if (value === null || before === null || before === undefined || value < before) return null;
    return (value - before) / (times[n]! - times[n - 1]!);
  });
}

type MetricPlotProps = MetricRef & {
  readonly job: Job;
  readonly tone: string;
  readonly onRemove: () => void;
};

function MetricPlot({ job, vertex, metric, tone, onRemove }: MetricPlotProps) {
  const [isRate, setRate] = useState(/\.(num|accumulate)[A-Z]/.test(metric));
  const id = encodeURIComponent(metric);
  const samples = useSamples(`jobs/${job.jid}/vertices/${vertex}/metrics?get=${id}`);
  const name = chainOf(job.vertices.find((one) => one.id === vertex)?.name ?? vertex)[0];
  const values = isRate ? changes(samples) : samples.values;
  return (
    <div class="metric" data-metric={metric}>
      <Plot
        title={`${name} · ${metric}${isRate ? ' a second' : ''}`}
        times={samples.times}
        format={formatCount}
        lines={[{ label: metric, tone, values }]}
      />
      <div class="plot-tools">
        <label class="check">
          <input
            type="checkbox"
            checked={isRate}
            onChange={(event) => setRate(event.currentTarget.checked)}
          />
          a second
        </label>
        <button type="button" class="icon" aria-label={`Remove ${metric}`} onClick={onRemove}>
          ×
        </button>
      </div>
    </div>
  );
}
