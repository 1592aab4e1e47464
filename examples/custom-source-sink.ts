/**
 * A source and a sink of our own: numbers that are counted down, and a sink that shows its rows when they are committed.
 * Both go on from checkpoints: the source by its position, the sink by what it hands over.
 *
 *   committed: 3, 2, 1
 */
import { Batch, job, type PlainData, type Sink, type Source } from 'millrace';

function countdown(from: number): Source<number> {
  return {
    name: 'countdown',
    descriptor: { from },
    schema: null,
    isBounded: true,
    assignment: 'spread',
    discoverSplits: async () => [{ id: 'all', weight: from, detail: null }],
    createReader(_split, position) {
      let next = position === null ? from : Number(position);
      return {
        wakeAtMs: Infinity,
        poll() {
          if (next === 0) return 'end';
          return new Batch({ rowCount: 1, schema: null, rows: [next--] });
        },
        position: () => next,
        progress: () => 1 - next / from,
        close() {},
      };
    },
  };
}

function shown(): Sink {
  return {
    name: 'shown',
    descriptor: null,
    createWriter() {
      let rows: PlainData[] = [];
      return {
        isBusy: false,
        write: (batch) => void rows.push(...(batch.rowObjects() as PlainData[])),
        // What is handed over is committed once the checkpoint, or the job, is complete.
        preCommit() {
          const complete = rows;
          rows = [];
          return complete;
        },
        close() {},
      };
    },
    commit: async (rows) => console.log(`committed: ${rows.join(', ')}`),
  };
}

const numbers = job(import.meta, 'numbers', (flow) => {
  flow.from(countdown(3)).to(shown());
});
await numbers.run({ threads: 0 });
