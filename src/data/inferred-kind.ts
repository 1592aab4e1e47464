/**
 * Kinds of columns for values without a schema, each of the narrowest that holds it exactly; and how a generated loop
 * stores a value of a kind.
 *
 *   int32 → float64 → dynamic        boolean, string, int64, date → dynamic
 */
import type { FieldKind } from './schema.ts';

/** The kind that holds what `known` does, and the value too; null as long as there were only null and undefined. */
export function widened(known: FieldKind | null, value: unknown): FieldKind | null {
  if (value === null || value === undefined) return known;
  const kind = kindOf(value);
  if (known === null || known === kind) return kind;
  const areNumbers =
    (known === 'int32' && kind === 'float64') || (known === 'float64' && kind === 'int32');
  return areNumbers ? 'float64' : 'dynamic';
}

export function kindOf(value: unknown): FieldKind {
  switch (typeof value) {
    case 'number':
      return Object.is(value | 0, value) ? 'int32' : 'float64';
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 'int64' : 'dynamic';
    default:
      return isDate(value) ? 'date' : 'dynamic';
  }
}

/** A Date with nothing added to it. */
export function isDate(value: unknown): boolean {
  return value instanceof Date && Object.getPrototypeOf(value) === Date.prototype;
}

type TypedKind = Exclude<FieldKind, 'dynamic'>;

/** Source that declares `v<c>`, which column `c` of the builder is stored to. */
export function columnSource(kind: FieldKind | null, c: number): string {
  if (kind === 'string') return `const v${c} = builder.strings(${c});\n`;
  if (kind === null || kind === 'dynamic') return `const v${c} = builder.dynamic(${c}).values;\n`;
  return `const v${c} = builder.fixed(${c}).values;\n`;
}

/** Source that stores `x` as row `i` of `v` where it is of the kind: an `if` to put an `else` behind. The loop has `isDate`. */
export function storeTyped(kind: TypedKind | null, x: string, v: string): string {
  return kind === null ? 'if (false);\n' : STORES[kind](x, v);
}

const STORES: Readonly<Record<TypedKind, (x: string, v: string) => string>> = {
  int32: (x, v) =>
    `if (typeof ${x} === 'number' && (${x} | 0) === ${x} && (${x} !== 0 || 1 / ${x} > 0)) ${v}[i] = ${x};\n`,
  float64: (x, v) => `if (typeof ${x} === 'number') ${v}[i] = ${x};\n`,
  timestamp: (x, v) => `if (typeof ${x} === 'number') ${v}[i] = ${x};\n`,
  boolean: (x, v) => `if (typeof ${x} === 'boolean') ${v}[i] = ${x} ? 1 : 0;\n`,
  string: (x, v) => `if (typeof ${x} === 'string') ${v}.append(${x});\n`,
  int64: (x, v) =>
    `if (typeof ${x} === 'bigint' && BigInt.asIntN(64, ${x}) === ${x}) ${v}[i] = ${x};\n`,
  date: (x, v) => `if (isDate(${x})) ${v}[i] = ${x}.getTime();\n`,
};
