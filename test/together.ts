/** Loads the test files that are its arguments, so that they share a process: `test/run.ts` starts it. */
import { pathToFileURL } from 'node:url';

for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href);
