// How every page looks: sound for axe, no wider than the window, nothing in the
// console; in both themes, on wide and narrow screens. Screenshots are left to be looked at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { journeyTime, launch, narrow, requireSound, shot, wide } from './browser.mjs';
import { ask, missing, post, start, until } from './collector.mjs';
import { failingOrder, hostile, shop } from './traces.mjs';

const now = Date.now();
let collector;
let browser;

before(async () => {
  if (missing) return;
  [collector, browser] = await Promise.all([start(), launch()]);
  await post(collector, shop(now));
  await post(collector, hostile(now));
  await until(async () => (await ask(collector, 'failures?from=-1h')).failures.length >= 3, 'failures');
  await until(async () => (await ask(collector, 'map?from=-1h')).nodes.length >= 8, 'map');
});
after(async () => {
  await browser?.close();
  await collector?.stop();
});

const journey = (name, steps) => test(name, { skip: missing, ...journeyTime }, steps);

/** opened is a page at a hash; the caller closes it. */
async function opened(hash, options) {
  const page = await browser.page(options);
  await page.goto(collector.url + hash);
  return page;
}

const views = {
  home: ['', '.failures li'],
  quiet: ['#/?from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z', '.empty'],
  focus: ['#/focus?service=web', '.node.focused'],
  operation: ['#/focus?service=web&operation=GET+%2Fcheckout&up=2&down=2', '.node.focused'],
  unseen: ['#/focus?service=nobody', '.empty'],
  search: ['#/search', '.chain-row'],
  chain: ['#/chain/' + failingOrder(now).id, '.side.span .part'],
  missing: ['#/chain/12345678', '.empty'],
  help: ['#/help', 'dl'],
};

for (const [name, [hash, ready]] of Object.entries(views)) {
  journey(`${name}: sound in both themes, on wide and narrow screens`, async () => {
    for (const [size, viewport] of Object.entries({ wide, narrow })) {
      for (const dark of [false, true]) {
        const page = await opened(hash, { viewport, dark });
        await page.locator(ready).first().waitFor();
        const where = `${name}-${size}-${dark ? 'dark' : 'light'}`;
        await shot(page, where);
        await requireSound(page, where);
        await page.close();
      }
    }
  });
}

journey('the edge and the search list: sound too', async () => {
  for (const [size, viewport] of Object.entries({ wide, narrow })) {
    const page = await opened('#/focus?service=web', { viewport });
    await page.getByRole('button', { name: /Edge from web to stock/ }).click();
    await page.locator('.side .chain-row').first().waitFor();
    await shot(page, `edge-${size}`);
    await requireSound(page, 'edge');
    await page.keyboard.press('/');
    await page.keyboard.type('s');
    await page.getByRole('option').first().waitFor();
    await shot(page, `box-${size}`);
    await requireSound(page, 'search list');
    await page.close();
  }
});

journey('the theme that was chosen stays', async () => {
  const page = await opened('#/help');
  await page.getByRole('button', { name: 'Dark theme' }).click();
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  assert.equal(await ground(), 'rgb(20, 22, 26)');
  await page.reload();
  await page.getByRole('heading', { name: 'Help' }).waitFor();
  assert.equal(await ground(), 'rgb(20, 22, 26)');
  await page.close();
});
