/**
 * The modules of this package that the program has entered it by. Worker threads load them before they install hooks
 * for TypeScript: behind hooks every module costs a message to another thread.
 */
const doors = new Set<string>();

/** Called by each such module with its own URL. */
export function openDoor(url: string): void {
  doors.add(url);
}

export function openDoors(): readonly string[] {
  return [...doors];
}
