/** A real browser without a window, where one is installed. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

export const CHROMIUM_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
] as const;

/** Null where there is none. */
export const CHROMIUM =
  process.env.CHROMIUM ?? CHROMIUM_PLACES.find((path) => existsSync(path)) ?? null;

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Playwright gives it a new, empty profile, and removes it. */
export async function startBrowser(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error(`there is no Chromium: ${CHROMIUM_PLACES.join(', ')}`);
  return await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}
