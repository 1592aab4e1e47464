/** Closing of things that hold files or memory: one that fails does not leave the others open. */

/** Closes every one of them, then throws the first error there was. */
export function closeAll(parts: readonly { close(): void }[]): void {
  const errors: unknown[] = [];
  for (const part of parts) {
    try {
      part.close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
