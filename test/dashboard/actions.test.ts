/** Savepoint, stop and cancel by their buttons: asked for first, with the token where the server wants it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inFolder } from '../connector/read-all.ts';
import {
  type Look,
  NO_TOKEN,
  picture,
  SKIP,
  TOKEN,
  textOf,
  until,
  useBrowser,
  whileLooking,
} from './browser.ts';
import { orders } from './jobs/orders.ts';

const held = useBrowser();
const RATE = { params: { rate: 200 } };

async function giveToken({ page }: Look, token: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Token' });
  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Use it' }).click();
}

test('a savepoint, after a token that is wrong and one that is right', { skip: SKIP }, async () => {
  await inFolder(async (folder) => {
    await whileLooking(held, orders, RATE, async (look) => {
      const { page } = look;
      await look.open('overview');
      await page.getByRole('button', { name: 'Savepoint' }).click();
      const dialog = page.getByRole('dialog', { name: 'Savepoint: orders' });
      const dir = join(folder, 'savepoint');
      await dialog.getByLabel(/Directory/).fill(dir);
      await picture(page, 'dialog-savepoint');
      await dialog.getByRole('button', { name: 'Take it' }).click();
      await giveToken(look, 'wrong');
      await page.getByText('The token is not the right one').waitFor();
      await giveToken(look, TOKEN);
      await page.locator('.toast', { hasText: dir }).waitFor();
      assert.ok(existsSync(dir));
      assert.equal(await page.evaluate('localStorage.length'), 0);
      assert.equal(await page.evaluate('sessionStorage.length'), 1);
      // The same directory again: the job says why not, and the dialog stays.
      await page.getByRole('button', { name: 'Savepoint' }).click();
      await dialog.getByLabel(/Directory/).fill(dir);
      await dialog.getByRole('button', { name: 'Take it' }).click();
      await dialog.getByRole('alert').waitFor();
      await dialog.getByRole('button', { name: 'Back' }).click();
      await dialog.waitFor({ state: 'detached' });
    });
  });
});

test('cancelled only when that is confirmed; then the page tells of the end', {
  skip: SKIP,
}, async () => {
  await whileLooking(held, orders, RATE, async (look) => {
    const { page, client } = look;
    await look.open('overview');
    const button = page.getByRole('button', { name: 'Cancel', exact: true });
    const dialog = page.getByRole('dialog', { name: 'Cancel: orders' });
    for (const refuse of ['Escape', 'Back']) {
      await button.click();
      await dialog.waitFor();
      if (refuse === 'Escape') await page.keyboard.press('Escape');
      else await dialog.getByRole('button', { name: refuse }).click();
      await dialog.waitFor({ state: 'detached' });
    }
    assert.equal(client.status().state, 'running');
    await button.click();
    await dialog.getByRole('button', { name: 'Cancel the job' }).click();
    // Without a token nothing happens.
    await page.getByRole('dialog', { name: 'Token' }).getByRole('button', { name: 'Back' }).click();
    await dialog.getByRole('alert', { name: '' }).waitFor();
    assert.equal(client.status().state, 'running');
    await dialog.getByRole('button', { name: 'Cancel the job' }).click();
    await giveToken(look, TOKEN);
    await page.getByText('The job has ended: canceled').waitFor();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
    assert.equal(await button.isDisabled(), true);
    await picture(page, 'ended');
  });
});

test('stopped behind a savepoint', { skip: SKIP }, async () => {
  await inFolder(async (folder) => {
    await whileLooking(held, orders, RATE, async (look) => {
      const { page, client } = look;
      await look.open('overview');
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Stop: orders' });
      await dialog.getByLabel(/Directory/).fill(join(folder, 'last'));
      await dialog.getByRole('button', { name: 'Stop the job' }).click();
      await giveToken(look, TOKEN);
      await page.locator('.toast', { hasText: 'Stopped' }).waitFor();
      assert.equal((await client.result()).state, 'stopped');
    });
  });
});

test('a server that wants the token for everything is asked with it', { skip: SKIP }, async () => {
  await whileLooking(held, orders, { ...RATE, host: '0.0.0.0' }, async (look) => {
    const { page, base } = look;
    await page.goto(base);
    const dialog = page.getByRole('dialog', { name: 'Token' });
    await dialog.getByRole('button', { name: 'Back' }).click();
    // It goes on to try, and does not put the same question again.
    for (let n = 0; n < 2; n++) await page.waitForResponse(/jobs\/overview$/);
    await page.getByText('this needs the token').waitFor();
    assert.equal(await dialog.count(), 0);
    await page.reload();
    await giveToken(look, TOKEN);
    await page.getByRole('heading', { name: 'orders', exact: true }).waitFor();
    const note = page.locator('[data-tile="in"] .note');
    await until(async () => /[1-9]/.test(await textOf(note)), 'events come');
  });
});

test('where nobody may change the job, that is what one is told', { skip: SKIP }, async () => {
  await whileLooking(held, orders, { ...RATE, token: NO_TOKEN }, async (look) => {
    const { page } = look;
    await look.open('overview');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cancel the job' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'needs a token' }).waitFor();
  });
});
