/** A look into the threads of the job: where they spend their time, what they keep, what passes between them. */
import { PROFILE_SECONDS_MAX, TAPPED_RECORDS_MAX } from '../base/limits.ts';
import type { Flame } from '../job/flame.ts';
import type { OperatorId } from '../job/job.ts';
import type { JobMetrics } from '../job/job-metrics.ts';
import { type Call, type JobRoute, notFound, numberIn, RestError } from './rest.ts';
import { aFlag, aNumber, anything, aText, aTime, list, object, orNull } from './schema.ts';
import { taskOf } from './vertex-routes.ts';

function nowOf({ startedAt, elapsedMs }: JobMetrics): number {
  return startedAt + Math.round(elapsedMs);
}

const BUSY = 'a profile is being taken already: ask again when it is done';

const FLAME = object({ name: aText, value: aNumber, children: list({ type: 'object' }) });

/** RestError 409 where no thread is there to be asked. */
function checkRuns({ metrics }: Call): void {
  const { name, state, isRestarting } = metrics;
  if (state !== 'running') throw new RestError(409, `job '${name}' has ended`);
  if (!isRestarting) return;
  throw new RestError(409, `job '${name}' has failed, and waits: ask again when it goes on`);
}

function silent(): RestError {
  const message = 'a thread does not answer, which is at work in one long step: ask again later';
  return new RestError(503, message, { 'Retry-After': '1' });
}

const flamegraph: JobRoute = {
  isLive: true,
  method: 'GET',
  path: '/jobs/:jobid/vertices/:vertexid/flamegraph',
  operationId: 'getFlamegraph',
  summary:
    'What the subtasks of a vertex do with the processor from now on: a tree of frames, each with the looks at which it was there',
  changes: false,
  status: 200,
  query: { seconds: `How long to look, 1 to ${PROFILE_SECONDS_MAX}; 1 when left out` },
  answer: object({ endTimestamp: aTime, data: FLAME }),
  async handle(call) {
    checkRuns(call);
    const { id } = taskOf(call);
    const seconds = numberIn(call, 'seconds', 1, PROFILE_SECONDS_MAX, 1);
    const data: Flame | null = await call.job.inspection.flame(id, seconds * 1000);
    if (data === null) throw new RestError(409, BUSY);
    return { endTimestamp: nowOf(call.job.metrics()), data };
  },
};

const threadDump: JobRoute = {
  isLive: true,
  method: 'GET',
  path: '/jobs/:jobid/thread-dump',
  operationId: 'getThreadDump',
  summary:
    'The stack that each thread was in most of the time of a look of 30 ms, innermost frame first',
  changes: false,
  status: 200,
  answer: object({ threads: list(object({ name: aText, stack: list(aText) })) }),
  async handle(call) {
    checkRuns(call);
    const threads = await call.job.inspection.threadDump();
    if (threads === null) throw new RestError(409, BUSY);
    return { threads };
  },
};

const states: JobRoute = {
  isLive: true,
  method: 'GET',
  path: '/jobs/:jobid/states',
  operationId: 'getStates',
  summary:
    'The keyed states that can be looked at, by operator, with their keys and open windows or panes, and the bytes of the operator in the last checkpoint; keys are null where they are too many to count',
  changes: false,
  status: 200,
  answer: object({
    operators: list(
      object({
        id: aText,
        name: aText,
        keys: orNull(aNumber),
        bytes: orNull(aNumber),
        states: list(
          object({
            name: aText,
            kind: aText,
            keys: orNull(aNumber),
            windows: orNull(aNumber),
          }),
        ),
      }),
    ),
  }),
  async handle(call) {
    checkRuns(call);
    const { job, metrics } = call;
    const stored = metrics.checkpoints.lastCompleted?.operators ?? [];
    const found = await job.inspection.states();
    if (found === null) throw silent();
    return {
      operators: found.map(({ node, ...rest }) => {
        const { uid, name } = job.operatorIds.find((one) => one.node === node)!;
        const bytes = stored.find((one) => one.uid === uid)?.fullBytes ?? null;
        return { id: uid, name, bytes, ...rest };
      }),
    };
  },
};

/** By its id, or by its name where only one has it. */
function operatorOf({ job, params }: Call): OperatorId {
  const asked = params.operator!;
  const byId = job.operatorIds.find(({ uid }) => uid === asked);
  const byName = job.operatorIds.filter(({ name }) => name === asked);
  const found = byId ?? (byName.length === 1 ? byName[0] : undefined);
  if (found === undefined) throw notFound(`operator '${asked}' in job '${job.name}'`);
  return found;
}

/** A string as a whole, or a number. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const BIG = '\0bigint ';

/** Whole numbers that a number would round are bigint. */
function exactJson(text: string): unknown {
  JSON.parse(text);
  const marked = text.replaceAll(STRING_OR_NUMBER, (token) =>
    /^-?\d+$/.test(token) && BigInt(token) !== BigInt(Number(token))
      ? JSON.stringify(BIG + token)
      : token,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(BIG) ? BigInt(value.slice(BIG.length)) : value,
  );
}

function keyOf({ query }: Call): unknown {
  const text = query.get('key');
  if (text === null) throw new RestError(400, 'key is missing: the JSON of a key');
  try {
    return exactJson(text);
  } catch {
    throw new RestError(400, `key is JSON, such as 5, "a" or ["a",5]; got ${text.slice(0, 100)}`);
  }
}

const lookup: JobRoute = {
  isLive: true,
  method: 'GET',
  path: '/jobs/:jobid/states/:operator/:state/lookup',
  operationId: 'lookUpState',
  summary:
    'What a key has in a state now; `subtask` has it, null where none does. Of a state with windows a list of `{ start, end, values }`',
  changes: false,
  reveals: true,
  status: 200,
  query: {
    key: 'The key as JSON: the value of its field, an array of values, or an object of fields',
  },
  answer: object({ found: aFlag, value: anything, subtask: orNull(aNumber) }),
  async handle(call) {
    checkRuns(call);
    const { node } = operatorOf(call);
    const key = keyOf(call);
    const { inspection } = call.job;
    const state = call.params.state!;
    const found = await inspection.lookUp(node, state, key);
    if (found === 'silent') throw silent();
    if (found !== null) return { found: true, ...found };
    const all = await inspection.states();
    if (all === null) throw silent();
    const operator = all.find((one) => one.node === node);
    if (!operator?.states.some(({ name }) => name === state)) throw notFound(`state '${state}'`);
    return { found: false, value: null, subtask: null };
  },
};

const DEFAULT_RECORDS = 20;

const tap: JobRoute = {
  isLive: true,
  method: 'GET',
  path: '/jobs/:jobid/edges/:edge/tap',
  operationId: 'tapEdge',
  summary:
    'Records that cross an edge from now on; `sampled`: how many have passed in the batches that they are of',
  changes: false,
  reveals: true,
  status: 200,
  query: {
    records: `How many at most, 1 to ${TAPPED_RECORDS_MAX}; ${DEFAULT_RECORDS} when left out`,
  },
  answer: object({ records: list(anything), sampled: aNumber }),
  async handle(call) {
    checkRuns(call);
    const { metrics, params, job } = call;
    const exchange = metrics.exchanges.findIndex(({ id }) => id === params.edge);
    if (exchange < 0) throw notFound(`edge '${params.edge}' in job '${metrics.name}'`);
    const count = numberIn(call, 'records', 1, TAPPED_RECORDS_MAX, DEFAULT_RECORDS);
    const found = await job.inspection.tap(exchange, count);
    if (found === null) throw new RestError(409, 'someone else looks at this edge: ask again');
    return { records: found.records, sampled: found.passed };
  },
};

export const INSPECTION_ROUTES: readonly JobRoute[] = [flamegraph, threadDump, states, lookup, tap];
