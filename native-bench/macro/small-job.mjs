/** A small job on two threads, from nothing to its results: for the time that a user waits. */
import { collection, job, monotonous, tumbling } from 'millrace';

export const words = job(import.meta, 'words', (flow) => {
  const counts = flow
    .from(
      collection([
        { word: 'a', time: 1 },
        { word: 'b', time: 2 },
        { word: 'a', time: 3 },
      ]),
    )
    .eventTime('time', monotonous())
    .keyBy('word')
    .window(tumbling('1 s'))
    .aggregate(({ count }) => ({ count: count() }));
  return { counts };
});

const { counts } = await words.collect({ threads: 2 });
console.log(counts.map(({ word, count }) => `${word} ${count}`).join(', '));
