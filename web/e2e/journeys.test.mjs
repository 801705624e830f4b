// Journeys through traces that the test sends itself: a small shop, names that are markup, a large chain.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { journeyTime, launch, requireSound, shot, wide } from './browser.mjs';
import { ask, missing, post, start, until } from './collector.mjs';
import { big, endless, failingOrder, hostile, markup, shop, stack } from './traces.mjs';

const now = Date.now();
let collector;
let browser;

before(async () => {
  if (missing) return;
  [collector, browser] = await Promise.all([start(), launch()]);
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
const heading = (page, text) => page.getByRole('heading', { name: text }).waitFor();
const withoutAge = (text) => text.replace(/chains?\d+\s(s|min)\sago$/, 'chains');
const chosenRow = (page) => page.locator('[role=row][aria-selected=true]');

journey('an empty page says what to do, and goes away with the first span', async () => {
  const page = await opened('');
  await heading(page, 'Waiting for the first span');
  await requireSound(page, 'welcome');
  await shot(page, 'welcome');
  const command = await page.getByLabel('Command that sends a span').textContent();
  assert.equal(spawnSync('bash', ['-c', command]).status, 0, 'the command works as it is shown');
  await heading(page, 'Latest failures');
  await page.getByRole('link', { name: 'hello GET /hello' }).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('the shop arrives', async () => {
  await post(collector, shop(now));
  await post(collector, hostile(now));
  await until(async () => (await ask(collector, 'failures?from=-1h')).failures.length >= 3, 'failures');
  await until(async () => (await ask(collector, 'map?from=-1h')).nodes.length >= 8, 'map');
});

journey('from the latest failure to where it began', async () => {
  const page = await opened('');
  await page.getByRole('link', { name: /stock POST \/reserve.*StockError/ }).click();
  await heading(page, /web GET \/checkout/);
  assert.match(page.url(), /#\/chain\/[0-9a-f]{32}\?span=[0-9a-f]{16}$/);
  const row = chosenRow(page);
  assert.match(await row.textContent(), /POST \/reserve.*origin.*stock.*error/);
  await page.getByRole('button', { name: /Root cause stock POST \/reserve failed: StockError: 3 of umbrella wanted, 1 left/ }).waitFor();
  const panel = page.locator('.side.span');
  assert.equal(await panel.getByLabel('Stack', { exact: true }).textContent(), stack);
  await panel.getByText('umbrella: 3 wanted, 1 left').first().waitFor();
  await panel.getByText('order.number').waitFor();
  await panel.getByText('reserve failed').waitFor();
  await page.close();
});

journey('from a name to its neighbourhood, an edge and a chain; reload and back keep all of it', async () => {
  const page = await opened('');
  await page.keyboard.press('/');
  await page.keyboard.type('web');
  await page.getByRole('option', { name: /Service web/ }).waitFor();
  await page.keyboard.press('Enter');
  await heading(page, /^web$/);
  await page.locator('.graph .node.focused').waitFor();
  const label = page.locator('.graph text', { hasText: '✕' }).first();
  assert.match(await label.textContent(), /^[\d.]+\/(s|min|h) · ✕.[\d.]+.% · [\d.]+.ms$/);
  const stockEdge = page.locator('.edge:has(path.bad)').nth(1).locator('.hit');
  await stockEdge.dispatchEvent('click');
  await heading(page, /^Edge/);
  const edgeURL = page.url();
  await page.getByRole('button', { name: 'Failing', pressed: true }).waitFor();
  await page.reload();
  await heading(page, /^Edge/);
  assert.equal(page.url(), edgeURL);
  await page.locator('.side .chain-row').first().click();
  await page.locator('.treegrid').waitFor();
  await page.locator('.treegrid').press('ArrowUp');
  const chosen = await chosenRow(page).getAttribute('id');
  await page.reload();
  assert.equal(await chosenRow(page).getAttribute('id'), chosen, 'a reload keeps the span');
  await page.goBack();
  await heading(page, /^Edge/);
  assert.equal(page.url(), edgeURL, 'one step back, whatever was chosen in the chain');
  await page.goBack();
  await page.locator('#operations-title').waitFor();
  await page.goForward();
  await heading(page, /^Edge/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('an ID, and a log line with one, find their chain', async () => {
  const { id } = failingOrder(now);
  for (const text of [id, id.slice(16, 24), `2026-01-31 ERROR [stock] trace_id=${id} reserve failed`]) {
    const page = await opened('');
    await page.keyboard.press('/');
    await page.keyboard.insertText(text);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.hash.startsWith('#/chain/' + id));
    await page.close();
  }
});

journey('keys alone are enough', async () => {
  const page = await opened('#/focus?service=web');
  await page.locator('.node.focused').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  const name = await page.evaluate(() => document.activeElement.querySelector('.title').textContent);
  await page.keyboard.press('Enter');
  await heading(page, name);
  await page.keyboard.press('u');
  await page.waitForURL(/up=2/);
  await page.keyboard.press('Shift+D');
  await page.waitForURL(/down=0/);
  await page.goto(collector.url + '#/chain/' + failingOrder(now).id);
  const tree = page.locator('.treegrid');
  await tree.focus();
  await page.keyboard.press('Home');
  assert.match(await chosenRow(page).textContent(), /GET \/checkout/);
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('row', { expanded: false }).waitFor();
  assert.equal(await page.getByRole('row').count(), 2, 'the head and the closed root');
  await page.reload();
  await page.getByRole('row', { expanded: false }).waitFor();
  await page.locator('.treegrid').focus();
  await page.keyboard.press('e');
  await page.locator('[role=row][aria-selected=true]', { hasText: 'POST /reserve' }).waitFor();
  await page.keyboard.press('End');
  assert.match(await chosenRow(page).textContent(), /origin/);
  await page.keyboard.press('?');
  await heading(page, 'Help');
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('names that are markup are text', async () => {
  const page = await opened('#/search?service=' + encodeURIComponent(markup));
  await page.locator('.chain-row').click();
  await heading(page, /Chain .*<img/);
  await page.locator('.side.span').getByText('Exception').waitFor();
  assert.equal(await page.locator('img, body b img').count(), 0);
  await page.locator('h1 a').click();
  await page.locator('.node.focused').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.insertText('<img');
  await page.getByRole('option').first().waitFor();
  await page.goto(collector.url + '#/focus?namespace=shop&service=' + encodeURIComponent(endless));
  await page.locator('.node.focused').waitFor();
  assert.equal(await page.locator('img').count(), 0);
  await requireSound(page, 'hostile focus');
  await page.close();
});

journey('what is wrong is told where it was typed', async () => {
  const page = await opened('#/search');
  await page.getByLabel('At least').fill('soon');
  await page.getByLabel('At least').press('Enter');
  await page.locator('.for-minDuration.wrong').getByText(/must be a duration/).waitFor();
  await page.getByLabel('At least').fill('1ms');
  await page.getByLabel('At least').press('Enter');
  await page.locator('.chain-row').first().waitFor();
  assert.equal(await page.locator('.wrong').count(), 0);
  await page.close();
});

journey('search by attribute and outcome, older chains on demand', async () => {
  const page = await opened('#/search');
  await page.getByRole('button', { name: 'Older chains' }).click();
  await until(async () => (await page.locator('.chain-row').count()) > 30, 'a second page');
  const ids = await page.locator('.chain-row code').allTextContents();
  assert.equal(new Set(ids).size, ids.length, 'no chain is there twice');
  await page.getByLabel('Attributes').fill('order.number=order-33');
  await page.getByLabel('Outcome').selectOption('failed');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await until(async () => (await page.locator('.chain-row').count()) === 1, 'one chain');
  await page.close();
});

journey('a live list does not move what is under the pointer', async () => {
  const page = await opened('');
  const first = page.locator('.failures li').first();
  await first.waitFor();
  const text = await first.textContent();
  const place = await first.boundingBox();
  await first.hover();
  const late = big(Date.now() + 9000, 30, 'late');
  await post(collector, late.request);
  await page.locator('.failures li', { hasText: 'DeepError' }).waitFor();
  assert.deepEqual(await first.boundingBox(), place);
  assert.equal(withoutAge(await first.textContent()), withoutAge(text));
  await page.mouse.move(700, 5);
  const handled = page.locator('.divider + .list li').first();
  await until(async () => /DeepError/.test(await handled.textContent()), 'the newest comes first');
  await page.close();
});

journey('a chain of 2,000 spans draws what is seen and scrolls to what is not', async () => {
  const { trace, request } = big(now - 600_000);
  await post(collector, request);
  const page = await opened('#/chain/' + trace.id);
  await chosenRow(page).waitFor();
  assert.equal(await page.locator('.treegrid').getAttribute('aria-rowcount'), '2001');
  assert.ok((await page.getByRole('row').count()) < 120);
  assert.match(await chosenRow(page).textContent(), /operation 1995.*origin/);
  await page.locator('.treegrid').press('Home');
  await page.locator('#row-0[aria-selected=true]').waitFor();
  await page.locator('.treegrid').press('End');
  await page.locator('#row-1999[aria-selected=true]').waitFor();
  const box = await chosenRow(page).boundingBox();
  assert.ok(box.y > 0 && box.y + box.height <= wide.height, 'the last span is in sight');
  await page.getByRole('button', { name: 'Only what failed' }).click();
  await until(async () => (await page.getByRole('row').count()) < 15, 'the way to the failure alone');
  await page.close();
});

journey('links in the form of Jaeger lead to the chain', async () => {
  const { id } = failingOrder(now);
  const page = await opened('trace/' + id);
  await page.waitForURL((url) => url.hash === '#/chain/' + id);
  await chosenRow(page).waitFor();
  await page.close();
});

journey('under a prefix everything is where it was', async () => {
  const prefixed = await start('yaml:extensions::call_graph_query::base_path: /graph');
  try {
    await post(prefixed, shop(Date.now()));
    await until(async () => (await ask(prefixed, 'failures?from=-1h')).failures.length > 0, 'failures');
    const page = await browser.page();
    await page.goto(prefixed.url + 'graph');
    await page.locator('.failure', { hasText: 'stock' }).click();
    await page.locator('.side.span .stack').waitFor();
    assert.match(page.url(), /\/graph\/#\/chain\//);
    await page.goto(prefixed.url + 'graph/trace/' + failingOrder(now).id);
    await page.waitForURL((url) => url.pathname === '/graph/' && url.hash.startsWith('#/chain/'));
    await chosenRow(page).waitFor();
    assert.deepEqual(page.faults, []);
    await page.close();
  } finally {
    await prefixed.stop();
  }
});

journey('a collector that goes away is told, and what was seen stays', async () => {
  const page = await opened('');
  await page.locator('.failure').first().waitFor();
  await page.route('**/api/**', (route) => route.abort());
  await page.getByText('The collector does not answer').waitFor();
  assert.ok(await page.locator('.failure').first().isVisible());
  await page.unroute('**/api/**');
  await page.getByText('The collector does not answer').waitFor({ state: 'detached' });
  await page.close();
});
