/** Events once a second, metrics for Prometheus, and the shares of time behind both. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { blackhole, collection, generate, job, type Stream, type } from 'millrace';
import { EVENT } from '../../src/server/events.ts';
import { metricFamilies } from '../../src/server/metric-families.ts';
import { prometheusText } from '../../src/server/prometheus.ts';
import { timeShares } from '../../src/server/rates.ts';
import { backPressureLevel } from '../../src/server/vertex-routes.ts';
import { inFolder } from '../connector/read-all.ts';
import { whileServed } from './served.ts';

test('events come as long as the job runs, then its end', async () => {
  await whileServed({}, async ({ base, client }) => {
    const response = await fetch(`${base}/events`);
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of response.body!) {
      text += decoder.decode(part as Uint8Array, { stream: true });
      if (text.split('event: progress').length > 3) void client.cancel();
    }
    const events = text
      .trim()
      .split('\n\n')
      .map((event) => event.split('\n'));
    assert.deepEqual(events.at(-1)![0], 'event: end');
    const validate = new Ajv2020().compile(EVENT);
    const seen = events.map(([, data]) => JSON.parse(data!.slice('data: '.length)));
    for (const event of seen) assert.ok(validate(event), JSON.stringify(validate.errors));
    assert.ok(seen.at(-2).records > seen[0].records);
    assert.deepEqual([seen[0].state, seen.at(-1).state], ['RUNNING', 'CANCELED']);
  });
});

test('the text for Prometheus: each line is one, names say their unit, labels are escaped', async () => {
  await whileServed({}, async ({ ask, client }) => {
    while (!(client.metrics().tasks[1]!.operators[0]!.counters.seen! > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { text, headers } = await ask('/metrics');
    assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const label = String.raw`[a-z_]+="(?:[^"\\\n]|\\["\\n])*"`;
    const line = new RegExp(
      `^(millrace_[a-z0-9_]+)\\{${label}(?:,${label})*\\} ([-+]?(?:Inf|[0-9.e+-]+))$`,
    );
    const families = new Map<string, string>();
    const seen = new Set<string>();
    for (const one of text.trimEnd().split('\n')) {
      const [, name, type] = /^# TYPE (\S+) (counter|gauge|summary)$/.exec(one) ?? [];
      if (name !== undefined) {
        assert.equal(families.has(name), false, `${name} once`);
        families.set(name, type!);
      } else if (!one.startsWith('# HELP ')) {
        const found = line.exec(one);
        assert.ok(found, one);
        const family = found[1]!.replace(/(_user_histogram)_(sum|count)$/, '$1');
        assert.ok(families.has(family), one);
        assert.ok(!seen.has(one.slice(0, one.lastIndexOf(' '))), one);
        seen.add(one.slice(0, one.lastIndexOf(' ')));
      }
    }
    for (const [name, type] of families) {
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.doesNotMatch(name, /_ms(_|$)/);
    }
    assert.match(text, /millrace_user_gauge\{[^}]*name="newest \\"n\\""[^}]*\} \d+/);
    assert.match(text, /millrace_user_meter_events_total\{[^}]*name="pace"\} \d+/);
    assert.match(text, /millrace_user_meter_events_per_second\{[^}]*name="pace"\} \d+/);
    assert.match(text, /millrace_user_histogram\{[^}]*name="sizes",quantile="0.99"\} \d+/);
    assert.match(text, /millrace_user_histogram_count\{[^}]*name="sizes"\} \d+/);
    assert.match(text, /millrace_subtask_busy_seconds_total\{[^}]*subtask="0"[^}]*\} \d/);
    assert.equal(text, `${text.trimEnd()}\n`);
    assert.ok(prometheusText([client.metrics()]).includes('thread="caller"'));
  });
});

const alike = job(import.meta, 'alike', (flow) => {
  const numbers = flow.from(collection([1, 2, 3]));
  const twice = numbers.mapAsync(async (n) => n).mapAsync(async (n) => n);
  twice.to(blackhole());
  twice.to(blackhole());
});

test('steps of one name in one task have samples of their own', async () => {
  const client = await alike.start({ threads: 0 });
  await client.result();
  const samples = prometheusText([client.metrics()])
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
  assert.equal(samples.filter((one) => /records_in.*operator="mapAsync"/.test(one)).length, 2);
  assert.equal(new Set(samples).size, samples.length);
});

const counted = job(import.meta, 'counted', (flow) => {
  const numbers = flow.from(generate({ row: (n) => n }), { rate: flow.param('rate', 1000) });
  const count = (from: Stream<number>): Stream<number> =>
    from.process({
      emits: type<number>(),
      onRecord(n, { emit, metrics }) {
        metrics.counter('seen').add();
        emit(n);
      },
    });
  count(count(numbers)).to(blackhole());
});

test('steps of one name in one vertex have metrics of their own', async () => {
  await whileServed(
    { params: { rate: 1000 } },
    async ({ ask, id }) => {
      const ids = async (): Promise<string[]> => {
        const { body } = await ask(`/jobs/${id}/vertices/0/metrics`);
        return (body as { id: string }[]).map((metric) => metric.id);
      };
      while (!(await ids()).some((one) => one.endsWith('.seen'))) await delay(10);
      const seen = (await ids()).filter((one) => one.endsWith('.seen'));
      assert.equal(seen.length, 2);
      assert.notEqual(seen[0], seen[1]);
    },
    counted,
  );
});

test('the guide has every metric', async () => {
  const client = await alike.start({ threads: 0 });
  await client.result();
  const guide = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  for (const { name } of metricFamilies(client.metrics())) {
    assert.ok(guide.includes(`\`${name}\``), name);
  }
});

test('what crosses rings and what a checkpoint keeps, for Prometheus and of each vertex', async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '50 ms' } as const;
    await whileServed({ threads: 2, checkpoints }, async ({ ask, client, id }) => {
      while ((client.metrics().checkpoints.lastCompleted?.operators.length ?? 0) < 2) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const { text } = await ask('/metrics');
      const shown = (name: string): number => {
        const [, value] =
          new RegExp(`^millrace_${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text) ?? [];
        assert.notEqual(value, undefined, name);
        return Number(value);
      };
      assert.ok(shown('exchange_bytes_total') > 0);
      assert.ok(shown('last_checkpoint_pause_seconds') > 0);
      assert.ok(shown('last_checkpoint_alignment_seconds') >= 0);
      assert.match(text, /last_checkpoint_operator_bytes\{[^}]*operator="totals"\} [1-9]/);
      assert.match(text, /last_checkpoint_operator_state_bytes\{[^}]*state="state\/total"\} [1-9]/);
      assert.match(text, /last_checkpoint_operator_state_rows\{[^}]*state="state\/total"\} [1-9]/);
      assert.match(text, /last_checkpoint_operator_rows\{[^}]*uid="totals"[^}]*\} [1-9]/);
      const { vertices } = (await ask(`/jobs/${id}`)).body as {
        vertices: readonly { metrics: Readonly<Record<string, number>> }[];
      };
      const bytes = vertices.map(({ metrics: of }) => [of['read-bytes'], of['write-bytes']]);
      assert.deepEqual([bytes[0]![0], bytes[1]![1]], [0, 0]);
      assert.ok(bytes[0]![1]! > 0 && bytes[0]![1] === bytes[1]![0]);
    });
  });
});

test('shares of time are those since the last look, and begin anew with an attempt', () => {
  const times = (busyMs: number, backPressuredMs: number, idleMs: number) => ({
    busyMs,
    backPressuredMs,
    idleMs,
  });
  assert.deepEqual(timeShares(times(300, 500, 200), times(200, 0, 0)), {
    busy: 0.125,
    held: 0.625,
    idle: 0.25,
  });
  assert.deepEqual(timeShares(times(10, 0, 30), times(900, 0, 0)), {
    busy: 0.25,
    held: 0,
    idle: 0.75,
  });
  assert.deepEqual(timeShares(undefined, undefined), { busy: 0, held: 0, idle: 1 });
  assert.deepEqual([0.1, 0.11, 0.5, 0.51].map(backPressureLevel), ['ok', 'low', 'low', 'high']);
});
