/** Finds the part of a value that cannot leave its thread, for the message; used only when cloning has failed. */

const DEPTH_MAX = 100;

/** A message that names the path to the first function, symbol or the like; null when none is found. */
export function untransferablePath(value: unknown, path: string): string | null {
  return search(value, path, new Set(), 0);
}

function search(value: unknown, path: string, seen: Set<unknown>, depth: number): string | null {
  if (typeof value === 'function') {
    return `field '${path}' holds a function${value.name === '' ? '' : ` '${value.name}'`}, which cannot leave its thread`;
  }
  if (typeof value === 'symbol') {
    return `field '${path}' holds a symbol, which cannot leave its thread`;
  }
  if (typeof value !== 'object' || value === null || seen.has(value) || depth > DEPTH_MAX) {
    return null;
  }
  seen.add(value);
  if (isStuck(value)) {
    const type = Object.prototype.toString.call(value).slice('[object '.length, -1);
    return `field '${path}' holds a ${type}, which cannot leave its thread`;
  }
  for (const [part, partPath] of partsOf(value, path)) {
    const found = search(part, partPath, seen, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

function isStuck(value: object): boolean {
  return (
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof WeakRef ||
    value instanceof Promise
  );
}

function partsOf(value: object, path: string): [unknown, string][] {
  if (ArrayBuffer.isView(value)) return [];
  if (value instanceof Map) {
    return [...value].flatMap(([key, part], i): [unknown, string][] => [
      [key, `${path}.keys[${i}]`],
      [part, `${path}.values[${i}]`],
    ]);
  }
  if (value instanceof Set) return [...value].map((part, i) => [part, `${path}.values[${i}]`]);
  const isArray = Array.isArray(value);
  return Object.entries(value).map(([key, part]) => [
    part,
    isArray ? `${path}[${key}]` : `${path}.${key}`,
  ]);
}
