/**
 * What threads of a pool load first (`start-pool.ts`). Piscina asks for it by `require`, and Node 20 aborts the whole process
 * when a thread is ended while a `require` links an ES module; an `import` may be left in the middle.
 */
const { workerData } = require('node:worker_threads');

module.exports = import(workerData.entry).then((entry) => entry.default);
