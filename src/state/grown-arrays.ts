/** Copies of typed arrays with more room. */

export function grownInts(of: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(of);
  return grown;
}

export function grownFloats(of: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(of);
  return grown;
}
