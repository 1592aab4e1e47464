/** Collects nodes while the user's function runs, and freezes them into a graph with its bindings. */
import { EngineError } from '../base/errors.ts';
import type { Field, Schema } from '../data/schema.ts';
import {
  type Bindings,
  type LogicalEdge,
  type LogicalGraph,
  type LogicalNode,
  type NodeBindings,
  type NodeId,
  placedBy,
} from '../graph/graph.ts';
import {
  DEAD_LETTERS,
  type EventTimeSpec,
  hasSide,
  namesSides,
  type OperatorSpec,
  sidesOf,
} from '../operator/operator-spec.ts';
import type { Sink } from '../operator/sink.ts';
import type { Source } from '../operator/source.ts';

/** An edge with the functions of its partitioner. */
export type InputEdge = LogicalEdge & { readonly functions?: readonly object[] };

export type NewNode = {
  readonly name: string;
  readonly operator: OperatorSpec;
  readonly inputs: readonly InputEdge[];
  readonly schema: Schema | null;
  readonly functions?: readonly object[];
  readonly source?: Source;
  readonly sink?: Sink;
  /** As many subtasks as its input has: it must not mix up the order of records, or is about those of each subtask. */
  readonly staysWithInput?: boolean;
};

/** What a user may still say about a node after it was made. */
export type NodeSettings = {
  name?: string;
  description?: string;
  uid?: string;
  parallelism?: number;
  maxParallelism?: number;
  bufferTimeoutMs?: number;
  chaining?: LogicalNode['chaining'];
  thread?: number;
};

type Draft = {
  node: NewNode;
  trace: Error;
  settings: NodeSettings;
  /** The node whose first half this one is. */
  halfOf: NodeId | null;
};

export class GraphBuilder {
  readonly #name: string;
  readonly #drafts: Draft[] = [];
  readonly #traces: readonly Error[];

  /** `traces`: where the nodes were made, by number, when the same graph is made once more: to find out again takes long. */
  constructor(name: string, traces: readonly Error[] = []) {
    this.#name = name;
    this.#traces = traces;
  }

  /** Streams meet in one graph: in that of another job the same numbers are other nodes. EngineError JOB_DEFINITION. */
  checkOwn(what: string, other: GraphBuilder): void {
    if (other === this) return;
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: the stream belongs to another job, or to another run of this one: make it from the flow that the job's ` +
        'function is given',
    );
  }

  add(node: NewNode): NodeId {
    checkKeys(node);
    const id = this.#drafts.length;
    const trace = this.#traces[id] ?? new Error();
    this.#drafts.push({ node, trace, settings: {}, halfOf: null });
    return id;
  }

  /** The stream of a side output; JOB_DEFINITION when the node has none of this name. */
  addSide(of: NodeId, side: string): NodeId {
    const { node, settings } = this.#drafts[of]!;
    if (!hasSide(node.operator, side)) {
      const sides = sidesOf(node.operator);
      throw new EngineError(
        'JOB_DEFINITION',
        `'${settings.name ?? node.name}' has no side output '${side}'; it has ${sides.join(', ') || 'none'}`,
      );
    }
    return this.add({
      name: side,
      operator: { type: 'side' },
      inputs: [{ from: of, partitioning: { kind: 'forward' }, side }],
      schema: null,
    });
  }

  /** JOB_DEFINITION for a parallelism, or a bound of it, of a step that has that of its input. */
  configure(id: NodeId, settings: NodeSettings): void {
    const draft = this.#drafts[id]!;
    const what = (['parallelism', 'maxParallelism'] as const).find(
      (one) => settings[one] !== undefined,
    );
    if (what !== undefined && draft.node.staysWithInput === true) {
      throw new EngineError(
        'JOB_DEFINITION',
        `'${draft.node.name}' has as many subtasks as the step before: set the ${what} there, or send the rows ` +
          'elsewhere before it, by .rebalance() for example',
      );
    }
    Object.assign(draft.settings, settings);
  }

  /** Gives the first half of an operator the name that the user gives the operator. */
  nameAfter(half: NodeId, whole: NodeId): void {
    this.#drafts[half]!.halfOf = whole;
  }

  /** Has a source give its rows their event time; false when the node is none, or has been read already. */
  setEventTime(id: NodeId, eventTime: EventTimeSpec, functions: readonly object[]): boolean {
    const draft = this.#drafts[id]!;
    const { operator } = draft.node;
    if (
      operator.type !== 'source' ||
      operator.eventTime !== null ||
      this.hasConsumer({ from: id })
    ) {
      return false;
    }
    draft.node = { ...draft.node, operator: { ...operator, eventTime }, functions };
    draft.trace = this.#traces[id] ?? new Error();
    return true;
  }

  /** Whether a step takes the rows of a node, or of a side output of it. */
  hasConsumer({ from, side }: Pick<InputEdge, 'from' | 'side'>): boolean {
    return this.#drafts.some(({ node }) =>
      node.inputs.some((edge) => edge.from === from && edge.side === side),
    );
  }

  /** Side outputs that nobody reads. */
  unreadSides(): readonly { readonly node: NodeId; readonly side: string }[] {
    const inputs = this.#drafts.flatMap(({ node }) => node.inputs);
    return this.#drafts.flatMap(({ node: { operator } }, node) =>
      sidesOf(operator)
        .filter((side) => !inputs.some((edge) => edge.from === node && edge.side === side))
        .map((side) => ({ node, side })),
    );
  }

  /** Those of functions that name them as they run, of these names, that nobody reads; without those of `unreadSides`. */
  unreadSidesNamed(
    names: ReadonlySet<string>,
  ): readonly { readonly node: NodeId; readonly side: string }[] {
    const inputs = this.#drafts.flatMap(({ node }) => node.inputs);
    return this.#drafts.flatMap(({ node: { operator } }, node) =>
      !namesSides(operator)
        ? []
        : [...names]
            .filter((side) => !sidesOf(operator).includes(side))
            .filter((side) => !inputs.some((edge) => edge.from === node && edge.side === side))
            .map((side) => ({ node, side })),
    );
  }

  /** What goes to a side output that nobody reads would be lost. */
  #checkSides(): void {
    for (const { node, side } of this.unreadSides()) {
      const { settings, node: of } = this.#drafts[node]!;
      const how = side === DEAD_LETTERS ? 'deadLetters()' : 'sideOutput(...)';
      throw new EngineError(
        'JOB_DEFINITION',
        `nobody reads the side output '${side}' of '${settings.name ?? of.name}': read it by .${how}`,
      );
    }
  }

  finish(): { graph: LogicalGraph; bindings: Bindings } {
    this.#checkSides();
    const named = new Map<string, number>();
    const uidOf = ({ settings, node }: Draft): string => {
      const name = settings.name ?? node.name;
      const repeat = (named.get(name) ?? 0) + 1;
      named.set(name, repeat);
      return settings.uid ?? (repeat === 1 ? name : `${name}-${repeat}`);
    };
    const uids = this.#drafts.map((draft) => (draft.halfOf === null ? uidOf(draft) : null));
    const nodes = this.#drafts.map(({ node, settings, halfOf }, id): LogicalNode => {
      const whole = halfOf === null ? null : this.#drafts[halfOf]!;
      const description = (whole?.settings ?? settings).description;
      return Object.freeze({
        id,
        uid: uids[id] ?? `${uids[halfOf!]}/${id}`,
        name: whole?.settings.name ?? settings.name ?? node.name,
        ...(description === undefined ? {} : { description }),
        operator: node.operator,
        inputs: Object.freeze(node.inputs.map(({ functions: _, ...edge }) => Object.freeze(edge))),
        parallelism: node.staysWithInput ? 'ofInput' : (settings.parallelism ?? null),
        ...(settings.maxParallelism === undefined
          ? {}
          : { maxParallelism: settings.maxParallelism }),
        ...(settings.bufferTimeoutMs === undefined
          ? {}
          : { bufferTimeoutMs: settings.bufferTimeoutMs }),
        chaining: settings.chaining ?? 'always',
        ...(settings.thread === undefined ? {} : { thread: settings.thread }),
        schema: fieldsOf(node.schema),
      });
    });
    checkUids(nodes);
    const bindings = this.#drafts.map(
      ({ node, trace, settings, halfOf }): NodeBindings => ({
        functions: node.functions ?? [],
        edgeFunctions: node.inputs.map((edge) => edge.functions ?? []),
        source: node.source ?? null,
        sink: node.sink ?? null,
        trace,
        hasOwnUid: halfOf !== null || settings.uid !== undefined,
      }),
    );
    return { graph: Object.freeze({ name: this.#name, nodes: Object.freeze(nodes) }), bindings };
  }
}

function fieldsOf(schema: Schema | null): readonly Field[] | null {
  return schema === null ? null : schema.fields;
}

function checkUids(nodes: readonly LogicalNode[]): void {
  const seen = new Map<string, LogicalNode>();
  for (const node of nodes) {
    const other = seen.get(node.uid);
    if (other !== undefined) {
      throw new EngineError(
        'JOB_DEFINITION',
        `operators '${other.name}' and '${node.name}' have the same uid '${node.uid}': give each one of its own`,
      );
    }
    seen.set(node.uid, node);
  }
}

/** Steps whose state has columns of its own beside those of the key. */
const WITH_STATE: ReadonlySet<OperatorSpec['type']> = new Set<OperatorSpec['type']>([
  'process',
  'rolling',
  'countWindow',
  'window',
  'match',
  'intervalJoin',
  'windowJoin',
  'generalJoin',
]);

/** A key must not be taken for what state keeps of it: of that all names begin with #. */
function checkKeys({ name, operator, inputs }: NewNode): void {
  if (!WITH_STATE.has(operator.type)) return;
  for (const edge of inputs) {
    const key = placedBy(edge);
    if (key?.kind !== 'fields') continue;
    const field = key.fields.find((of) => of.startsWith('#'));
    if (field === undefined) continue;
    throw new EngineError(
      'JOB_DEFINITION',
      `'${name}': keyBy('${field}'): the columns of its state begin with #, so that a field of the key must not: ` +
        'give it another name by .map(...) before keyBy',
    );
  }
}
