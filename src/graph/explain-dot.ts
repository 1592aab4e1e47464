/** An explanation for Graphviz: a box for each operator, a frame around each task, an arrow for each edge. */
import type { ExplainedTask, Explanation } from './explain.ts';

export function explanationDot({ job, tasks, exchanges }: Explanation): string {
  const arrows = exchanges.map(
    ({ fromOperator, toOperator, partitioning, localChannels, rings }) =>
      `  o${fromOperator} -> o${toOperator} [label=${quoted(
        `${partitioning}\n${localChannels} local, ${rings} rings`,
      )}, style=bold];`,
  );
  return [
    `digraph ${quoted(job)} {`,
    '  rankdir=LR;',
    '  node [shape=box];',
    ...tasks.flatMap(taskLines),
    ...arrows,
    '}',
  ].join('\n');
}

function taskLines({ id, parallelism, operators }: ExplainedTask): string[] {
  return [
    `  subgraph cluster_${id} {`,
    `    label=${quoted(`task ${id}, x${parallelism}`)};`,
    ...operators.map(
      (operator) => `    o${operator.id} [label=${quoted(operator.steps.join('\n'))}];`,
    ),
    ...operators
      .filter(({ input }) => input !== null)
      .map((operator) => `    o${operator.input} -> o${operator.id};`),
    '  }',
  ];
}

/** Text in quotes; in a label, backslashes begin escapes and \n is a line break. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(/\r\n|\r|\n/g, '\\n');
  return `"${escaped}"`;
}
