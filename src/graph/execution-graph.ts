/**
 * The execution graph: chains by parallelism. Every thread computes it from the same logical graph and the same
 * settings and gets the same numbers, so only shared memory has to be handed out.
 *
 *   task      a chain of nodes, joined by forward edges; a tree, since one node may feed several
 *   operator  one node of a chain, or a run of stateless nodes that become one generated loop
 *   subtask   one parallel instance of a task, placed on one worker
 *   channel   from one subtask to one subtask; within a worker a queue, between workers a ring
 */
import { groupBy } from '../base/group-by.ts';
import { isStateless, type OperatorSpec } from '../operator/operator-spec.ts';
import type { LogicalEdge, LogicalGraph, LogicalNode, NodeId, Partitioning } from './graph.ts';
import { checkParallelism, isCallers, parallelismOf } from './parallelism.ts';

/** The calling thread, for subtasks that belong to the program; workers count from 0. */
export const CALLER = -1;

export type Task = {
  readonly id: number;
  readonly name: string;
  /** The same, with the descriptions of those nodes that have one in place of their names. */
  readonly description: string;
  /** In topological order; the first is the head. */
  readonly operators: readonly ChainedOperator[];
  readonly parallelism: number;
};

export type ChainedOperator = {
  /** Unique in the job. */
  readonly id: number;
  readonly name: string;
  readonly nodes: readonly NodeId[];
  /** Operator of the same task that feeds this one; null for the head. */
  readonly input: number | null;
};

export type Subtask = {
  readonly id: number;
  readonly task: number;
  readonly index: number;
  readonly worker: number;
};

/** An exchange: an edge of the logical graph that leaves its chain. */
export type Exchange = {
  readonly id: number;
  readonly fromNode: NodeId;
  readonly toNode: NodeId;
  /** Which of the inputs of `toNode`. */
  readonly input: number;
  /** Which input of the operator of `toNode`; several of its edges may lead to one. */
  readonly operatorInput: number;
  /** Which side output of `fromNode`; null for its main output. */
  readonly side: string | null;
  readonly fromTask: number;
  readonly toTask: number;
  /** A forward edge between tasks of different parallelism has become 'rebalance', or 'hash' where rows lie by key. */
  readonly partitioning: Partitioning;
};

export type Channel = {
  readonly id: number;
  readonly exchange: number;
  readonly from: number;
  readonly to: number;
  readonly isLocal: boolean;
};

export type ExecutionGraph = {
  readonly tasks: readonly Task[];
  readonly subtasks: readonly Subtask[];
  readonly exchanges: readonly Exchange[];
  readonly channels: readonly Channel[];
};

export type ExecutionSettings = {
  /** Worker threads; 0 runs every subtask on the calling thread. */
  readonly threads: number;
  readonly parallelism: number;
  /** Whether steps share subtasks where they can. */
  readonly chaining?: boolean;
  /** Edges that are exchanges though they need not be: something is in flight in them. None when left out. */
  readonly exchanges?: readonly GraphEdge[];
};

export type GraphEdge = { readonly from: NodeId; readonly to: NodeId };

/** JOB_DEFINITION where a step would have more subtasks than it may have. */
export function executionGraph(graph: LogicalGraph, settings: ExecutionSettings): ExecutionGraph {
  checkParallelism(graph, settings);
  const tasks = chainNodes(graph, settings);
  const taskOf = new Map(
    tasks.flatMap((task) =>
      task.operators.flatMap(({ nodes }) => nodes.map((node) => [node, task] as const)),
    ),
  );
  const subtasks = placeSubtasks(graph, tasks, settings.threads);
  const subtasksOf = groupBy(subtasks, (subtask) => subtask.task);
  const exchanges: Exchange[] = [];
  const channels: Channel[] = [];
  for (const node of graph.nodes) {
    node.inputs.forEach((edge, input) => {
      const from = taskOf.get(edge.from)!;
      const to = taskOf.get(node.id)!;
      if (from === to) return;
      const exchange: Exchange = {
        id: exchanges.length,
        fromNode: edge.from,
        toNode: node.id,
        input,
        operatorInput: edge.operatorInput ?? 0,
        side: edge.side ?? null,
        fromTask: from.id,
        toTask: to.id,
        partitioning: partitioningOf(edge, node, [from, to], settings),
      };
      exchanges.push(exchange);
      connect(exchange, subtasksOf, channels);
    });
  }
  return { tasks, subtasks, exchanges, channels };
}

/** Where rows cannot go on in their subtask they are dealt anew: by key, where they are to lie by it. */
function partitioningOf(
  { from, partitioning, keyedBy }: LogicalEdge,
  node: LogicalNode,
  [before, behind]: readonly [Task, Task],
  settings: ExecutionSettings,
): Partitioning {
  if (partitioning.kind !== 'forward') return partitioning;
  if (keyedBy !== undefined) {
    const stay = before.parallelism === behind.parallelism && !isInFlight(settings, from, node.id);
    return stay ? partitioning : { kind: 'hash', key: keyedBy };
  }
  return before.parallelism === behind.parallelism ? partitioning : { kind: 'rebalance' };
}

function isInFlight({ exchanges = [] }: ExecutionSettings, from: NodeId, to: NodeId): boolean {
  return exchanges.some((edge) => edge.from === from && edge.to === to);
}

/** Joins nodes to chains along edges that need no exchange. */
function chainNodes(graph: LogicalGraph, settings: ExecutionSettings): Task[] {
  const members: NodeId[][] = [];
  const chainOf = new Map<NodeId, NodeId[]>();
  for (const node of graph.nodes) {
    const before = canJoin(graph, node, settings) ? chainOf.get(node.inputs[0]!.from)! : [];
    const chain = isPinnedElsewhere(graph, node, before) ? [] : before;
    if (chain.length === 0) members.push(chain);
    chain.push(node.id);
    chainOf.set(node.id, chain);
  }
  let operatorId = 0;
  return members.map((nodes, id) => {
    const runs = fuseRuns(graph, nodes);
    const operatorOf = new Map<NodeId, number>();
    const operators = runs.map((run): ChainedOperator => {
      const input = graph.nodes[run[0]!]!.inputs[0]?.from;
      const operator = {
        id: operatorId++,
        name: shownOf(run.map((node) => graph.nodes[node]!))
          .map((node) => node.name)
          .join(' > '),
        nodes: run,
        input: input === undefined ? null : (operatorOf.get(input) ?? null),
      };
      for (const node of run) operatorOf.set(node, operator.id);
      return operator;
    });
    return {
      id,
      name: operators.map((operator) => operator.name).join(' > '),
      description: runs
        .flatMap((run) => shownOf(run.map((node) => graph.nodes[node]!)))
        .map((node) => node.description ?? node.name)
        .join(' > '),
      operators,
      parallelism: parallelismOf(graph, graph.nodes[nodes[0]!]!, settings),
    };
  });
}

/**
 * Cuts a chain into operators. Stateless nodes that follow each other, with no other reader between, are one; so are the
 * two halves of an aggregation that have no exchange between them.
 */
function fuseRuns(graph: LogicalGraph, nodes: readonly NodeId[]): NodeId[][] {
  const runs: NodeId[][] = [];
  const runOf = new Map<NodeId, NodeId[]>();
  for (const id of nodes) {
    const node = graph.nodes[id]!;
    const before = node.inputs[0]?.from;
    const run = before === undefined ? undefined : runOf.get(before);
    const joins =
      run !== undefined &&
      canFuse(graph.nodes[before!]!.operator, node.operator) &&
      consumers(graph, before!) === 1;
    const target = joins ? run : [];
    if (!joins) runs.push(target);
    target.push(id);
    runOf.set(id, target);
  }
  return runs;
}

/** Of the two halves of an aggregation only one. */
function shownOf(run: readonly LogicalNode[]): readonly LogicalNode[] {
  return run[0]!.operator.type === 'preAggregate' ? run.slice(-1) : run;
}

function canFuse(before: OperatorSpec, next: OperatorSpec): boolean {
  if (before.type === 'preAggregate') return true;
  return isStateless(next) && isStateless(before) && before.type !== 'flatMap';
}

function consumers(graph: LogicalGraph, id: NodeId): number {
  let count = 0;
  for (const node of graph.nodes) for (const edge of node.inputs) if (edge.from === id) count++;
  return count;
}

function canJoin(graph: LogicalGraph, node: LogicalNode, settings: ExecutionSettings): boolean {
  if (settings.chaining === false) return false;
  if (node.inputs.length !== 1 || node.chaining !== 'always') return false;
  const edge = node.inputs[0]!;
  if (edge.side !== undefined) return false;
  const before = graph.nodes[edge.from]!;
  if (isCallers(node) || isCallers(before)) return false;
  if (before.chaining === 'never') return false;
  if (isInFlight(settings, edge.from, node.id)) return false;
  const parallelism = parallelismOf(graph, node, settings);
  if (parallelismOf(graph, before, settings) !== parallelism) return false;
  // One subtask on one thread needs no exchange of any other kind either.
  return edge.partitioning.kind === 'forward' || (parallelism === 1 && settings.threads <= 1);
}

/** A chain runs where its head does. */
function isPinnedElsewhere(
  graph: LogicalGraph,
  node: LogicalNode,
  chain: readonly NodeId[],
): boolean {
  if (node.thread === undefined || chain.length === 0) return false;
  return graph.nodes[chain[0]!]!.thread !== node.thread;
}

function placeSubtasks(graph: LogicalGraph, tasks: readonly Task[], threads: number): Subtask[] {
  const subtasks: Subtask[] = [];
  for (const task of tasks) {
    const head = graph.nodes[task.operators[0]!.nodes[0]!]!;
    const isInCaller = threads === 0 || isCallers(head);
    for (let index = 0; index < task.parallelism; index++) {
      const worker = isInCaller ? CALLER : (head.thread ?? index) % threads;
      subtasks.push({ id: subtasks.length, task: task.id, index, worker });
    }
  }
  return subtasks;
}

function connect(
  exchange: Exchange,
  subtasksOf: ReadonlyMap<number, readonly Subtask[]>,
  channels: Channel[],
): void {
  const receivers = subtasksOf.get(exchange.toTask)!;
  const senders = subtasksOf.get(exchange.fromTask)!;
  const few = Math.min(senders.length, receivers.length);
  for (const from of senders) {
    for (const to of receiversOf(exchange, from.index, receivers, few)) {
      channels.push({
        id: channels.length,
        exchange: exchange.id,
        from: from.id,
        to: to.id,
        isLocal: from.worker === to.worker,
      });
    }
  }
}

/** `few`: the smaller number of subtasks of the two. Equal indexes also are on one thread. */
function receiversOf(
  { partitioning }: Exchange,
  sender: number,
  receivers: readonly Subtask[],
  few: number,
): readonly Subtask[] {
  if (partitioning.kind === 'forward') return [receivers[sender]!];
  if (partitioning.kind !== 'rescale') return receivers;
  return receivers.filter(({ index }) => index % few === sender % few);
}
