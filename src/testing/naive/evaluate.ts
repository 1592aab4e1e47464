/**
 * The naive evaluation of a job: slow, obvious, and without anything that runs in parallel, fails or is restored. Each source is
 * read to its end, each step is given all its records at once, in an order in which they may come, and nothing is late.
 *
 * It knows the steps whose results do not depend on how records of different subtasks mix; of a job with another one it says
 * which.
 */
import { must } from '../../base/assert.ts';
import { VirtualClock } from '../../base/clock.ts';
import { nextTurn } from '../../base/event-loop.ts';
import { schemaOf } from '../../data/schema.ts';
import type { LogicalEdge, LogicalGraph, LogicalNode, NodeBindings } from '../../graph/graph.ts';
import type { BuiltJob } from '../../graph/job-registry.ts';
import { parallelismOf } from '../../graph/parallelism.ts';
import type { OperatorSpec } from '../../operator/operator-spec.ts';
import type { DeadLetter, Source } from '../../operator/source.ts';
import { generalJoin, intervalJoin, windowJoin } from './joins.ts';
import { asRowsOf, type NaiveStep, NotEvaluable, type TimedRow } from './records.ts';
import { keyOfRolling } from './rolling-ends.ts';
import { NaiveSides } from './side-rows.ts';
import { partition, rolling, stateless, withEventTime } from './steps.ts';
import { countWindow, generalWindow, windowAggregate } from './windows.ts';

/** The rows that reach a sink or an output. */
export type EvaluatedEnd = {
  readonly rows: readonly unknown[];
  /**
   * The text of the key, where each row is what its key has so far and records of a key come in any order: then only the last
   * row of a key is sure, and how many it has.
   */
  readonly keyOf: ((row: unknown) => string) | null;
};

/** Sinks and outputs by node; or why what reaches them is not known. */
export type Evaluation =
  | { readonly ends: ReadonlyMap<number, EvaluatedEnd>; readonly because: null }
  | { readonly ends: null; readonly because: string };

/** What comes out of a node, and out of its side outputs. */
type Outputs = { readonly main: readonly TimedRow[]; readonly sides: Sides };
type Sides = Readonly<Record<string, readonly TimedRow[]>>;

/** Evaluates a job whose sources come to their end. */
export async function evaluate({ graph, bindings }: BuiltJob): Promise<Evaluation> {
  const outputs: Outputs[] = [];
  const ends = new Map<number, EvaluatedEnd>();
  for (const node of graph.nodes) {
    try {
      const made = await outputsOf(graph, node, bindings[node.id]!, outputs);
      outputs.push(made);
      const { type } = node.operator;
      if (type !== 'sink' && type !== 'collect') continue;
      const rows = made.main.map(({ row }) => row);
      ends.set(node.id, { rows, keyOf: keyOfRolling(graph, node, bindings) });
    } catch (error) {
      if (!(error instanceof NotEvaluable)) throw error;
      return { ends: null, because: `step '${node.name}' ${error.message}` };
    }
  }
  return { ends, because: null };
}

async function outputsOf(
  graph: LogicalGraph,
  node: LogicalNode,
  { functions, source }: NodeBindings,
  outputs: readonly Outputs[],
): Promise<Outputs> {
  const { operator, name, schema } = node;
  if (operator.type === 'source')
    return await sourceOutputs(operator, must(source, 'the source of a node'), functions);
  if (isOfEachSubtask(graph, node)) {
    throw new NotEvaluable('gives a row for each subtask that has any');
  }
  const inputs = [0, 1].map((n) =>
    node.inputs
      .filter(({ operatorInput = 0 }) => operatorInput === n)
      .flatMap((edge) => recordsOf(edge, outputs)),
  );
  const fields = graph.nodes[node.inputs[0]!.from]!.schema;
  const ofNode = schema === null ? null : schemaOf(schema);
  const sides = new NaiveSides();
  const { contextAt } = sides;
  const step = { name, functions, inputs, fields, schema: ofNode, contextAt };
  const main = evaluateStep(operator, step);
  return { main, sides: sides.rows };
}

/** Rows of an edge; nothing is late: side outputs have what functions send there, and sources. */
function recordsOf(
  { from, side, partitioning }: LogicalEdge,
  outputs: readonly Outputs[],
): readonly TimedRow[] {
  if (partitioning.kind === 'broadcast') throw new NotEvaluable('takes rows that are broadcast');
  return side === undefined ? outputs[from]!.main : (outputs[from]!.sides[side] ?? []);
}

/** Partitions of subtasks that are folded to a row: there are as many as there are subtasks. */
function isOfEachSubtask(graph: LogicalGraph, node: LogicalNode): boolean {
  const { operator } = node;
  if (operator.type !== 'partition') return false;
  const isFolded = operator.work.kind === 'reduce' || operator.work.kind === 'aggregate';
  return isFolded && parallelismOf(graph, node, { parallelism: 2 }) > 1;
}

function evaluateStep(spec: OperatorSpec, step: NaiveStep): readonly TimedRow[] {
  const records = step.inputs[0]!;
  const typed = (made: readonly TimedRow[]): TimedRow[] => asRowsOf(step.schema, made);
  switch (spec.type) {
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'project':
      return stateless(spec, step);
    case 'eventTime':
      return withEventTime(spec.eventTime, step.functions, records);
    case 'as':
      return typed(records);
    // Which adds up what comes behind it is no matter of the result.
    case 'preAggregate':
    case 'side':
    case 'sink':
    case 'collect':
      return records;
    case 'windowAggregate': {
      const fields = spec.partialsOf === null ? step.fields : spec.partialsOf.fields;
      return windowAggregate(spec.key, spec.window, spec.aggregates, { ...step, fields });
    }
    case 'countWindow':
      return countWindow(spec.key, spec.window, spec.aggregates, step);
    case 'window':
      return typed(generalWindow(spec.key, spec.window, step));
    case 'rolling':
      return rolling(spec.key, spec.rolling, step);
    case 'partition':
      return partition(spec.work, step);
    case 'intervalJoin':
      return typed(intervalJoin(spec, step));
    case 'windowJoin':
      return windowJoin(spec, step);
    case 'generalJoin':
      return generalJoin(spec, step);
    case 'process':
      throw new NotEvaluable('is a process function');
    case 'match':
      throw new NotEvaluable('matches patterns');
    case 'async':
    case 'parallel':
      throw new NotEvaluable('has a function that answers later');
    case 'source':
      throw new NotEvaluable('is no source that it knows');
  }
}

type SourceSpec = Extract<OperatorSpec, { readonly type: 'source' }>;

async function sourceOutputs(
  { eventTime }: SourceSpec,
  source: Source,
  functions: readonly object[],
): Promise<Outputs> {
  const letters: DeadLetter[] = [];
  const rows = await rowsOfSource(source, letters);
  const records = rows.map((row) => ({ row, time: null }));
  const main = eventTime === null ? records : withEventTime(eventTime, functions, records);
  return { main, sides: { 'dead letters': letters.map((row) => ({ row, time: null })) } };
}

/** The rows of all splits, one split after the other. */
async function rowsOfSource(source: Source, letters: DeadLetter[]): Promise<unknown[]> {
  if (source.discovery !== undefined) throw new NotEvaluable('finds splits while it is read');
  const rows: unknown[] = [];
  for (const split of await source.discoverSplits(1)) {
    const clock = new VirtualClock(0);
    const malformed = (letter: DeadLetter): void => void letters.push(letter);
    const reader = source.createReader(split, null, { clock, wake() {}, malformed });
    for (let result = reader.poll(); result !== 'end'; result = reader.poll()) {
      if (result !== 'idle') rows.push(...result.rowObjects().slice(0, result.rowCount));
      else if (reader.wakeAtMs === Infinity) await nextTurn();
      else clock.advanceTo(Math.max(clock.now(), reader.wakeAtMs));
    }
    reader.close();
  }
  return rows;
}
