/**
 * What becomes of the state of a job when another version of it goes on from there: operators are found again by their uid,
 * states by their name, as a restore finds them. Where a state may change its type the restore itself is asked, with no rows.
 */
import { EngineError } from '../base/errors.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { type Field, schemaOf } from '../data/schema.ts';
import { type KeptState, NO_STATE, type RestoredState } from '../state/snapshot.ts';
import type { BuiltJob } from './job-registry.ts';
import { type JobShape, jobShape, type ShapedOperator } from './job-shape.ts';
import { restoreDeclared, type ShapedState } from './kept-states.ts';

export type StateChange = {
  readonly state: string;
  /**
   * `kept` as it is; `migrated`: fields of its record come and go; `added`: there is none yet; `dropped`: nobody takes it;
   * `refused`: it cannot be read as what it is now.
   */
  readonly change: 'kept' | 'migrated' | 'added' | 'dropped' | 'refused';
  /** Why, or what of it; null where there is nothing to say. */
  readonly detail: string | null;
};

export type OperatorChange = {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  readonly change: 'same' | 'changed' | 'added' | 'removed';
  /** Which parts of its definition are others now: 'code', 'options', 'inputs', ... */
  readonly parts: readonly string[];
  readonly states: readonly StateChange[];
};

/** Why state cannot go on, and what to do. */
export type Obstacle = {
  /** Null where it is about the job as a whole. */
  readonly uid: string | null;
  readonly reason: string;
  readonly wayOut: string;
};

export type JobDifference = {
  readonly job: string;
  /** No state is lost, or only what may be. */
  readonly isCompatible: boolean;
  readonly operators: readonly OperatorChange[];
  readonly obstacles: readonly Obstacle[];
};

export type CompareOptions = {
  /** State that nobody takes any more may go, as with `allowDroppedState` of a run. */
  readonly allowDroppedState?: boolean;
};

/** From a version of a job to the next; nothing runs. */
export function compareJobs(
  was: JobShape,
  next: BuiltJob,
  { allowDroppedState = false }: CompareOptions = {},
): JobDifference {
  const now = jobShape(next);
  const before = new Map(was.operators.map((operator) => [operator.uid, operator]));
  const kept = now.operators.map((operator) =>
    changeOf(before.get(operator.uid) ?? null, operator, next),
  );
  const uids = new Set(now.operators.map(({ uid }) => uid));
  const removed = was.operators.filter(({ uid }) => !uids.has(uid)).map(removedOperator);
  const operators = [...kept, ...removed];
  const obstacles = [
    ...(was.job === now.job ? [] : [otherJob(was.job, now.job)]),
    ...now.operators.flatMap((operator) => otherKeyGroups(before.get(operator.uid), operator)),
    ...operators.flatMap((operator) => obstaclesOf(operator, operators, allowDroppedState)),
  ];
  return { job: now.job, isCompatible: obstacles.length === 0, operators, obstacles };
}

function changeOf(was: ShapedOperator | null, now: ShapedOperator, next: BuiltJob): OperatorChange {
  const { uid, name, type } = now;
  if (was === null) {
    return { uid, name, type, change: 'added', parts: [], states: now.states.map(added) };
  }
  const parts = Object.keys(now.parts).filter((part) => was.parts[part] !== now.parts[part]);
  const states = statesOf(was, now, next);
  return { uid, name, type, change: parts.length === 0 ? 'same' : 'changed', parts, states };
}

function removedOperator({ uid, name, type, states }: ShapedOperator): OperatorChange {
  return { uid, name, type, change: 'removed', parts: [], states: states.map(dropped) };
}

function statesOf(was: ShapedOperator, now: ShapedOperator, next: BuiltJob): StateChange[] {
  const before = new Map(was.states.map((state) => [state.stored, state]));
  const after = new Set(now.states.map(({ stored }) => stored));
  return [
    ...now.states.map((state) => {
      const old = before.get(state.stored);
      return old === undefined ? added(state) : stateChange(old, state, now.uid, next);
    }),
    ...was.states.filter(({ stored }) => !after.has(stored)).map(dropped),
  ];
}

function added({ name }: ShapedState): StateChange {
  return { state: name, change: 'added', detail: null };
}

function dropped({ name }: ShapedState): StateChange {
  return { state: name, change: 'dropped', detail: null };
}

function stateChange(was: ShapedState, now: ShapedState, uid: string, next: BuiltJob): StateChange {
  const state = now.name;
  if (was.meaning !== now.meaning) {
    const detail =
      was.windows === now.windows
        ? 'it is of another key, trigger, pattern, aggregate or row now'
        : `it is of ${was.windows}, and there are ${now.windows} now`;
    return { state, change: 'refused', detail };
  }
  if (JSON.stringify(was.fields) === JSON.stringify(now.fields)) {
    return { state, change: 'kept', detail: null };
  }
  const reason = tryToRead(was, uid, next);
  if (reason !== null) return { state, change: 'refused', detail: reason };
  return { state, change: 'migrated', detail: fieldsThatChange(was.fields, now.fields) };
}

/** Why the job cannot read the state, without what to do about it; null where it can. */
function tryToRead(was: KeptState, uid: string, { graph, bindings }: BuiltJob): string | null {
  const node = graph.nodes.find((one) => one.uid === uid)!;
  try {
    restoreDeclared(graph, node, bindings[node.id]!, withoutRows(was));
    return null;
  } catch (error) {
    if (error instanceof EngineError) return error.message.split('; ', 1)[0]!;
    throw error;
  }
}

/** The state in a snapshot, without a row. */
function withoutRows({ stored, kind, fields }: KeptState): RestoredState {
  const batches = (state: string) =>
    state === stored ? [new BatchBuilder(schemaOf(fields)).seal()] : [];
  return kind === 'keyed' ? { ...NO_STATE, keyed: batches } : { ...NO_STATE, rows: batches };
}

/** `#value.note` is to people the field `note`. */
function fieldsThatChange(was: readonly Field[], now: readonly Field[]): string {
  const names = (fields: readonly Field[]) => new Set(fields.map(({ name }) => name));
  const shown = (name: string) => name.replace(/^#\w+\.?/, '');
  const [before, after] = [names(was), names(now)];
  const texts = [
    ...now.filter(({ name }) => !before.has(name)).map(({ name }) => `+ ${shown(name)}`),
    ...was.filter(({ name }) => !after.has(name)).map(({ name }) => `- ${shown(name)}`),
  ];
  return texts.length === 0 ? 'null is allowed now' : texts.join(', ');
}

function otherJob(was: string, now: string): Obstacle {
  return {
    uid: null,
    reason: `the state is of job '${was}', and this is job '${now}'`,
    wayOut: `name the job '${was}' again, or run it on a checkpoint directory of its own`,
  };
}

/** Where the new version says how many. One that says nothing takes what the state has. */
function otherKeyGroups(was: ShapedOperator | undefined, now: ShapedOperator): Obstacle[] {
  const before = was?.keyGroups ?? was?.maxParallelism ?? null;
  const after = now.maxParallelism;
  if (before === null || after === null || before === after) return [];
  return [
    {
      uid: now.uid,
      reason: `state of '${now.name}' has ${before} key groups, and its maxParallelism is ${after} now`,
      wayOut:
        was?.maxParallelism === before
          ? `give it .maxParallelism(${before}) again: it stays for the life of the state`
          : `leave that out, or give it .maxParallelism(${before}): it stays for the life of the state`,
    },
  ];
}

/** What keeps a restore from taking the state of an operator. */
function obstaclesOf(
  operator: OperatorChange,
  all: readonly OperatorChange[],
  allowDroppedState: boolean,
): Obstacle[] {
  const { uid, name, states } = operator;
  const refused = states.filter(({ change }) => change === 'refused');
  const lost = allowDroppedState ? [] : states.filter(({ change }) => change === 'dropped');
  return [
    ...refused.map(({ state, detail }) => ({
      uid,
      reason: `'${name}' cannot read its state '${state}': ${detail}`,
      wayOut:
        'go back to what it was, or give the step another uid and allow the old state to be dropped (--allow-dropped-state)',
    })),
    ...(lost.length === 0
      ? []
      : [
          {
            uid,
            reason: `state of '${name}' (uid ${uid}) would be lost: ${lost.map(({ state }) => state).join(', ')}`,
            wayOut: wayOutOfLoss(operator, all),
          },
        ]),
  ];
}

/** A step that was only renamed or moved shows as one that is gone and one that is new. */
function wayOutOfLoss({ uid, type, change }: OperatorChange, all: readonly OperatorChange[]) {
  const allow = 'allow the state to be dropped (--allow-dropped-state)';
  if (change !== 'removed') return `give the step its state again, or ${allow}`;
  const heir = all.find((other) => other.change === 'added' && other.type === type);
  return heir === undefined
    ? `give the step back, with its uid, or ${allow}`
    : `if '${heir.name}' is the same step, say so by .uid('${uid}'); or ${allow}`;
}
