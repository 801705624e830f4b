// Logical chains and strengths on made-up answers: all that can be seen, sound
// in both themes, on wide and narrow screens; and that the keyboard is enough.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { executablePath, launch, narrow, requireSound, shot, wide } from './browser.mjs';
import { dependencies, everything, key, serveAnswers, strange } from './answers.mjs';

const now = Date.now();
const skip = existsSync(executablePath) ? false : `no browser at ${executablePath}`;
let server;
let browser;

before(async () => {
  if (skip) return;
  [server, browser] = await Promise.all([serveAnswers(everything(now)), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const journey = (name, steps) => test(name, { skip, timeout: 120_000 }, steps);
const [strong, conditional, injected, declared, hostile] = dependencies(now).map((d) => d.id);
const chainID = 'abc0000001'.padStart(32, '0');
const hostileHash = (() => {
  const { kind, value } = strange(now).key;
  return `#/key/${encodeURIComponent(kind)}/${encodeURIComponent(value)}`;
})();

async function opened(hash, options) {
  const page = await browser.page(options);
  await page.goto(server.url + hash);
  return page;
}
const heading = (page, name) => page.getByRole('heading', { name }).waitFor();

const views = {
  'key': ['#/key/order/4711', '.section-link'],
  'key-open': [`#/key/order/4711?open=${'abc0000004'.padStart(32, '0')}`, '.section-body [role=row]'],
  'key-one': ['#/key/order/one', '.section-link'],
  'key-month': ['#/key/customer/C-1?pages=3', '.section-link'],
  'key-hostile': [hostileHash, '.section-link'],
  'key-missing': ['#/key/order/none', '.empty'],
  'dependencies': ['#/dependencies', '.dependency-link'],
  'dependency': ['#/dependency/' + conditional, '.example'],
  'dependency-injected': ['#/dependency/' + injected, '.example'],
  'dependency-declared': ['#/dependency/' + declared, '.classes'],
  'dependency-hostile': ['#/dependency/' + hostile, '.passed li'],
  'dependency-missing': ['#/dependency/00000000000000ff', '.empty'],
  'chain-strength': [`#/chain/${chainID}`, '.tag.verdict'],
  'chain-evidence': [`#/chain/${chainID}?span=0000000000000014&evidence=${conditional}`, '.evidence-panel .classes'],
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
        assert.equal(await page.locator('img').count(), 0);
        await page.close();
      }
    }
  });
}
