/** The stream of events: opened again when it breaks, closed while nobody looks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SKIP, textOf, until, useBrowser, whileLooking } from './browser.ts';
import { orders } from './jobs/orders.ts';

const held = useBrowser();

test('a connection that breaks is said to be lost, and comes again', { skip: SKIP }, async () => {
  await whileLooking(held, orders, { params: { rate: 200 } }, async ({ page, open }) => {
    await open('overview');
    let isBroken = false;
    await page.route('**/*', (route) => (isBroken ? route.abort() : route.continue()));
    // The stream that is open already passes no route any more: it ends when the page is hidden.
    isBroken = true;
    await page.evaluate(SHOW(true));
    await page.evaluate(SHOW(false));
    await page.locator('.notice.bad', { hasText: 'No word from the job' }).waitFor();
    assert.ok(await page.locator('[data-tile="in"]').isVisible());
    isBroken = false;
    await page.locator('.notice').waitFor({ state: 'detached' });
    const note = page.locator('[data-tile="in"] .note');
    const before = await textOf(note);
    await until(async () => (await textOf(note)) !== before, 'it moves again');
  });
});

/** As when another tab is chosen, or this one again. */
function SHOW(isHidden: boolean): string {
  return `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));`;
}

test('at rest while nobody looks', { skip: SKIP }, async () => {
  await whileLooking(held, orders, { params: { rate: 200 } }, async ({ page, open }) => {
    await open('graph/0');
    const ended = page.waitForEvent('requestfailed', (request) =>
      request.url().includes('/events'),
    );
    await page.evaluate(SHOW(true));
    await ended;
    let asked = 0;
    page.on('request', () => asked++);
    // Longer than any page waits before it asks again.
    await page.waitForTimeout(2500);
    assert.equal(asked, 0);
    const again = page.waitForRequest(/\/events\?job=\w+$/);
    await page.evaluate(SHOW(false));
    await again;
  });
});

test('what has ended while nobody looked is said to have ended, and how', {
  skip: SKIP,
}, async () => {
  await whileLooking(
    held,
    orders,
    { params: { rate: 200 } },
    async ({ page, base, client, open }) => {
      await open('overview');
      await page.locator('.uptime').waitFor();
      await page.evaluate(SHOW(true));
      const { id } = client.metrics();
      await page.route(`**/jobs/${id}`, async (route) => {
        const job = (await (await fetch(`${base}jobs/${id}`)).json()) as object;
        await route.fulfill({ json: { ...job, state: 'FINISHED' } });
      });
      await page.evaluate(SHOW(false));
      const notice = page.locator('.notice', { hasText: 'The job has ended' });
      assert.match(await textOf(notice), /^The job has ended: finished\./);
      assert.ok(await page.getByRole('button', { name: 'Cancel' }).isDisabled());
    },
  );
});

test('of several jobs one is chosen, and stands in the address', { skip: SKIP }, async () => {
  await whileLooking(held, orders, { params: { rate: 200 } }, async ({ page, client, base }) => {
    const { id, name } = client.metrics();
    const jobs = [
      { jid: 'ffffffff', name: 'another', state: 'FINISHED' },
      { jid: id, name, state: 'RUNNING' },
    ];
    await page.route('**/jobs/overview', (route) => route.fulfill({ json: { jobs } }));
    await page.goto(base);
    const choice = page.getByRole('combobox', { name: 'Job' });
    // One that runs comes before one that does not.
    await until(async () => (await choice.inputValue()) === id, 'the one that runs is shown');
    await page.route('**/jobs/ffffffff', async (route) => {
      const answer = await fetch(`${base}jobs/${id}`);
      const job = (await answer.json()) as object;
      await route.fulfill({ json: { ...job, ...jobs[0] } });
    });
    await choice.selectOption('ffffffff');
    await page.getByText('The job has ended: finished').waitFor();
    assert.match(page.url(), /\?job=ffffffff#\/overview$/);
    assert.ok(await page.getByRole('button', { name: 'Cancel' }).isDisabled());
  });
});
