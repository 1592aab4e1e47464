/** The graph of a job as it is now. It scrolls where it has no room, and never shrinks to what nobody can read. */
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Live } from '../data/live.ts';
import type { Job } from '../data/shapes.ts';
import { MeterLegend } from '../parts/meter.tsx';
import { EdgeLine } from './edge-line.tsx';
import { layoutOf } from './layout.ts';
import { VertexBox } from './vertex-box.tsx';

type JobGraphProps = {
  readonly job: Job;
  readonly live: Live;
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
};

const SCALE_MIN = 0.5;
const SCALE_MAX = 1.5;
/** To which it is made to fit by itself. */
const FIT_MIN = 0.75;
const STEP = 1.2;

export function JobGraph({ job, live, selected, onSelect }: JobGraphProps) {
  const layout = useMemo(() => layoutOf(job), [job]);
  const frame = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const [room, setRoom] = useState(layout.width);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setRoom(frame.current!.clientWidth));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  const fitting = Math.min(1, Math.max(FIT_MIN, room / layout.width));
  const scale = chosen ?? fitting;
  const zoom = (to: number): void => setChosen(Math.min(SCALE_MAX, Math.max(SCALE_MIN, to)));
  const progress = new Map(live.progress?.vertices.map((vertex) => [vertex.id, vertex]));
  const edges = new Map(live.progress?.edges.map((edge) => [edge.id, edge]));
  return (
    <div class="graph">
      <div class="graph-tools">
        <MeterLegend />
        <button type="button" class="icon" aria-label="Smaller" onClick={() => zoom(scale / STEP)}>
          −
        </button>
        <button type="button" class="icon" aria-label="Larger" onClick={() => zoom(scale * STEP)}>
          +
        </button>
        <button type="button" onClick={() => setChosen(null)}>
          Fit
        </button>
      </div>
      <div class="graph-frame" ref={frame}>
        {/* biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset */}
        <svg
          width={layout.width * scale}
          height={layout.height * scale}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          role="group"
          aria-label={`Graph of ${job.name}`}
        >
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 0.5 7.5 4 0 7.5z" />
            </marker>
          </defs>
          {layout.wires.map((wire) => (
            <EdgeLine
              key={wire.id}
              wire={wire}
              rate={live.rates?.edges.get(wire.id) ?? null}
              progress={edges.get(wire.id) ?? null}
            />
          ))}
          {layout.boxes.map((box) => (
            <VertexBox
              key={box.id}
              box={box}
              vertex={job.vertices.find(({ id }) => id === box.id)!}
              progress={progress.get(box.id) ?? null}
              rates={live.rates?.vertices.get(box.id) ?? null}
              isSelected={box.id === selected}
              onSelect={onSelect}
            />
          ))}
        </svg>
      </div>
    </div>
  );
}
