/**
 * A job as plain data for people and programs: the steps the user wrote, the tasks they became, what lies between the
 * tasks, and the loops that are generated for them. Nothing runs; operators are made as for a run, and asked.
 * explain-text.ts and explain-dot.ts show it.
 */
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { KeySpec } from '../data/key.ts';
import { defaultMaxParallelism } from '../data/key-group.ts';
import { createOperator } from '../operator/create-operator.ts';
import { eventTimeFunctions, TimestampReader } from '../operator/event-time.ts';
import { exchangeDealer } from './exchange-dealer.ts';
import {
  CALLER,
  type ChainedOperator,
  type Exchange,
  type ExecutionGraph,
  type ExecutionSettings,
  executionGraph,
} from './execution-graph.ts';
import {
  type Bindings,
  fingerprint,
  type LogicalGraph,
  type LogicalNode,
  type NodeId,
  type Partitioning,
} from './graph.ts';
import { schemaBefore, schemaBehind } from './node-schemas.ts';
import { newKeyGroups } from './parallelism.ts';

/** A step of the logical graph. */
export type ExplainedStep = {
  readonly id: number;
  readonly uid: string;
  readonly name: string;
  /** What the user has said of it; null for nothing. */
  readonly description: string | null;
  readonly type: string;
  /** What it says of its key groups; null for those of the job. */
  readonly maxParallelism: number | null;
  readonly inputs: readonly {
    readonly from: number;
    readonly partitioning: string;
    /** Name of the side output; null for the main one. */
    readonly side: string | null;
    /** Which input of the step, 0 or 1: only those that join two streams have a second one. */
    readonly operatorInput: number;
  }[];
  /** `name: kind` of each field, with a question mark where it may be null; null for free-form rows. */
  readonly fields: readonly string[] | null;
};

/** An operator of a chain: one step, or several that became one. */
export type ExplainedOperator = {
  /** Unique in the job. */
  readonly id: number;
  /** Names of its steps. */
  readonly steps: readonly string[];
  /** The operator of the same task that feeds it; null for the head of the chain. */
  readonly input: number | null;
  readonly loops: readonly GeneratedLoop[];
};

/** A chain of operators, and where its subtasks run. */
export type ExplainedTask = {
  readonly id: number;
  readonly parallelism: number;
  readonly operators: readonly ExplainedOperator[];
  /** Worker of each subtask; 'caller' is the calling thread. */
  readonly workers: readonly (number | 'caller')[];
};

/** An edge that leaves its chain. */
export type ExplainedExchange = {
  readonly fromTask: number;
  readonly toTask: number;
  readonly fromOperator: number;
  readonly toOperator: number;
  readonly partitioning: string;
  /** Which input of the operator it leads to, 0 or 1. */
  readonly operatorInput: number;
  /** Channels within a worker, and rings between workers. */
  readonly localChannels: number;
  readonly rings: number;
  /** By the number of the subtask in its task. */
  readonly channels: readonly {
    readonly fromSubtask: number;
    readonly toSubtask: number;
    readonly isLocal: boolean;
  }[];
  /** Those that deal the rows, on the side of the sender. */
  readonly loops: readonly GeneratedLoop[];
};

/** What `millrace explain --json` prints. */
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
  settings: ExecutionSettings,
): Explanation {
  const execution = executionGraph(graph, settings);
  const maxParallelism = defaultMaxParallelism(settings.parallelism);
  const keyGroups = ({ toNode, toTask }: Exchange): number => {
    const { parallelism } = execution.tasks[toTask]!;
    return newKeyGroups(graph.nodes[toNode]!, parallelism, { maxParallelism, isAsked: false });
  };
  return {
    job: graph.name,
    fingerprint: fingerprint(graph),
    threads: settings.threads,
    parallelism: settings.parallelism,
    steps: graph.nodes.map(explainedStep),
    tasks: execution.tasks.map((task) => ({
      id: task.id,
      parallelism: task.parallelism,
      operators: task.operators.map((operator) => ({
        id: operator.id,
        steps: operator.nodes.map((node) => graph.nodes[node]!.name),
        input: operator.input,
        loops: loopsOf(graph, bindings, operator),
      })),
      workers: execution.subtasks
        .filter((subtask) => subtask.task === task.id)
        .map(({ worker }) => (worker === CALLER ? 'caller' : worker)),
    })),
    exchanges: execution.exchanges.map((exchange) => ({
      ...explainedExchange(execution, exchange),
      loops: dealingLoops(graph, bindings, execution, exchange, keyGroups(exchange)),
    })),
  };
}

function explainedStep(node: LogicalNode): ExplainedStep {
  const { id, uid, name, description = null, maxParallelism = null } = node;
  const { operator, inputs, schema } = node;
  return {
    id,
    uid,
    name,
    description,
    type: operator.type,
    maxParallelism,
    inputs: inputs.map(({ from, partitioning, side, operatorInput, keyedBy }) => ({
      from,
      partitioning: partitioningText(partitioning, keyedBy),
      side: side ?? null,
      operatorInput: operatorInput ?? 0,
    })),
    fields:
      schema?.map((field) => `${field.name}: ${field.kind}${field.nullable ? '?' : ''}`) ?? null,
  };
}

function loopsOf(
  graph: LogicalGraph,
  bindings: Bindings,
  { nodes }: ChainedOperator,
): readonly GeneratedLoop[] {
  const head = nodes[0]!;
  if (graph.nodes[head]!.operator.type === 'source') return sourceLoops(graph, bindings, head);
  const plans = nodes.map((node) => ({
    name: graph.nodes[node]!.name,
    spec: graph.nodes[node]!.operator,
    functions: bindings[node]!.functions,
    sink: bindings[node]!.sink,
  }));
  // The rows of an output go to the program as they are.
  if (plans[0]!.spec.type === 'collect') return [];
  const operator = createOperator(plans, {
    schemas: [schemaBefore(graph, head), schemaBefore(graph, head, 1)],
    runId: 'explain',
    isBatch: false,
  });
  return operator.generatedLoops?.() ?? [];
}

/** Those of the format, and of the event time that is read right behind it. */
function sourceLoops(graph: LogicalGraph, bindings: Bindings, node: NodeId) {
  const { operator } = graph.nodes[node]!;
  const { source, functions } = bindings[node]!;
  const read = source?.readLoops?.() ?? [];
  if (operator.type !== 'source' || operator.eventTime === null) return read;
  const { timestamp } = eventTimeFunctions(operator.eventTime, functions);
  const schema = schemaBehind(graph, node);
  const times = new TimestampReader(operator.eventTime.timestamp, schema, timestamp);
  return [...read, ...times.generatedLoops()];
}

function dealingLoops(
  graph: LogicalGraph,
  bindings: Bindings,
  execution: ExecutionGraph,
  exchange: Exchange,
  maxParallelism: number,
): readonly GeneratedLoop[] {
  const channels = execution.tasks[exchange.toTask]!.parallelism;
  const options = { graph, bindings, channels, maxParallelism, sender: 0 };
  return exchangeDealer(exchange, options)?.generatedLoops() ?? [];
}

function explainedExchange(execution: ExecutionGraph, exchange: Exchange) {
  const channels = execution.channels.filter((channel) => channel.exchange === exchange.id);
  const local = channels.filter((channel) => channel.isLocal).length;
  const { subtasks } = execution;
  return {
    fromTask: exchange.fromTask,
    toTask: exchange.toTask,
    fromOperator: operatorOf(execution, exchange.fromTask, exchange.fromNode),
    toOperator: operatorOf(execution, exchange.toTask, exchange.toNode),
    partitioning: partitioningText(exchange.partitioning),
    operatorInput: exchange.operatorInput,
    localChannels: local,
    rings: channels.length - local,
    channels: channels.map(({ from, to, isLocal }) => ({
      fromSubtask: subtasks[from]!.index,
      toSubtask: subtasks[to]!.index,
      isLocal,
    })),
  };
}

function operatorOf(execution: ExecutionGraph, task: number, node: NodeId): number {
  return execution.tasks[task]!.operators.find(({ nodes }) => nodes.includes(node))!.id;
}

/** `keyedBy`: by which the rows lie already. */
function partitioningText(partitioning: Partitioning, keyedBy?: KeySpec): string {
  const kind =
    'key' in partitioning
      ? `${partitioning.kind}(${keyText(partitioning.key)})`
      : partitioning.kind;
  return keyedBy === undefined ? kind : `${kind}, in place by ${keyText(keyedBy)}`;
}

function keyText(key: KeySpec): string {
  if (key.kind === 'all') return 'all';
  return key.kind === 'function' ? 'function' : key.fields.join(', ');
}
