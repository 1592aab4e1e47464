/** A real browser without a window, and jobs that it looks at. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before } from 'node:test';
import type { RunOptions, StartedJob } from 'millrace';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { CHROMIUM, CHROMIUM_PLACES, startBrowser } from '../../native-bench/dashboard/chromium.ts';

/** Why tests are skipped; false where they are not. */
export const SKIP =
  CHROMIUM === null && `no Chromium: none of ${CHROMIUM_PLACES.join(', ')} is there`;

export const TOKEN = 'open sesame';
/** For a job that nobody may change. */
export const NO_TOKEN = 'none';

const PICTURES = new URL('../../out/dashboard/', import.meta.url).pathname;

export const WIDE = { width: 1280, height: 800 } as const;
export const PHONE = { width: 390, height: 844 } as const;

/** One browser for all tests of a file. */
export function useBrowser(): { readonly browser: Browser } {
  const held: { browser?: Browser } = {};
  before(async () => {
    if (CHROMIUM !== null) held.browser = await startBrowser();
  });
  after(async () => await held.browser?.close());
  return held as { readonly browser: Browser };
}

export type Look = {
  readonly page: Page;
  /** Of the page, below which the API is. */
  readonly base: string;
  readonly client: StartedJob<Record<never, never>>;
  /** What the page has complained about so far. */
  readonly complaints: readonly string[];
  /** Opens a page of the dashboard, and waits for what it is about. */
  open(path: string): Promise<void>;
};

type Startable = { start(options: RunOptions): Promise<StartedJob<Record<never, never>>> };

/** The dashboard of a job that runs. Fails where the page complains of anything. */
export async function whileLooking(
  { browser }: { readonly browser: Browser },
  job: Startable,
  options: RunOptions,
  look: (look: Look) => Promise<void>,
  context: BrowserContextOptions = {},
): Promise<void> {
  const { token = TOKEN, ...others } = options;
  const client = await job.start({
    threads: 0,
    parallelism: 2,
    port: 0,
    ...(token === NO_TOKEN ? {} : { token }),
    ...others,
  });
  client.result().catch(() => {});
  const opened = await browser.newContext({ viewport: WIDE, ...context });
  try {
    const page = await opened.newPage();
    const complaints: string[] = [];
    const base = `http://127.0.0.1:${client.port}/`;
    page.on('console', (message) => {
      const isWrong = message.type() === 'error' || message.type() === 'warning';
      // That the API says no is for the page to tell, and the browser says it too.
      const isAnswer = message.location().url.startsWith(`${base}jobs`);
      if (isWrong && !isAnswer) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    const open = async (path: string): Promise<void> => {
      await page.goto(`${base}#/${path}`);
      await page.locator('main').waitFor();
      await page.locator('.job h1').waitFor();
    };
    await look({ page, base, client, complaints, open });
    assert.deepEqual(complaints, []);
  } finally {
    await opened.close();
    await client.cancel();
  }
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}${name}.png` });
}

/** What stands there, as a person reads it. */
export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}

/** Whether it comes to be, looked at again and again. */
export async function until(what: () => Promise<boolean>, message: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(message);
}
