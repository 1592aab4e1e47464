#!/usr/bin/env node
/** The command `millrace`. */
import { availableParallelism } from 'node:os';
import { useCompileCache } from '../base/compile-cache.ts';
import { startThreadsAhead } from '../job/worker-threads.ts';
import { threadsAhead } from './threads-ahead.ts';

useCompileCache();
startThreadsAhead(threadsAhead(process.argv.slice(2), availableParallelism()));
const { runMillrace } = await import('./program.ts');
// Places in errors are those of the TypeScript that the user wrote.
process.setSourceMapsEnabled(true);
await runMillrace();
