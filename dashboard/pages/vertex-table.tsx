/** All vertices in rows: the graph for those who read numbers. */
import { formatDuration, formatRate, formatWhole } from '../base/format.ts';
import type { Live } from '../data/live.ts';
import { hrefOf } from '../data/route.ts';
import type { Job } from '../data/shapes.ts';
import { Meter } from '../parts/meter.tsx';

type VertexTableProps = { readonly job: Job; readonly live: Live };

export function VertexTable({ job, live: { progress, rates } }: VertexTableProps) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Vertex</th>
            <th class="num">Subtasks</th>
            <th>Time</th>
            <th class="num">In</th>
            <th class="num">Out</th>
            <th class="num">Records in</th>
            <th class="num">Records out</th>
            <th class="num">Lag</th>
          </tr>
        </thead>
        <tbody>
          {job.vertices.map(({ id, name, parallelism }) => {
            const now = progress?.vertices.find((one) => one.id === id);
            const rate = rates?.vertices.get(id);
            const isSource = job.plan.nodes.find((one) => one.id === id)?.inputs.length === 0;
            return (
              <tr key={id}>
                <th scope="row">
                  <a href={hrefOf('graph', id)}>{name}</a>
                </th>
                <td class="num">{parallelism}</td>
                <td>
                  <Meter busy={rate?.busy ?? 0} held={rate?.held ?? 0} />
                </td>
                <td class="num">{isSource ? '' : formatRate(rate?.in)}</td>
                <td class="num">{formatRate(rate && rate.out + rate.written)}</td>
                <td class="num">{isSource ? '' : formatWhole(now?.recordsIn ?? 0)}</td>
                <td class="num">
                  {formatWhole(now === undefined ? 0 : now.recordsOut + now.recordsWritten)}
                </td>
                <td class="num">{formatDuration(now?.watermarkLag)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
