/** What a source subtask knows of all its open splits together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SplitReader } from '../../src/operator/source.ts';
import { SplitReaders } from '../../src/task/split-readers.ts';
import { fromItsStart } from '../../src/task/split-state.ts';

class Silent implements SplitReader {
  readonly wakeAtMs = Infinity;

  poll(): 'idle' {
    return 'idle';
  }

  position(): null {
    return null;
  }

  progress(): number {
    return 0;
  }

  close(): void {}
}

class Changing extends Silent {
  waitsForEvents = false;
}

/** A split for each of these. */
function readersOf(readers: readonly SplitReader[]): SplitReaders {
  const options = {
    source: { createReader: ({ id }: { readonly id: string }) => readers[Number(id)] },
    context: { metrics: {} },
    time: { open: () => ({}), close() {} },
  };
  const made = new SplitReaders(
    options as unknown as ConstructorParameters<typeof SplitReaders>[0],
  );
  for (const id of readers.keys()) {
    made.add(fromItsStart({ id: `${id}`, weight: 1, detail: null }));
  }
  return made;
}

test('a subtask waits for events while one of its readers says so now', () => {
  const changing = new Changing();
  const readers = readersOf([new Silent(), changing]);
  for (const waits of [false, true, false, true]) {
    changing.waitsForEvents = waits;
    assert.equal(readers.waitsForEvents, waits);
  }
  readers.remove(readers.open[1]!);
  assert.equal(readers.waitsForEvents, false, 'it is closed');
});
