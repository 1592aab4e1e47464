/** From the execution graph to running subtasks: each with its input, its chain of operators and its gates. */

import { must } from '../base/assert.ts';
import type { BatchSlices } from '../channel/batch-slices.ts';
import { placedKeys } from '../graph/exchange-dealer.ts';
import type { ChainedOperator, Subtask as SubtaskPlan, Task } from '../graph/execution-graph.ts';
import type { NodeId } from '../graph/graph.ts';
import { schemaBefore } from '../graph/node-schemas.ts';
import { withBatchTime } from '../operator/batch-time.ts';
import { createOperator } from '../operator/create-operator.ts';
import type { Operator, OperatorContext } from '../operator/operator.ts';
import { sinkStepId } from '../operator/sink.ts';
import type { PlainData } from '../operator/source.ts';
import { AT_END } from '../state/snapshot.ts';
import { bufferTimeoutOf } from './buffer-timeout.ts';
import { Chain, type ChainHead, type ChainLink } from './chain.ts';
import { CheckpointListeners } from './checkpoint-listeners.ts';
import { deploySource } from './deploy-source.ts';
import { type DeploymentOptions, operatorSlots, slotKey } from './deployment.ts';
import { ExchangeEnds } from './exchange-ends.ts';
import { StoredStates } from './restored-state.ts';
import { Subtask } from './subtask.ts';
import { SubtaskSnapshot } from './subtask-snapshot.ts';
import type { TaskInput } from './task.ts';
import { WatchedHead } from './watched-head.ts';

/** Makes the subtasks of one worker. */
export function deploy(options: DeploymentOptions): Subtask[] {
  return new Deployer(options).subtasks();
}

/** Parts of a subtask that its input works with. */
type InputParts = {
  readonly chain: Chain;
  readonly head: ChainHead;
  readonly snapshot: SubtaskSnapshot;
  readonly slices: BatchSlices;
};

const NOTHING: ReadonlySet<string> = new Set();

class Deployer {
  readonly #options: DeploymentOptions;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #exchanges: ExchangeEnds;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.#slots = operatorSlots(options.execution);
    this.#exchanges = new ExchangeEnds(options);
  }

  subtasks(): Subtask[] {
    const { execution, worker } = this.#options;
    return execution.subtasks
      .filter((subtask) => subtask.worker === worker)
      .map((subtask) => this.#subtask(subtask));
  }

  #subtask(plan: SubtaskPlan): Subtask {
    const { graph, execution, clock, settings, counters, events } = this.#options;
    const task = execution.tasks[plan.task]!;
    const base = (): number => counters.baseCheckpoint();
    const last = (): number => counters.lastCheckpoint();
    const snapshot = new SubtaskSnapshot(plan.id, events, base, clock, last);
    const chain = this.#chain(plan, task, snapshot);
    const slices = this.#options.slices(chain.gates);
    const head = new WatchedHead(chain.head, snapshot, counters.subtask(plan.id));
    return new Subtask({
      id: plan.id,
      name: `${task.name} (${plan.index + 1}/${task.parallelism})`,
      input: this.#input(plan, task, { chain, head, snapshot, slices }),
      chain,
      snapshot,
      listeners: CheckpointListeners.among(chain.operators, counters),
      clock,
      bufferTimeoutMs: bufferTimeoutOf(graph, execution, task, settings.bufferTimeoutMs),
      stepBudgetMs: settings.stepBudgetMs,
    });
  }

  /** All operators but a source, which is the input of its subtask. */
  #chain(plan: SubtaskPlan, task: Task, snapshot: SubtaskSnapshot): Chain {
    const source = this.#sourceOf(task);
    const operators = task.operators.filter((operator) => operator !== source);
    const numberOf = new Map(operators.map((operator, n) => [operator.id, n]));
    const followers = (of: ChainedOperator): number[] =>
      operators.filter((next) => next.input === of.id).map((next) => numberOf.get(next.id)!);
    const links = operators.map((operator): ChainLink => {
      const made = this.#operator(operator);
      const { looks, states } = this.#options;
      looks?.addOperator(operator.nodes.at(-1)!, plan.index, made);
      states?.add(plan.id, this.#slot(plan, operator), made);
      const restored = this.#restored(plan, task, operator);
      return {
        operator: made,
        context: this.#context(plan, task, operator, snapshot, restored),
        checkTaken: () => this.#checkTaken(operator, restored),
        next: followers(operator),
        ...this.#placement(plan, task, operator),
        ...this.#exchanges.outputs(plan, task, operator.nodes.at(-1)!, snapshot),
      };
    });
    if (source === null) return new Chain(links, [0], []);
    const { gates, sides } = this.#exchanges.outputs(plan, task, source.nodes[0]!, snapshot);
    return new Chain(links, followers(source), gates, sides);
  }

  /** What is checked of rows that lie by key as the user vouches; one subtask has all keys. */
  #placement(
    { index: subtask }: SubtaskPlan,
    { parallelism }: Task,
    { nodes: [node] }: ChainedOperator,
  ): Pick<ChainLink, 'placement'> {
    const { graph, bindings, settings } = this.#options;
    const keys = parallelism === 1 ? null : placedKeys(graph, bindings, node!);
    if (keys === null) return {};
    const { name } = graph.nodes[node!]!;
    const maxParallelism = settings.keyGroups[node!]!;
    return { placement: { name, keys, subtask, parallelism, maxParallelism } };
  }

  #operator({ nodes }: ChainedOperator): Operator {
    const { graph, settings } = this.#options;
    const plans = nodes.map((node) => this.#plan(node));
    const [first] = nodes as readonly [NodeId];
    const makePool = this.#options.pools?.(first);
    const operator = createOperator(plans, {
      schemas: [schemaBefore(graph, first), schemaBefore(graph, first, 1)],
      runId: `${sinkStepId(settings.jobId, graph.nodes[first]!.uid)}-${settings.attemptId}`,
      isBatch: settings.isBatch,
      ...(makePool === undefined ? {} : { makePool }),
    });
    return settings.isBatch ? withBatchTime(plans.at(-1)!.spec, operator) : operator;
  }

  #sourceOf(task: Task): ChainedOperator | null {
    const head = task.operators[0]!;
    const node = this.#options.graph.nodes[head.nodes[0]!]!;
    return node.operator.type === 'source' ? head : null;
  }

  #plan(id: NodeId) {
    const { graph, bindings } = this.#options;
    const node = graph.nodes[id]!;
    const { functions, sink, trace } = bindings[id]!;
    return { name: node.name, spec: node.operator, functions, sink, trace };
  }

  /** Of several nodes in one operator only the last has state. */
  #restored({ index }: SubtaskPlan, { parallelism }: Task, { nodes }: ChainedOperator) {
    const { restored, settings } = this.#options;
    const node = nodes.at(-1)!;
    const maxParallelism = settings.keyGroups[node]!;
    return new StoredStates(restored(node), { subtask: index, parallelism, maxParallelism });
  }

  #checkTaken({ nodes }: ChainedOperator, { taken }: StoredStates): void {
    const { checkTaken } = this.#options;
    const last = nodes.at(-1)!;
    for (const node of nodes) checkTaken?.(node, node === last ? taken : NOTHING);
  }

  #context(
    plan: SubtaskPlan,
    task: Task,
    operator: ChainedOperator,
    snapshot: SubtaskSnapshot,
    restored: StoredStates,
  ): OperatorContext {
    const { graph, clock, counters, settings, wake, events, bindings } = this.#options;
    const { isCheckpointed, isIncremental, isBatch, keyGroups, jobId, attempt } = settings;
    const node = operator.nodes.at(-1)!;
    const maxParallelism = keyGroups[node]!;
    const slot = this.#slot(plan, operator);
    return {
      name: operator.name,
      trace: bindings[node]!.trace,
      subtask: plan.index,
      parallelism: task.parallelism,
      maxParallelism,
      job: { name: graph.name, id: jobId, attempt },
      isCheckpointed,
      isIncremental,
      isBatch,
      restored,
      snapshot: (checkpoint) => snapshot.writer(node, checkpoint),
      clock,
      watermarkIntervalMs: settings.watermarkIntervalMs,
      metrics: counters.operator(slot),
      wake,
      prepareCommit: (committables, checkpoint) => {
        events.onCommittables(
          plan.id,
          checkpoint ?? AT_END,
          node,
          committables as readonly PlainData[],
        );
      },
      onMetric: (cell) => events.onMetric(slot, cell),
    };
  }

  #slot(plan: SubtaskPlan, operator: ChainedOperator): number {
    return must(this.#slots.get(slotKey(plan.id, operator.id)), 'counter slot');
  }

  #input(plan: SubtaskPlan, task: Task, { chain, head, snapshot, slices }: InputParts): TaskInput {
    const source = this.#sourceOf(task);
    if (source === null) return this.#exchanges.input(plan, { head, snapshot, slices });
    const { manualInput } = this.#options;
    if (manualInput !== undefined) return manualInput(source.nodes[0]!, head);
    const restored = this.#restored(plan, task, source);
    const context = this.#context(plan, task, source, snapshot, restored);
    return deploySource(this.#options, {
      plan,
      task,
      context,
      output: head,
      sides: chain.headSides,
      slices,
    });
  }
}
