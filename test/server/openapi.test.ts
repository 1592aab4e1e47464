/** The OpenAPI document is valid, and every route is in it and answers as it says. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApi } from '../../src/server/openapi.ts';
import { ROUTES } from '../../src/server/rest-api.ts';
import { inFolder } from '../connector/read-all.ts';
import { type Asked, type Served, whileServed } from './served.ts';

type Operation = {
  readonly responses: Readonly<
    Record<string, { content: Record<string, { schema: object & { $ref?: string } }> }>
  >;
};

type CheckpointOfVertex = {
  readonly checkpointed_size: number;
  readonly num_acknowledged_subtasks: number;
  readonly summary: { readonly alignment: { readonly duration: { readonly max: number } } };
  readonly subtasks: readonly {
    readonly status: string;
    readonly end_to_end_duration: number;
    readonly ack_timestamp: number;
    readonly checkpoint: { readonly sync: number; readonly async: number };
    readonly alignment: { readonly duration: number };
    readonly start_delay: number;
  }[];
};

const document = openApi();
const ajv = new Ajv2020({ strict: true, allErrors: true });

/** What some paths have to be asked with. */
const QUERIES: Readonly<Record<string, string>> = {
  '/jobs/{jobid}/states/{operator}/{state}/lookup': '?key=5',
};

/** The answer is what the document says of this route. */
function agrees(path: string, method: string, { status, body, headers }: Asked): void {
  const operation = document.paths[path]?.[method.toLowerCase()] as Operation | undefined;
  assert.ok(operation, `${method} ${path} is in the document`);
  const { content } = operation.responses[status] ?? operation.responses.default!;
  const [type, { schema }] = Object.entries(content)[0]!;
  assert.ok(headers.get('content-type')?.startsWith(type), `${method} ${path}: ${type}`);
  if (type !== 'application/json') return;
  const wanted = schema.$ref === undefined ? schema : document.components.schemas.Error;
  const validate = ajv.compile(wanted);
  assert.ok(validate(body), `${method} ${path}: ${ajv.errorsText(validate.errors)}`);
}

/** A path of the document with its parameters filled in. */
function filled(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name]!);
}

test('the document is one that OpenAPI 3.1 allows, and names each route once', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.equal(valid, true, JSON.stringify(errors));
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const ids = operations.map((operation) => (operation as { operationId: string }).operationId);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids.length, ROUTES.length + 3);
});

test('every GET answers as the document says, and so does what is not there', async () => {
  await inFolder(async (folder) => {
    // None but those that are asked for: the last few are remembered, and each has to be until it has been looked at.
    const checkpoints = { dir: join(folder, 'state'), every: '1 h' } as const;
    const restart = { strategy: 'fixedDelay', delay: 0 } as const;
    const params = { failing: join(folder, 'failed') };
    await whileServed({ checkpoints, restart, params }, async (served) => {
      const isAtWorkAgain = (): boolean => {
        const { restarts, isRestarting, tasks } = served.client.metrics();
        return restarts > 0 && !isRestarting && tasks[1]!.operators[0]!.recordsIn > 0;
      };
      while (!isAtWorkAgain()) await delay(20);
      for (let n = 0; n < 2; n++) await outcomeOf(served, {});
      const begun = await served.change('POST', `/jobs/${served.id}/savepoints`, {
        'target-directory': join(folder, 'savepoint'),
      });
      agrees('/jobs/{jobid}/savepoints', 'POST', begun);
      const taken = await served.change('POST', `/jobs/${served.id}/checkpoints`, {
        checkpointType: 'FULL',
      });
      agrees('/jobs/{jobid}/checkpoints', 'POST', taken);
      const triggeridOf = ({ body }: Asked) => (body as { 'request-id': string })['request-id'];
      const { history } = served.client.metrics().checkpoints;
      const known = {
        jobid: served.id,
        vertexid: '1',
        edge: '0-1',
        operator: 'totals',
        state: 'total',
        checkpointid: String(history.find(({ state }) => state === 'completed')!.id),
        triggerid: triggeridOf(begun),
      };
      const ofCheckpoint = { ...known, triggerid: triggeridOf(taken) };
      const wrong = {
        jobid: 'x',
        vertexid: 'x',
        checkpointid: 'x',
        triggerid: 'x',
        edge: 'x',
        state: 'x',
      };
      for (const [path, methods] of Object.entries(document.paths)) {
        if (!('get' in methods) || path === '/events') continue;
        const params = path.includes('/checkpoints/{triggerid}') ? ofCheckpoint : known;
        const found = await served.change('GET', filled(path, params) + (QUERIES[path] ?? ''));
        assert.equal(found.status, 200, `${path}: ${found.text}`);
        agrees(path, 'GET', found);
        if (!path.includes('{')) continue;
        const missing = await served.change(
          'GET',
          filled(path, { ...known, ...wrong }) + (QUERIES[path] ?? ''),
        );
        assert.equal(missing.status, 404, path);
        agrees(path, 'GET', missing);
      }
      const all = await served.ask(`/jobs/${served.id}/vertices/1/metrics?get=*`);
      agrees('/jobs/{jobid}/vertices/{vertexid}/metrics', 'GET', all);
      const values = new Map(
        (all.body as { id: string; value: string }[]).map(({ id, value }) => [id, value]),
      );
      assert.ok(Number(values.get('0.numRecordsIn')) > 0);
      assert.ok(Number(values.get('totals.seen')) > 0);
      assert.ok(Number(values.get('totals.pace.count')) > 0);
      assert.ok(Number(values.get('totals.sizes.p99')) > 0);
      const entries = (
        (await served.change('GET', `/jobs/${served.id}/exceptions`)).body as {
          exceptionHistory: { entries: { exceptionName: string }[] };
        }
      ).exceptionHistory.entries;
      assert.deepEqual(
        entries.map(({ exceptionName }) => exceptionName),
        ['USER_FUNCTION'],
      );
    });
  });
});

test('the parts of the subtasks in a checkpoint add up to it', async () => {
  await inFolder(async (folder) => {
    // None but those that are asked for: those that are looked at stay among the last few.
    const checkpoints = { dir: join(folder, 'state'), every: '1 h' } as const;
    for (const threads of [0, 2]) {
      await whileServed({ checkpoints, threads, parallelism: 2 }, async (served) => {
        while (served.client.metrics().records === 0) await delay(20);
        for (let n = 0; n < 3; n++) await outcomeOf(served, {});
        const { lastCompleted, history } = served.client.metrics().checkpoints;
        const { id, bytes, durationMs, startedAt } = lastCompleted!;
        assert.ok(history.length > 1);
        let written = 0;
        for (const task of served.client.metrics().tasks) {
          const path = `/jobs/${served.id}/checkpoints/details/${id}/subtasks/${task.id}`;
          const { body, text } = await served.ask(path);
          const { subtasks, ...all } = body as CheckpointOfVertex;
          assert.equal(subtasks.length, task.parallelism, text);
          assert.equal(all.num_acknowledged_subtasks, task.parallelism);
          written += all.checkpointed_size;
          for (const part of subtasks) {
            assert.equal(part.status, 'completed');
            assert.ok(part.end_to_end_duration <= Math.ceil(durationMs), text);
            assert.ok(part.ack_timestamp >= startedAt, text);
            const { sync, async } = part.checkpoint;
            assert.ok(sync > 0 && async >= 0 && sync + async <= durationMs, text);
            assert.ok(part.alignment.duration >= 0 && part.start_delay >= 0, text);
          }
          if (task.isSource) assert.equal(all.summary.alignment.duration.max, 0);
        }
        assert.ok(bytes > 0);
        assert.equal(written, bytes);
      });
    }
  });
});

test('a savepoint is begun, and its outcome told; one that cannot be written says why', async () => {
  await inFolder(async (folder) => {
    await whileServed({}, async (served) => {
      const path = `/jobs/${served.id}/savepoints`;
      const dir = join(folder, 'savepoint');
      for (const [n, expected] of [{ location: dir }, 'failure-cause'].entries()) {
        const begun = await served.change('POST', path, { 'target-directory': dir });
        assert.equal(begun.status, 202);
        const id = (begun.body as { 'request-id': string })['request-id'];
        let told: Asked;
        do {
          told = await served.ask(`${path}/${id}`);
          agrees('/jobs/{jobid}/savepoints/{triggerid}', 'GET', told);
        } while ((told.body as { status: { id: string } }).status.id === 'IN_PROGRESS');
        const { operation } = told.body as { operation: object };
        if (n === 0) assert.deepEqual(operation, expected);
        else assert.ok((expected as string) in operation, told.text);
      }
    });
  });
});

test('a checkpoint is begun, and its outcome told', async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '10 min', incremental: true } as const;
    await whileServed({ checkpoints }, async (served) => {
      for (const [n, checkpointType] of ['INCREMENTAL', 'FULL', 'CONFIGURED'].entries()) {
        const operation = await outcomeOf(served, { checkpointType });
        assert.deepEqual(operation, { checkpointId: n + 1 });
      }
      assert.deepEqual(await outcomeOf(served, {}), { checkpointId: 4 });
      const path = `/jobs/${served.id}/checkpoints`;
      const wrong = await served.change('POST', path, { checkpointType: 'full' });
      assert.equal(wrong.status, 400);
      assert.match(
        wrong.text,
        /checkpointType is one of CONFIGURED, FULL, INCREMENTAL, got 'full'/,
      );
      assert.equal((await served.ask(path, { method: 'POST' })).status, 401);
      assert.equal((await served.change('POST', `${path}/config`)).headers.get('allow'), 'GET');
    });
  });
  await whileServed({}, async (served) => {
    const { failureCause } = (await outcomeOf(served, {})) as Record<string, object>;
    assert.match(JSON.stringify(failureCause), /the job takes none/);
  });
});

/** Of a checkpoint that is begun by this body. */
async function outcomeOf(served: Served, body: object): Promise<object> {
  const path = `/jobs/${served.id}/checkpoints`;
  const begun = await served.change('POST', path, body);
  agrees('/jobs/{jobid}/checkpoints', 'POST', begun);
  assert.equal(begun.status, 202);
  const id = (begun.body as { 'request-id': string })['request-id'];
  assert.equal((await served.ask(`/jobs/${served.id}/savepoints/${id}`)).status, 404);
  for (;;) {
    const told = await served.ask(`${path}/${id}`);
    agrees('/jobs/{jobid}/checkpoints/{triggerid}', 'GET', told);
    const { status, operation } = told.body as { status: { id: string }; operation: object };
    if (status.id === 'COMPLETED') return operation;
  }
}

test('stopped behind a savepoint, whoever asked for it learns of the end', async () => {
  await inFolder(async (folder) => {
    await whileServed({}, async (served) => {
      const targetDirectory = join(folder, 'savepoint');
      const begun = await served.change('POST', `/jobs/${served.id}/stop`, { targetDirectory });
      agrees('/jobs/{jobid}/stop', 'POST', begun);
      const result = await served.client.result();
      assert.equal(result.state, 'stopped');
      const id = (begun.body as { 'request-id': string })['request-id'];
      const told = await served.ask(`/jobs/${served.id}/savepoints/${id}`);
      assert.deepEqual(told.body, {
        status: { id: 'COMPLETED' },
        operation: { location: targetDirectory },
      });
      const end = Date.now() + 10_000;
      while (Date.now() < end && (await served.ask('/jobs').catch(() => null)) !== null) {
        await delay(20);
      }
      await assert.rejects(served.ask('/jobs'));
    });
  });
});

test('cancelled by a request', async () => {
  await whileServed({}, async (served) => {
    const answer = await served.change('PATCH', `/jobs/${served.id}?mode=cancel`);
    agrees('/jobs/{jobid}', 'PATCH', answer);
    assert.equal(answer.status, 202);
    await assert.rejects(served.client.result(), { code: 'JOB_CANCELLED' });
  });
});
