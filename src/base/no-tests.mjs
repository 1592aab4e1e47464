/** Stands for the test runner in worker threads: what a test file calls at its top level does nothing, and gives this. */
const nothing = new Proxy(() => {}, {
  get: (_target, name) => (name === 'then' ? undefined : nothing),
  apply: () => nothing,
  construct: () => nothing,
});

export default nothing;
export {
  nothing as after,
  nothing as afterAll,
  nothing as afterEach,
  nothing as assert,
  nothing as before,
  nothing as beforeAll,
  nothing as beforeEach,
  nothing as bench,
  nothing as describe,
  nothing as expect,
  nothing as expectTypeOf,
  nothing as it,
  nothing as mock,
  nothing as onTestFailed,
  nothing as onTestFinished,
  nothing as snapshot,
  nothing as suite,
  nothing as test,
  nothing as vi,
  nothing as vitest,
};
