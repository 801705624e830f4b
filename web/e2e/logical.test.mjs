// Logical chains through a real collector: an order over hours, one of five
// thousand chains, and what the shop teaches about its dependencies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { journeyTime, launch, narrow, requireSound, shot, wide } from './browser.mjs';
import { ask, built, missing, post, start, until } from './collector.mjs';
import { many, markup, story } from './traces.mjs';

const now = Date.now();
const total = 5000;
let collector;
let browser;
let shop;

before(async () => {
  if (missing) return;
  [collector, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser?.close();
  if (shop) {
    const ended = new Promise((resolve) => shop.once('exit', resolve));
    shop.kill('SIGTERM');
    await ended;
  }
  await collector?.stop();
});

const journey = (name, steps, skip = missing) => test(name, { skip, ...journeyTime }, steps);

async function opened(hash, options) {
  const page = await browser.page(options);
  await page.goto(collector.url + hash);
  return page;
}
const plain = (text) => text.replaceAll('\u00a0', ' ');
const path = (kind, value) => `logical-chains/${encodeURIComponent(kind)}/${encodeURIComponent(value)}`;

journey('an order over hours: what happened when, how long nothing did, and why it ended', async () => {
  await post(collector, story(now));
  await until(async () => (await ask(collector, path('order', '4711'))).sections.length === 4, 'sections of the order');
  const page = await opened('');
  await page.keyboard.press('/');
  await page.keyboard.insertText('4711');
  await page.getByRole('option', { name: /order 4711/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'order 4711' }).waitFor();
  await page.locator('.section').nth(3).waitFor();
  assert.deepEqual((await page.locator('.sections > .wait').allTextContents()).map(plain), ['waited 1 min 30 s', 'waited 2 h 58 min', 'waited 1 h 58 min']);
  await page.locator('.section', { hasText: 'POST /shipments' }).getByText(/Root cause carrier POST \/book failed: CarrierError: this address is not served/).waitFor();
  await page.locator('.linked').getByRole('link', { name: 'payment P-4711' }).waitFor();
  await page.locator('.linked').getByRole('link', { name: 'waybill W-4711' }).waitFor();
  await requireSound(page, 'order');
  await page.locator('.section', { hasText: 'POST /shipments' }).getByRole('button').click();
  await page.locator('.section-body [role=row][aria-selected=true]', { hasText: 'origin' }).waitFor();
  const [took, line] = await Promise.all(['.took', '.line'].map((of) => page.locator('.section-body .rows .row').first().locator(of).boundingBox()));
  assert.ok(took.x + took.width <= line.x, 'the tree looks as it does on its own page');
  await shot(page, 'real-order');
  await page.getByRole('button', { name: 'Follow fewer links' }).click();
  await page.getByRole('button', { name: 'Follow fewer links' }).click();
  await page.waitForURL(/links=0/);
  await until(async () => (await page.locator('.section').count()) === 3, 'without the payment’s own chain');
  await page.locator('.section-link').last().click();
  await page.getByRole('link', { name: 'order 4711' }).first().click();
  await page.getByRole('heading', { name: 'order 4711' }).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('spans of a business key can be downloaded', async () => {
  const page = await opened('#/key/order/4711');
  const link = page.getByRole('link', { name: 'spans as OTLP JSON' });
  await link.waitFor();
  const { resourceSpans } = await page.evaluate((href) => fetch(href).then((a) => a.json()), await link.getAttribute('href'));
  assert.ok(resourceSpans.length > 3);
  await page.close();
});

journey('a key that is markup, with slashes, percent signs and other scripts, is text and found', async () => {
  const number = `${markup}/../%2F?a=b#ö שלום`;
  await post(collector, story(now, number));
  await until(async () => (await ask(collector, path('order', number))).sections.length === 4, 'sections of the strange order');
  const page = await opened('');
  await page.keyboard.press('/');
  await page.keyboard.insertText(number);
  await page.getByRole('option', { name: /Key order/ }).click();
  await page.locator('.section').nth(3).waitFor();
  await page.reload();
  await page.locator('.section').nth(3).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  await requireSound(page, 'strange order');
  await page.close();
});

journey('five thousand chains over thirty days open at once', async () => {
  for (let from = 0; from < total; from += 500) await post(collector, many(now, 'busy', from, from + 500, total));
  await until(async () => (await ask(collector, path('order', 'busy'))).traces === total, 'all chains');
  const page = await opened('#/');
  await page.evaluate(() => (location.hash = '#/key/order/busy'));
  const begun = Date.now();
  await page.locator('.section').nth(49).waitFor();
  console.log(`5000 chains: first page seen after ${Date.now() - begun} ms`);
  await page.getByText('50 of 5,000').waitFor();
  await page.getByText(/jcg export --key order=busy/).waitFor();
  await page.getByRole('button', { name: 'Later chains' }).click();
  await page.locator('.section').nth(99).waitFor();
  await page.locator('.section', { hasText: 'Root cause' }).first().waitFor();
  await requireSound(page, 'busy order');
  await shot(page, 'real-busy');
  await page.close();
});

const noShop = missing || (existsSync(built('shop')) ? false : 'no shop at build/shop: make build/shop');

journey('before anything failed the list of dependencies says what verdicts need', async () => {
  const page = await opened('#/dependencies');
  await page.getByText('A verdict needs failures').waitFor();
  await requireSound(page, 'no dependencies');
  await shot(page, 'real-dependencies-none');
  await page.close();
});

journey('the shop teaches which of its dependencies are strong', async () => {
  shop = spawn(built('shop'), ['up', '--collector', collector.compact], { stdio: 'ignore' });
  const strengths = async () => Object.fromEntries((await ask(collector, 'dependencies?service=order&limit=500')).dependencies.map((d) => [d.callee.peer + ' ' + d.strength, d.id]));
  await until(async () => {
    const found = await strengths();
    return Object.keys(found).some((k) => /^stock (strong|conditional)/.test(k)) // strong for errors, weak for soft ones
      && Object.keys(found).some((k) => /^loyalty weak/.test(k));
  }, 'order → stock strong or conditional, order → loyalty weak', 300_000);
  const page = await opened('#/dependencies?service=order');
  await page.getByRole('row', { name: /order.*stock.*(strong|conditional)/ }).first().waitFor();
  for (const [size, viewport] of Object.entries({ wide, narrow })) {
    for (const dark of [false, true]) {
      const other = await opened('#/dependencies', { viewport, dark });
      await other.locator('.dependency-link').first().waitFor();
      await shot(other, `shop-dependencies-${size}-${dark ? 'dark' : 'light'}`);
      await requireSound(other, 'shop dependencies');
      await other.close();
    }
  }
  await page.getByRole('link', { name: /order.*loyalty/ }).first().click();
  await page.locator('.verdict-words', { hasText: 'weak' }).waitFor();
  await page.locator('.example').first().waitFor();
  await shot(page, 'shop-dependency');
  await requireSound(page, 'shop dependency');
  await page.locator('.example').first().click();
  await page.locator('[role=row][aria-selected=true] .verdict', { hasText: 'weak' }).waitFor();
  await page.locator('.treegrid').press('s');
  await page.locator('.evidence-panel .classes').waitFor();
  await shot(page, 'shop-evidence');
  await requireSound(page, 'shop evidence');
  await page.close();
}, noShop);

journey('an edge says how strong it is and leads to the evidence', async () => {
  const page = await opened('#/focus?service=order');
  await page.getByRole('button', { name: /Edge from order to loyalty/ }).click();
  await page.locator('.strengths', { hasText: 'weak' }).waitFor();
  await page.locator('.strengths li a', { hasText: 'loyalty' }).first().waitFor();
  await shot(page, 'shop-edge');
  await requireSound(page, 'shop edge');
  await page.locator('.strengths li a').first().click();
  await page.locator('.verdict-words').waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
}, noShop);

journey('beside a service stands no empty box of its name', async () => {
  const { nodes, edges } = await ask(collector, 'neighbourhood?service=order&up=1&down=1');
  const linked = (i) => edges.some((e) => e.caller === i || e.callee === i);
  assert.ok(nodes.some((n) => n.service === 'order' && n.kind === 'observed'));
  assert.deepEqual(nodes.filter((n, i) => n.service === 'order' && n.kind === 'virtual' && !linked(i)), []);
}, noShop);

journey('a topic is named once in the list of dependencies', async () => {
  const page = await opened('#/dependencies?service=order&q=publish');
  const name = page.locator('.dependency-link').first();
  await name.waitFor();
  assert.match(await name.textContent(), /calls orderspublish$/);
  assert.match(await name.locator('.name').last().getAttribute('title'), /^orders: orders publish$/);
  await page.close();
}, noShop);

journey('an order of the shop is one logical chain from the customer to the carrier', async () => {
  const { chains } = await ask(collector, 'chains?service=delivery&limit=20&from=-1h');
  let found;
  for (const { traceId } of chains) {
    const { chain } = await ask(collector, 'chains/' + traceId);
    const key = chain.keys.find((k) => k.kind === 'order');
    if (key && (await ask(collector, path('order', key.value))).sections.length > 1) found = key;
    if (found) break;
  }
  assert.ok(found, 'an order with several chains');
  const page = await opened(`#/key/order/${encodeURIComponent(found.value)}`);
  await page.locator('.section').nth(1).waitFor();
  await page.locator('.facts', { hasText: /State\s*(paid|cancelled|refused)/ }).waitFor();
  await shot(page, 'shop-order');
  await requireSound(page, 'shop order');
  await page.close();
}, noShop);
