/** How it looks: dark and light, on a phone, and for those who use keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { NO_TOKEN, PHONE, picture, SKIP, until, useBrowser, whileLooking } from './browser.ts';
import { orders } from './jobs/orders.ts';

const held = useBrowser();
const RATE = { params: { rate: 200 } };

/** Of the page behind everything, 0 for black to 255. */
async function brightness(page: Page): Promise<number> {
  const colour = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
  const [red, green, blue] = String(colour).match(/\d+/g)!.map(Number);
  return (red! + green! + blue!) / 3;
}

for (const colorScheme of ['light', 'dark'] as const) {
  const isDark = colorScheme === 'dark';
  test(`${colorScheme}, as the system has it, until one chooses`, { skip: SKIP }, async () => {
    await whileLooking(
      held,
      orders,
      RATE,
      async ({ page, open }) => {
        await open('overview');
        await page.locator('.plot canvas').first().waitFor();
        assert.equal((await brightness(page)) < 60, isDark);
        await picture(page, `overview-${colorScheme}`);
        const button = page.getByRole('button', { name: /^Theme/ });
        for (const [name, dark] of [
          ['light', false],
          ['dark', true],
        ] as const) {
          await button.click();
          assert.match((await button.getAttribute('aria-label'))!, new RegExp(`^Theme: ${name}`));
          assert.equal((await brightness(page)) < 60, dark);
        }
        await page.reload();
        await page.locator('.job h1').waitFor();
        assert.equal((await brightness(page)) < 60, true);
        await button.click();
        assert.equal((await brightness(page)) < 60, isDark);
      },
      { colorScheme },
    );
  });
}

const PAGES = [
  'overview',
  'graph',
  'graph/2',
  'checkpoints',
  'exceptions',
  'metrics',
  'flame',
  'threads',
  'state',
  'tap',
  'logs',
  'config',
];

test('on a phone no page is wider than the screen', { skip: SKIP }, async () => {
  // A server with a token asks for it on the pages that show records.
  await whileLooking(
    held,
    orders,
    { ...RATE, token: NO_TOKEN },
    async ({ page, open }) => {
      for (const path of PAGES) {
        await open(path);
        await page.locator('main > *').first().waitFor();
        const width = await page.evaluate('document.documentElement.scrollWidth');
        assert.equal(width, PHONE.width, path);
        if (path === 'overview' || path === 'graph/2')
          await picture(page, `phone-${path.slice(0, 5)}`);
      }
      await page.getByRole('button', { name: 'Savepoint' }).click();
      const { x, width } = (await page.getByRole('dialog').boundingBox())!;
      assert.ok(x >= 0 && x + width <= PHONE.width);
    },
    { viewport: PHONE, isMobile: true, hasTouch: true },
  );
});

async function focused(page: Page): Promise<string> {
  return String(
    await page.evaluate(
      `(document.activeElement?.getAttribute('aria-label') ?? '') || document.activeElement?.innerText`,
    ),
  );
}

test('keys lead everywhere, and one sees where one is', { skip: SKIP }, async () => {
  await whileLooking(held, orders, RATE, async ({ page, open }) => {
    await open('overview');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to the page');
    const seen: string[] = [];
    for (let n = 0; n < 16; n++) {
      await page.keyboard.press('Tab');
      seen.push(await focused(page));
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      assert.equal(outline, 'solid', seen.at(-1));
    }
    const [, ...rest] = seen;
    assert.deepEqual(rest.slice(0, 3), ['Savepoint', 'Stop', 'Cancel']);
    assert.deepEqual(rest.slice(4), [
      'Overview',
      'Graph',
      'Checkpoints',
      'Exceptions',
      'Metrics',
      'Flame graph',
      'Threads',
      'State',
      'Tap',
      'Logs',
      'Configuration',
    ]);
    await page.keyboard.press('Enter');
    await page.locator('main', { hasText: 'max parallelism' }).waitFor();
  });
});

test('the focus stays in a dialog, and goes back when it is closed', { skip: SKIP }, async () => {
  await whileLooking(held, orders, RATE, async ({ page, open }) => {
    await open('overview');
    await page.getByRole('button', { name: 'Stop', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    const inside = "document.activeElement.closest('dialog') !== null";
    for (const key of [...Array(6).fill('Tab'), ...Array(6).fill('Shift+Tab')] as string[]) {
      await page.keyboard.press(key);
      assert.equal(await page.evaluate(inside), true, key);
    }
    await page.keyboard.press('Escape');
    await until(async () => (await focused(page)) === 'Stop', 'the focus is where it was');
  });
});
