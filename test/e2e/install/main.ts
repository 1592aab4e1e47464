/** A program that runs the job: on its own file's threads, and prints what it got. */
import visits from './job.ts';

const { visits: rows } = await visits.collect({ threads: 2 });
console.log(
  rows
    .map((row) => `${row.page} ${row.visits}`)
    .sort()
    .join(', '),
);
