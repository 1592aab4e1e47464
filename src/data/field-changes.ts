/** What is another one in fields than it was, to people. */
import { typeText } from './field-check.ts';
import type { Field } from './schema.ts';

/** Nothing for fields that are the same, in whatever order. */
export function fieldChanges(was: readonly Field[], now: readonly Field[]): readonly string[] {
  const before = new Map(was.map((field) => [field.name, field]));
  const after = new Set(now.map(({ name }) => name));
  return [
    ...now.flatMap((field) => {
      const old = before.get(field.name);
      if (old === undefined) return [`field '${field.name}' of ${typeText(field)} is new`];
      const [had, has] = [typeText(old), typeText(field)];
      return had === has ? [] : [`field '${field.name}' was ${had} and is ${has}`];
    }),
    ...was
      .filter(({ name }) => !after.has(name))
      .map((field) => `field '${field.name}' of ${typeText(field)} is gone`),
  ];
}
