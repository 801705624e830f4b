// The pages with a system that runs while one looks, such as the example shop:
// JCG_UI names the address of a collector that it sends to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, requireSound, shot } from './browser.mjs';

const url = process.env.JCG_UI?.replace(/\/?$/, '/');
const skip = url ? false : 'JCG_UI is not set: no running system to look at';
let browser;

before(async () => {
  if (!skip) browser = await launch();
});
after(() => browser?.close());

test('a live graph moves its figures and not its nodes', { skip, timeout: 120_000 }, async () => {
  const page = await browser.page();
  await page.goto(url);
  await page.locator('.graph .node').first().waitFor();
  const places = () => page.locator('.graph .node').evaluateAll((all) => Object.fromEntries(all.map((n) => [n.querySelector('.title').textContent, n.style.left + n.style.top])));
  const first = await places();
  const asked = page.waitForResponse((answer) => answer.url().includes('/map?'));
  await asked;
  await page.waitForResponse((answer) => answer.url().includes('/map?'));
  const later = await places();
  for (const [name, place] of Object.entries(first)) assert.equal(later[name], place, name);
  await shot(page, 'running-home');
  await requireSound(page, 'home');
  await page.close();
});
