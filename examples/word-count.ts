/**
 * Counts words as they come: each word shows how often it has come so far.
 *
 *   {"word":"to","count":1}
 *   {"word":"be","count":1}
 *   {"word":"or","count":1}
 *   {"word":"not","count":1}
 *   {"word":"to","count":2}
 *   {"word":"be","count":2}
 */
import { collection, job } from 'millrace';

const words = job(import.meta, 'words', (flow) => {
  flow
    .from(collection(['To be,', 'or not to be']))
    .flatMap((line) => line.toLowerCase().matchAll(/\w+/g))
    .map(([word]) => ({ word, count: 1 }))
    .keyBy('word')
    .sum('count')
    .print();
});

// Without threads, so that the words keep their order; by default there is one for each core.
await words.run({ threads: 0 });
