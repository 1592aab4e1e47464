/** Collects nodes while the user's function runs, and freezes them into a graph with its bindings. */
import { EngineError } from '../base/errors.ts';
import type { Field, Schema } from '../data/schema.ts';
import type {
  Bindings,
  LogicalEdge,
  LogicalGraph,
  LogicalNode,
  NodeBindings,
  NodeId,
} from '../graph/graph.ts';
import type { OperatorSpec } from '../operator/operator-spec.ts';
import type { Sink } from '../operator/sink.ts';
import type { Source } from '../operator/source.ts';

export type NewNode = {
  readonly name: string;
  readonly operator: OperatorSpec;
  readonly inputs: readonly LogicalEdge[];
  readonly schema: Schema | null;
  readonly functions?: readonly object[];
  readonly source?: Source;
  readonly sink?: Sink;
};

/** What a user may still say about a node after it was made. */
export type NodeSettings = {
  name?: string;
  uid?: string;
  parallelism?: number;
  chaining?: LogicalNode['chaining'];
};

type Draft = { node: NewNode; settings: NodeSettings };

export class GraphBuilder {
  readonly #name: string;
  readonly #drafts: Draft[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  add(node: NewNode): NodeId {
    this.#drafts.push({ node, settings: {} });
    return this.#drafts.length - 1;
  }

  configure(id: NodeId, settings: NodeSettings): void {
    Object.assign(this.#drafts[id]!.settings, settings);
  }

  /** Replaces the operator of a node that was just made. */
  replaceOperator(id: NodeId, operator: OperatorSpec, functions: readonly object[]): void {
    const draft = this.#drafts[id]!;
    draft.node = { ...draft.node, operator, functions };
  }

  specOf(id: NodeId): OperatorSpec {
    return this.#drafts[id]!.node.operator;
  }

  hasConsumer(id: NodeId): boolean {
    return this.#drafts.some(({ node }) => node.inputs.some((edge) => edge.from === id));
  }

  finish(): { graph: LogicalGraph; bindings: Bindings } {
    const named = new Map<string, number>();
    const nodes = this.#drafts.map(({ node, settings }, id): LogicalNode => {
      const name = settings.name ?? node.name;
      const repeat = (named.get(name) ?? 0) + 1;
      named.set(name, repeat);
      return Object.freeze({
        id,
        uid: settings.uid ?? (repeat === 1 ? name : `${name}-${repeat}`),
        name,
        operator: node.operator,
        inputs: Object.freeze(node.inputs),
        parallelism: settings.parallelism ?? null,
        chaining: settings.chaining ?? 'always',
        schema: fieldsOf(node.schema),
      });
    });
    checkUids(nodes);
    const bindings = this.#drafts.map(
      ({ node }): NodeBindings => ({
        functions: node.functions ?? [],
        source: node.source ?? null,
        sink: node.sink ?? null,
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
        `operators '${other.name}' and '${node.name}' have the same uid '${node.uid}'`,
      );
    }
    seen.set(node.uid, node);
  }
}
