/**
 * A source and a sink of our own: numbers that are counted down, and a sink that shows its rows when they are committed.
 * Both go on from checkpoints: the source by its position, the sink by what it hands over.
 *
 *   committed: 3, 2, 1
 */
import { job } from 'millrace';
import { defineSink, defineSource } from 'millrace/connectors';

function countdown(from: number) {
  return defineSource({
    name: 'countdown',
    start: from,
    *read({ position }) {
      for (let n = position; n > 0; n--) yield { records: [n], position: n - 1 };
    },
  });
}

function shown() {
  return defineSink({
    name: 'shown',
    open() {
      let waiting: number[] = [];
      return {
        write: (rows: readonly number[]) => void waiting.push(...rows),
        // What is handed over is committed once the checkpoint, or the job, is complete.
        preCommit() {
          const complete = waiting;
          waiting = [];
          return complete;
        },
      };
    },
    commit: (numbers) => console.log(`committed: ${numbers.join(', ')}`),
  });
}

const numbers = job(import.meta, 'numbers', (flow) => {
  flow.from(countdown(3)).to(shown());
});
await numbers.run({ threads: 0 });
