/** Every page of a job that runs: opened without a complaint, with numbers that move, and with what is missing said plainly. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { inFolder } from '../connector/read-all.ts';
import {
  type Look,
  NO_TOKEN,
  picture,
  SKIP,
  textOf,
  until,
  useBrowser,
  whileLooking,
} from './browser.ts';
import { kept } from './jobs/kept.ts';
import { orders } from './jobs/orders.ts';

const held = useBrowser();

/** Each page, and a text that it has when it is there. */
const PAGES = [
  ['overview', 'Records a second'],
  ['graph', 'totals by customer'],
  ['graph/2', 'Skew'],
  ['checkpoints', 'History'],
  ['exceptions', 'USER_FUNCTION'],
  ['metrics', '0.numRecordsOut'],
  ['flame', 'Samples the stacks'],
  ['threads', 'Look again'],
  ['state', ''],
  ['tap', 'Takes copies'],
  ['logs', ''],
  ['config', 'max parallelism'],
  ['nowhere', 'There is no page of this name'],
] as const;

/** Answers of routes, as they were agreed; the rest is asked of the job. */
async function answering(page: Page, answers: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [path, answer] of Object.entries(answers)) {
    await page.route(new RegExp(`/jobs/\\w+/${path}(\\?.*)?$`), async (route) => {
      if (typeof answer === 'number')
        await route.fulfill({ status: answer, json: { errors: ['no'] } });
      else await route.fulfill({ json: answer });
    });
  }
}

function tile({ page }: Look, id: string) {
  return page.locator(`[data-tile="${id}"] .value`);
}

/** A number is shown, and another one later. */
async function moves(look: Look, selector: string): Promise<void> {
  const text = look.page.locator(selector).first();
  await until(async () => /[1-9]/.test(await textOf(text)), `${selector} has a number`);
  const before = await textOf(text);
  await until(async () => (await textOf(text)) !== before, `${selector} moves from ${before}`);
}

test('every page is there, without a complaint', { skip: SKIP }, async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '200 ms' } as const;
    const restart = { strategy: 'fixedDelay', delay: 0 } as const;
    const params = { rate: 1000, failing: join(folder, 'failed') };
    // A server with a token asks for it on the pages that show records.
    const options = { threads: 1, checkpoints, restart, params, token: NO_TOKEN };
    await whileLooking(held, orders, options, async (look) => {
      await until(async () => look.client.metrics().restarts > 0, 'it fails once');
      for (const [path, text] of PAGES) {
        await look.open(path);
        await look.page.locator('main', { hasText: text }).waitFor();
        await picture(look.page, `page-${path.replace('/', '-')}`);
      }
      assert.ok(existsSync(params.failing));
    });
  });
});

test('numbers move by themselves', { skip: SKIP }, async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '300 ms' } as const;
    const params = { rate: 1500, start: 1_700_000_000_000 };
    await whileLooking(held, orders, { threads: 1, checkpoints, params }, async (look) => {
      await look.open('overview');
      await moves(look, '[data-tile="in"] .note');
      await moves(look, '[data-tile="out"] .note');
      await moves(look, '[data-tile="checkpoints"] .value');
      await moves(look, 'tbody tr:nth-child(3) td:nth-child(7)');
      assert.match(await textOf(tile(look, 'in')), /^\d.* k?\/s$|^\d.*k\/s$/);
      assert.match(await textOf(tile(look, 'lag')), /^\d.* (ms|s)$/);
      assert.equal(await textOf(tile(look, 'restarts')), '0');
      await look.open('graph');
      await moves(look, '[data-vertex="2"] text.quiet');
      const rate = look.page.locator('[data-edge="0-2"] .rate');
      await until(async () => /^[\d.]+( k)?\/s$/.test(await textOf(rate)), 'a rate');
      const box = look.page.locator('[data-vertex="2"]');
      await until(async () => /2023-11-14|22:1\d:\d\d/.test(await box.innerHTML()), 'a watermark');
      await look.open('checkpoints');
      await moves(look, '[data-tile="completed"] .value');
      await look.page.locator('tbody button').last().click();
      await look.page.locator('.details', { hasText: 'totals by customer' }).waitFor();
    });
  });
});

test('bytes that go outside, and time that garbage takes, beside the rates', {
  skip: SKIP,
}, async () => {
  await inFolder(async (folder) => {
    const params = { out: join(folder, 'out'), rate: 20_000 };
    await whileLooking(held, kept, { threads: 1, params }, async (look) => {
      await look.open('overview');
      const note = look.page.locator('[data-tile="out"] .note');
      await until(async () => /written, [\d.]+ [KM]iB\/s$/.test(await textOf(note)), 'a rate');
      await look.page.locator('.plots', { hasText: 'collecting garbage' }).waitFor();
      await look.open('graph/1');
      await look.page.locator('.drawer', { hasText: /Written [\d.]+ [KM]iB/ }).waitFor();
      assert.equal(await look.page.locator('.drawer', { hasText: /Read \d/ }).count(), 0);
    });
  });
});

test('a checkpoint has a part of each subtask', { skip: SKIP }, async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '2 s' } as const;
    const options = { threads: 1, checkpoints, params: { rate: 100 } };
    await whileLooking(held, orders, options, async ({ page, client, open }) => {
      await until(async () => client.metrics().checkpoints.completed > 0, 'a checkpoint');
      await open('checkpoints');
      await page.locator('tbody button').last().click();
      const parts = page.locator('.details .parts tbody tr');
      const subtasks = client.metrics().tasks.flatMap((task) => task.subtasks);
      await until(async () => (await parts.count()) === subtasks.length, 'a line for each');
      const texts = await parts.allTextContents();
      for (const text of texts) assert.match(text, /\d (ms|s).*\d (B|KiB)/, texts.join('\n'));
      await picture(page, 'checkpoint-parts');
    });
  });
});

test('any metric is plotted, and stands in the address', { skip: SKIP }, async () => {
  await whileLooking(held, orders, { threads: 1, params: { rate: 1000 } }, async (look) => {
    const { page } = look;
    await look.open('metrics');
    await page.locator('[data-metric="0.numRecordsOut"] canvas').waitFor();
    await page
      .locator('label', { hasText: 'Vertex' })
      .locator('select')
      .selectOption({ label: 'totals by customer > blackhole' });
    const add = page.locator('label', { hasText: 'Metric' }).locator('select');
    await add.selectOption('totals by customer.seen');
    await page.locator('[data-metric="totals by customer.seen"] canvas').waitFor();
    await moves(look, '[data-metric="totals by customer.seen"] .now b');
    const address = page.url();
    await look.open('overview');
    await page.goto(address);
    await page.locator('[data-metric="totals by customer.seen"] canvas').waitFor();
    await page.getByLabel('Remove 0.numRecordsOut').click();
    await until(async () => (await page.locator('[data-metric]').count()) === 1, 'one is left');
  });
});

test('flame graph, threads, state, tap and logs show what the job answers', {
  skip: SKIP,
}, async () => {
  await whileLooking(held, orders, { params: { rate: 100 } }, async (look) => {
    const { page } = look;
    const leaf = (name: string, value: number, children: unknown[] = []) => ({
      name,
      value,
      children,
    });
    await answering(page, {
      'vertices/\\d+/flamegraph': {
        endTimestamp: 0,
        data: leaf('root', 10, [leaf('step', 7, [leaf('hash', 4)]), leaf('park', 3)]),
      },
      'thread-dump': {
        threads: [{ name: 'millrace 0', stack: ['work (a.ts:1)', 'loop (b.ts:2)'] }],
      },
      states: {
        operators: [
          {
            id: 'totals',
            name: 'totals by customer',
            keys: 1009,
            bytes: 2048,
            states: [
              { name: 'total', kind: 'value', keys: 1009, windows: null },
              { name: 'panes', kind: 'panes', keys: 3, windows: 42 },
            ],
          },
        ],
      },
      'states/totals/total/lookup': { found: true, value: { total: 12.5 }, subtask: 1 },
      'states/totals/panes/lookup': {
        found: true,
        value: [
          { start: 1_700_000_000_000, end: 'Infinity', values: { 'sum n': 7 } },
          { start: 1_700_000_001_000, end: 1_700_000_002_000, values: { count: 2 } },
        ],
        subtask: 0,
      },
      'edges/[\\d-]+/tap': {
        records: [
          { id: 1, product: 'tea' },
          { id: 2, price: 3 },
        ],
        sampled: 40,
      },
      logs: {
        entries: [{ seq: 1, timestamp: 0, level: 'WARN', message: 'slow sink', operator: 'x' }],
      },
    });
    await look.open('flame');
    await page.getByRole('button', { name: 'Sample' }).click();
    const bars = page.locator('.flame button');
    await bars.nth(3).waitFor();
    assert.deepEqual(await bars.allTextContents(), ['root', 'step', 'hash', 'park']);
    await bars.nth(1).click();
    assert.deepEqual(await bars.allTextContents(), ['step', 'hash']);
    await page.getByLabel('Find').fill('HA');
    assert.equal(await page.locator('.flame .wanted').textContent(), 'hash');
    await picture(page, 'answer-flame');
    await look.open('threads');
    await page.locator('pre', { hasText: 'loop (b.ts:2)' }).waitFor();
    await look.open('state');
    await page.getByLabel('Key').fill('7');
    const asked = page.waitForRequest(/lookup\?key=7$/);
    await page.getByRole('button', { name: 'Look up' }).click();
    await asked;
    await page.locator('pre.value', { hasText: '"total": 12.5' }).waitFor();
    await page.getByLabel('Key').fill('tea');
    const text = page.waitForRequest(/lookup\?key=%22tea%22$/);
    await page.getByRole('button', { name: 'Look up' }).click();
    await text;
    await page
      .locator('label', { hasText: 'State' })
      .locator('select')
      .selectOption({ label: 'totals by customer · panes' });
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.locator('.records tbody tr').first().waitFor();
    assert.deepEqual(await page.locator('.records td').allTextContents(), [
      ...['2023-11-14 22:13:20', 'Infinity', '7', ''],
      ...['2023-11-14 22:13:21', '2023-11-14 22:13:22', '', '2'],
    ]);
    await page.locator('td', { hasText: /^42$/ }).waitFor();
    await picture(page, 'answer-state');
    await look.open('tap');
    await page.getByRole('button', { name: 'Take' }).click();
    await page.locator('.records').waitFor();
    assert.deepEqual(await page.locator('.records th').allTextContents(), [
      'id',
      'product',
      'price',
    ]);
    assert.equal(await page.locator('.records tbody tr').count(), 2);
    await look.open('logs');
    await page.locator('.log .warn', { hasText: 'slow sink' }).waitFor();
    await page.getByLabel('Level').selectOption('error');
    await page.locator('.empty').waitFor();
  });
});

test('what is not offered is said, not tried again', { skip: SKIP }, async () => {
  await whileLooking(held, orders, { params: { rate: 100 }, token: NO_TOKEN }, async (look) => {
    const { page } = look;
    const paths = [
      'vertices/\\d+/flamegraph',
      'thread-dump',
      'states',
      'edges/[\\d-]+/tap',
      'logs',
    ];
    let asked = 0;
    page.on('request', (request) => {
      if (/flamegraph|thread-dump|states|tap|logs/.test(request.url())) asked++;
    });
    await answering(page, Object.fromEntries(paths.map((path, n) => [path, n % 2 ? 404 : 501])));
    for (const path of ['flame', 'threads', 'state', 'tap', 'logs']) {
      await look.open(path);
      const button = page.locator('main button.primary');
      if (path === 'flame' || path === 'tap') await button.click();
      await page.locator('.empty', { hasText: 'This job does not offer' }).waitFor();
    }
    assert.equal(asked, paths.length);
    await look.open('checkpoints');
    await page.locator('.tile', { hasText: 'savepoints only' }).waitFor();
    await look.open('exceptions');
    await page.locator('.empty', { hasText: 'Nothing has failed' }).waitFor();
  });
});
