/** Where the threads of a vertex spend their time: stacks of some seconds, drawn from the root down. */
import { useState } from 'preact/hooks';
import { formatTime } from '../base/format.ts';
import { go, hrefOf, place } from '../data/route.ts';
import type { FlameGraph } from '../data/shapes.ts';
import { useStore } from '../data/store.ts';
import { useAsked } from '../data/use-asked.ts';
import { FlameChart } from '../graph/flame-chart.tsx';
import { Answer } from '../parts/answer.tsx';
import { Choice, numbers } from '../parts/choice.tsx';
import type { PageProps } from './page.ts';

const SECONDS = [1, 3, 10] as const;

export function FlamePage({ job }: PageProps) {
  const { detail } = useStore(place);
  const vertex = detail ?? job.vertices[0]!.id;
  const [seconds, setSeconds] = useState<number>(SECONDS[1]);
  const { asked, isAsking, ask } = useAsked<FlameGraph>();
  return (
    <>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          ask(`jobs/${job.jid}/vertices/${vertex}/flamegraph?seconds=${seconds}`);
        }}
      >
        <Choice
          label="Vertex"
          value={vertex}
          options={job.vertices.map(({ id, name }) => ({ value: id, text: name }))}
          onChoose={(id) => go(hrefOf('flame', id))}
        />
        <Choice label="Seconds" value={seconds} options={numbers(SECONDS)} onChoose={setSeconds} />
        <button type="submit" class="primary" disabled={isAsking}>
          {isAsking ? 'Sampling …' : 'Sample'}
        </button>
      </form>
      {asked === null ? (
        <p class="empty">Samples the stacks of the threads that run this vertex.</p>
      ) : (
        <Answer of={asked} what="flame graphs">
          {({ data, endTimestamp }) =>
            data.value === 0 ? (
              <p class="empty">The vertex had nothing to do in this time.</p>
            ) : (
              <>
                <p class="quiet">
                  {data.value} samples until {formatTime(endTimestamp)}
                </p>
                <FlameChart root={data} />
              </>
            )
          }
        </Answer>
      )}
    </>
  );
}
