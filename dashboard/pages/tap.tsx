/** Some of the records that cross an edge now. */
import { useState } from 'preact/hooks';
import { edgesOf, edgeTitle } from '../data/edges.ts';
import { go, hrefOf, place } from '../data/route.ts';
import type { Tap } from '../data/shapes.ts';
import { useStore } from '../data/store.ts';
import { useAsked } from '../data/use-asked.ts';
import { Answer } from '../parts/answer.tsx';
import { Choice, numbers } from '../parts/choice.tsx';
import { Records } from '../parts/records.tsx';
import type { PageProps } from './page.ts';

const COUNTS = [10, 50, 200] as const;

export function TapPage({ job }: PageProps) {
  const { detail } = useStore(place);
  const edges = edgesOf(job);
  const [count, setCount] = useState<number>(COUNTS[0]);
  const { asked, isAsking, ask } = useAsked<Tap>();
  if (edges.length === 0) return <p class="empty">The job is one vertex: it has no edge.</p>;
  const edge = edges.find(({ id }) => id === detail) ?? edges[0]!;
  return (
    <>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          ask(`jobs/${job.jid}/edges/${encodeURIComponent(edge.id)}/tap?records=${count}`);
        }}
      >
        <Choice
          label="Edge"
          value={edge.id}
          options={edges.map((one) => ({
            value: one.id,
            text: `${edgeTitle(job, one)} (${one.strategy})`,
          }))}
          onChoose={(id) => go(hrefOf('tap', id))}
        />
        <Choice label="Records" value={count} options={numbers(COUNTS)} onChoose={setCount} />
        <button type="submit" class="primary" disabled={isAsking}>
          {isAsking ? 'Waiting for records …' : 'Take'}
        </button>
      </form>
      {asked === null ? (
        <p class="empty">Takes copies of the next records of an edge; the job goes on.</p>
      ) : (
        <Answer of={asked} what="taps">
          {({ records, sampled }) =>
            records.length === 0 ? (
              <p class="empty">No record has crossed the edge in this time.</p>
            ) : (
              <>
                <p class="quiet">
                  {records.length} of {sampled} records
                </p>
                <Records records={records} />
              </>
            )
          }
        </Answer>
      )}
    </>
  );
}
