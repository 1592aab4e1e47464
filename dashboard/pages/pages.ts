/** The pages, in the order of the way to them. */
import type { ComponentType } from 'preact';
import { CheckpointsPage } from './checkpoints.tsx';
import { ConfigPage } from './config.tsx';
import { ExceptionsPage } from './exceptions.tsx';
import { FlamePage } from './flame.tsx';
import { GraphPage } from './graph.tsx';
import { LogsPage } from './logs.tsx';
import { MetricsPage } from './metrics.tsx';
import { OverviewPage } from './overview.tsx';
import type { PageProps } from './page.ts';
import { StatePage } from './state.tsx';
import { TapPage } from './tap.tsx';
import { ThreadsPage } from './threads.tsx';

type Page = {
  readonly id: string;
  readonly title: string;
  readonly View: ComponentType<PageProps>;
};

export const PAGES: readonly Page[] = [
  { id: 'overview', title: 'Overview', View: OverviewPage },
  { id: 'graph', title: 'Graph', View: GraphPage },
  { id: 'checkpoints', title: 'Checkpoints', View: CheckpointsPage },
  { id: 'exceptions', title: 'Exceptions', View: ExceptionsPage },
  { id: 'metrics', title: 'Metrics', View: MetricsPage },
  { id: 'flame', title: 'Flame graph', View: FlamePage },
  { id: 'threads', title: 'Threads', View: ThreadsPage },
  { id: 'state', title: 'State', View: StatePage },
  { id: 'tap', title: 'Tap', View: TapPage },
  { id: 'logs', title: 'Logs', View: LogsPage },
  { id: 'config', title: 'Configuration', View: ConfigPage },
];
