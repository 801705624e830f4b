// Debian's Chromium, pages of two widths and two themes, and what every page must be.
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const executablePath = process.env.JCG_CHROMIUM || '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = fileURLToPath(new URL('screenshots', import.meta.url));

export const wide = { width: 1440, height: 900 };
export const narrow = { width: 390, height: 844 };

/** patience of each wait for a page: a busy machine may stand still for half a minute. A journey has time for several. */
const patience = 90_000;
export const journeyTime = { timeout: 400_000 };

export async function launch() {
  const browser = await chromium.launch({ executablePath, args });
  return {
    /** page with faults: what its console and its requests said that they should not. */
    async page({ viewport = wide, dark = false } = {}) {
      const context = await browser.newContext({ viewport, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', locale: 'en-US' });
      context.setDefaultTimeout(patience);
      const page = await context.newPage();
      const faults = [];
      page.on('pageerror', (error) => faults.push('error: ' + error.message));
      page.on('console', (message) => message.type() === 'error' && !expected(message.text()) && faults.push('console: ' + message.text()));
      page.on('dialog', async (dialog) => { faults.push('dialog: ' + dialog.message()); await dialog.dismiss(); });
      return Object.assign(page, { faults });
    },
    close: () => browser.close(),
  };
}

/** expected are the browser's own lines about answers that the page shows in words. */
const expected = (text) => /status of (400|404)/.test(text);

export async function shot(page, name) {
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: join(shots, name + '.png') });
}

/** requireSound: axe finds nothing, nothing is wider than the window, nothing was complained of. */
export async function requireSound(page, where) {
  const found = await page.evaluate(async (source) => {
    if (!globalThis.axe) (0, eval)(source);
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + n.any.map((a) => a.message).join('; ')).join(' | ')}`);
  }, axe).catch(async (cause) => {
    throw new Error(`${where}: ${cause.message}`);
  });
  assert.deepEqual(found, [], `${where}: axe`);
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(beyond <= 0, `${where}: ${beyond} px wider than the window`);
  assert.deepEqual(page.faults, [], where);
}
