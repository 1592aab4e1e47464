/** Arrays that are nothing but their elements. */
import { ELEMENTS_MAX } from '../base/limits.ts';

/** Whether an array is not too long, leaves no element out, and has no properties beside them. */
export function isElements(value: unknown): value is readonly unknown[] {
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) return false;
  const { length } = value;
  if (length === 0 || length > ELEMENTS_MAX) return length === 0 && Object.keys(value).length === 0;
  const keys = Object.keys(value);
  // Those of elements come first, in order.
  return keys.length === length && keys[length - 1] === `${length - 1}`;
}
