/**
 * A job as text, as plain data, or as a Graphviz drawing: the steps the user wrote, the tasks they became, what lies
 * between the tasks, and the loops that were generated for them.
 */
import type { KeySpec } from '../data/key.ts';
import { schemaOf } from '../data/schema.ts';
import { type GeneratedLoop, generatedLoops } from '../operator/generated-loops.ts';
import { CALLER, type Exchange, type ExecutionGraph, executionGraph } from './execution-graph.ts';
import {
  type Bindings,
  fingerprint,
  type LogicalGraph,
  type LogicalNode,
  type Partitioning,
} from './graph.ts';

export type ExplainedStep = {
  readonly id: number;
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  readonly inputs: readonly {
    readonly from: number;
    readonly partitioning: string;
    /** Name of the side output; null for the main one. */
    readonly side: string | null;
  }[];
  /** `name: kind` of each field, with a question mark where it may be null; null for free-form rows. */
  readonly fields: readonly string[] | null;
};

export type ExplainedTask = {
  readonly id: number;
  readonly parallelism: number;
  /** Operators of the chain: names of their steps, and what was generated for them. */
  readonly operators: readonly {
    readonly steps: readonly string[];
    readonly loops: readonly GeneratedLoop[];
  }[];
  /** Worker of each subtask; 'caller' is the calling thread. */
  readonly workers: readonly (number | 'caller')[];
};

export type ExplainedExchange = {
  readonly fromTask: number;
  readonly toTask: number;
  readonly partitioning: string;
  /** Channels within a worker, and rings between workers. */
  readonly localChannels: number;
  readonly rings: number;
};

export type Explanation = {
  readonly job: string;
  readonly fingerprint: string;
  readonly threads: number;
  readonly parallelism: number;
  readonly steps: readonly ExplainedStep[];
  readonly tasks: readonly ExplainedTask[];
  readonly exchanges: readonly ExplainedExchange[];
};

/** What would run, without running it. */
export function explain(
  graph: LogicalGraph,
  bindings: Bindings,
  settings: { readonly threads: number; readonly parallelism: number },
): Explanation {
  const execution = executionGraph(graph, settings);
  return {
    job: graph.name,
    fingerprint: fingerprint(graph),
    ...settings,
    steps: graph.nodes.map(explainedStep),
    tasks: execution.tasks.map((task) => ({
      id: task.id,
      parallelism: task.parallelism,
      operators: task.operators.map(({ nodes }) => ({
        steps: nodes.map((node) => graph.nodes[node]!.name),
        loops: loopsOf(graph, bindings, nodes),
      })),
      workers: execution.subtasks
        .filter((subtask) => subtask.task === task.id)
        .map(({ worker }) => (worker === CALLER ? 'caller' : worker)),
    })),
    exchanges: execution.exchanges.map((exchange) => explainedExchange(execution, exchange)),
  };
}

function explainedStep({ id, uid, name, operator, inputs, schema }: LogicalNode): ExplainedStep {
  return {
    id,
    uid,
    name,
    type: operator.type,
    inputs: inputs.map(({ from, partitioning, side }) => ({
      from,
      partitioning: partitioningText(partitioning),
      side: side ?? null,
    })),
    fields:
      schema?.map((field) => `${field.name}: ${field.kind}${field.nullable ? '?' : ''}`) ?? null,
  };
}

function loopsOf(graph: LogicalGraph, bindings: Bindings, nodes: readonly number[]) {
  const head = graph.nodes[nodes[0]!]!;
  const before = head.inputs[0];
  if (before === undefined) return [];
  const fields = graph.nodes[before.from]!.schema;
  const plans = nodes.map((node) => ({
    name: graph.nodes[node]!.name,
    spec: graph.nodes[node]!.operator,
    functions: bindings[node]!.functions,
    sink: bindings[node]!.sink,
  }));
  return generatedLoops(plans, fields === null ? null : schemaOf(fields));
}

function explainedExchange(execution: ExecutionGraph, exchange: Exchange): ExplainedExchange {
  const channels = execution.channels.filter((channel) => channel.exchange === exchange.id);
  const local = channels.filter((channel) => channel.isLocal).length;
  return {
    fromTask: exchange.fromTask,
    toTask: exchange.toTask,
    partitioning: partitioningText(exchange.partitioning),
    localChannels: local,
    rings: channels.length - local,
  };
}

function partitioningText(partitioning: Partitioning): string {
  if (partitioning.kind !== 'hash' && partitioning.kind !== 'custom') return partitioning.kind;
  return `${partitioning.kind}(${keyText(partitioning.key)})`;
}

function keyText(key: KeySpec): string {
  return key.kind === 'function' ? 'function' : key.fields.join(', ');
}

/** For people. */
export function explanationText(explanation: Explanation): string {
  const { job, steps, tasks, exchanges } = explanation;
  const lines = [
    `job ${job}, fingerprint ${explanation.fingerprint}`,
    `${explanation.threads} threads, parallelism ${explanation.parallelism}`,
    '',
    'Steps',
    ...steps.map(stepText),
    '',
    'Tasks',
    ...tasks.map(
      ({ id, parallelism, operators, workers }) =>
        `  ${id}  ${operators.map(({ steps: names }) => names.join(' + ')).join(' > ')}` +
        `  x${parallelism} on ${[...new Set(workers)].map(workerText).join(', ')}`,
    ),
    '',
    'Exchanges',
    ...exchanges.map(
      ({ fromTask, toTask, partitioning, localChannels, rings }) =>
        `  ${fromTask} → ${toTask}  ${partitioning}, ${localChannels} local channels, ${rings} rings`,
    ),
    ...(exchanges.length === 0 ? ['  none'] : []),
  ];
  const loops = tasks.flatMap((task) =>
    task.operators.flatMap((operator) =>
      operator.loops.map(
        ({ what, source }) =>
          `\n// Task ${task.id}, ${operator.steps.join(' + ')}: ${what}\n${source}`,
      ),
    ),
  );
  return [...lines, ...loops].join('\n');
}

function inputText({ from, partitioning, side }: ExplainedStep['inputs'][number]): string {
  return side === null ? `${from} ${partitioning}` : `${from} ${partitioning} of '${side}'`;
}

function stepText({ id, name, uid, type, inputs, fields }: ExplainedStep): string {
  const from = inputs.map(inputText).join(', ');
  const rows = fields === null ? 'free-form rows' : `{ ${fields.join(', ')} }`;
  return (
    `  ${id}  ${name}${name === type ? '' : ` (${type})`}${uid === name ? '' : `, uid ${uid}`}` +
    `${from === '' ? '' : `  ← ${from}`}${type === 'sink' ? '' : `  ${rows}`}`
  );
}

function workerText(worker: number | 'caller'): string {
  return worker === 'caller' ? 'the calling thread' : `worker ${worker}`;
}

/** For Graphviz: tasks as boxes of steps. */
export function explanationDot({ job, tasks, exchanges }: Explanation): string {
  const boxes = tasks.map(
    ({ id, parallelism, operators }) =>
      `  t${id} [label=${JSON.stringify(
        `${operators.map(({ steps }) => steps.join(' + ')).join('\n')}\nx${parallelism}`,
      )}];`,
  );
  const arrows = exchanges.map(
    ({ fromTask, toTask, partitioning }) =>
      `  t${fromTask} -> t${toTask} [label=${JSON.stringify(partitioning)}];`,
  );
  return [
    `digraph ${JSON.stringify(job)} {`,
    '  rankdir=LR;',
    '  node [shape=box];',
    ...boxes,
    ...arrows,
    '}',
  ].join('\n');
}
