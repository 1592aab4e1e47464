/** The graph of the job, and beside it the vertex that was chosen. */

import { live } from '../data/live.ts';
import { go, hrefOf, place } from '../data/route.ts';
import { useStore } from '../data/store.ts';
import { JobGraph } from '../graph/job-graph.tsx';
import type { PageProps } from './page.ts';
import { VertexDrawer } from './vertex-drawer.tsx';

export function GraphPage({ job }: PageProps) {
  const state = useStore(live);
  const { detail } = useStore(place);
  const isKnown = job.vertices.some(({ id }) => id === detail);
  const close = (): void => {
    go(hrefOf('graph'));
    document.querySelector<SVGGElement>(`[data-vertex="${detail}"]`)?.focus();
  };
  return (
    <div class={`graph-page${isKnown ? ' with-drawer' : ''}`}>
      <JobGraph
        job={job}
        live={state}
        selected={detail}
        onSelect={(id) => go(hrefOf('graph', id))}
      />
      {isKnown && <VertexDrawer key={detail} job={job} vertexId={detail!} onClose={close} />}
    </div>
  );
}
