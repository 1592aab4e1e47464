/**
 * Copies of values that somebody goes on to change. Plain objects, arrays, maps, sets, dates and typed arrays are copied, with
 * what is in them; instances of other classes are not: how to copy one is known to its class alone.
 */

/** Of the objects so far: one may occur twice, or in itself. */
type Copies = Map<object, object>;

/** A value that shares nothing with this one that can be changed, but for instances of classes. */
export function copyOf(value: unknown): unknown {
  return copyPart(value, new Map());
}

function copyPart(part: unknown, copies: Copies): unknown {
  if (typeof part !== 'object' || part === null) return part;
  return copies.get(part) ?? copyObject(part, copies);
}

function copyObject(object: object, copies: Copies): object {
  switch (Object.getPrototypeOf(object)) {
    case Object.prototype:
    case null:
      return copyFields(object, copies);
    case Array.prototype:
      return copyElements(object as readonly unknown[], copies);
    case Map.prototype:
      return copyMap(object as ReadonlyMap<unknown, unknown>, copies);
    case Set.prototype:
      return copySet(object as ReadonlySet<unknown>, copies);
    case Date.prototype:
      return new Date((object as Date).getTime());
  }
  // Buffers have a slice of their own, which shares memory.
  const isTyped = ArrayBuffer.isView(object) && !(object instanceof DataView);
  return isTyped ? Uint8Array.prototype.slice.call(object) : object;
}

function copyFields(object: object, copies: Copies): object {
  const copy: Record<string, unknown> = { ...object };
  copies.set(object, copy);
  for (const name of Object.keys(copy)) {
    const part = copy[name];
    if (typeof part === 'object') copy[name] = copyPart(part, copies);
  }
  return copy;
}

function copyElements(array: readonly unknown[], copies: Copies): object {
  const copy = array.slice();
  copies.set(array, copy);
  for (let i = 0; i < copy.length; i++) {
    const part = copy[i];
    if (typeof part === 'object') copy[i] = copyPart(part, copies);
  }
  return copy;
}

function copyMap(map: ReadonlyMap<unknown, unknown>, copies: Copies): object {
  const copy = new Map<unknown, unknown>();
  copies.set(map, copy);
  for (const [key, value] of map) copy.set(copyPart(key, copies), copyPart(value, copies));
  return copy;
}

function copySet(set: ReadonlySet<unknown>, copies: Copies): object {
  const copy = new Set<unknown>();
  copies.set(set, copy);
  for (const value of set) copy.add(copyPart(value, copies));
  return copy;
}
