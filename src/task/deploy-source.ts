/** The input of a subtask that reads a source: its splits, the time of its records, and who else reads. */
import { must } from '../base/assert.ts';
import type { BatchSlices } from '../channel/batch-slices.ts';
import type { Subtask as SubtaskPlan, Task } from '../graph/execution-graph.ts';
import type { LogicalNode, NodeId } from '../graph/graph.ts';
import type { SubtaskNumbers } from '../metrics/shared-numbers.ts';
import type { OperatorContext, Output, SideOutputs } from '../operator/operator.ts';
import type { EventTimeSpec } from '../operator/operator-spec.ts';
import { Alignment } from './alignment.ts';
import type { DeploymentOptions } from './deployment.ts';
import { SourceInput } from './source-input.ts';
import { SplitQueue, type SplitStage } from './split-queue.ts';

export type SourcePlace = {
  readonly plan: SubtaskPlan;
  readonly task: Task;
  readonly context: OperatorContext;
  readonly output: Output;
  readonly sides: SideOutputs;
  readonly slices: BatchSlices;
};

export function deploySource(options: DeploymentOptions, place: SourcePlace): SourceInput {
  const { graph, bindings, counters, clock, events } = options;
  const { plan, task, context, output, sides, slices } = place;
  const id = task.operators[0]!.nodes[0]!;
  const spec = graph.nodes[id]!.operator;
  if (spec.type !== 'source') throw new Error('assertion failed: not a source');
  const source = must(bindings[id]!.source, 'source of a source node');
  const isOpen = source.discovery !== undefined;
  const input = new SourceInput({
    source,
    splits: new SplitQueue(stagesOf(options, id), context, isOpen),
    eventTime: spec.eventTime,
    functions: bindings[id]!.functions,
    rate: spec.rate === null ? null : spec.rate / task.parallelism,
    context,
    progress: counters.subtask(plan.id),
    siblings: progressOf(options, (node) => node.id === id),
    alignment: context.isBatch ? null : alignmentOf(options, spec.eventTime),
    slices,
    clock,
    commands: counters,
    output,
    sides,
    onSkipped: (record) => events.onSkipped(record),
    onSplitRead: isOpen ? (split) => events.onSplitRead(id, split) : null,
  });
  if (isOpen) options.looks?.addSource(id, input);
  return input;
}

function stagesOf({ splits, counters }: DeploymentOptions, source: NodeId): SplitStage[] {
  return splits.flatMap(({ node, ...stage }, number) => {
    if (node !== source) return [];
    const claim = (): number => counters.claimSplit(number);
    const onRead = (): void => counters.splitRead(number);
    const claimedCount = (): number => counters.splitsClaimed(number);
    const readCount = (): number => counters.splitsRead(number);
    return [{ ...stage, claim, claimedCount, onRead, readCount }];
  });
}

function alignmentOf(
  options: DeploymentOptions,
  eventTime: EventTimeSpec | null,
): Alignment | null {
  const spec = eventTime?.watermark.alignment ?? null;
  if (spec === null) return null;
  const group = progressOf(
    options,
    ({ operator }) =>
      operator.type === 'source' && operator.eventTime?.watermark.alignment?.group === spec.group,
  );
  return new Alignment(spec, group);
}

/** Of the subtasks of some sources. */
function progressOf(
  { execution, graph, counters }: DeploymentOptions,
  isMeant: (source: LogicalNode) => boolean,
): SubtaskNumbers[] {
  return execution.subtasks
    .filter(({ task }) => isMeant(graph.nodes[execution.tasks[task]!.operators[0]!.nodes[0]!]!))
    .map(({ id }) => counters.subtask(id));
}
