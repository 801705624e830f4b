// What a new user stumbled over once: lists that stayed, keys that did nothing, words that were missing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { journeyTime, launch, narrow, requireSound } from './browser.mjs';
import { ask, missing, post, start, until } from './collector.mjs';
import { failingOrder, hostile, patience, requests, shop } from './traces.mjs';

const now = Date.now();
let collector;
let browser;

before(async () => {
  if (missing) return;
  [collector, browser] = await Promise.all([start(), launch()]);
  await post(collector, shop(now));
  await post(collector, hostile(now));
  await post(collector, requests([patience(now)]));
  await until(async () => (await ask(collector, 'failures?from=-1h')).failures.length >= 4, 'failures');
  await until(async () => (await ask(collector, 'map?from=-1h')).nodes.length >= 10, 'map');
});
after(async () => {
  await browser?.close();
  await collector?.stop();
});

const journey = (name, steps) => test(name, { skip: missing, ...journeyTime }, steps);

async function opened(hash, options) {
  const page = await browser.page(options);
  await page.goto(collector.url + hash);
  return page;
}
const focusedText = (page) => page.evaluate(() => document.activeElement.textContent);

journey('fewer hops under the pointer: edges that are gone go', async () => {
  const page = await opened('#/focus?service=web&down=2');
  const rows = page.locator('.edges tbody tr');
  await rows.filter({ hasText: 'cart-db' }).waitFor();
  await page.locator('.edges thead').hover();
  await page.keyboard.press('Shift+D');
  await rows.filter({ hasText: 'cart-db' }).waitFor({ state: 'detached' });
  await page.keyboard.press('Shift+D');
  await rows.filter({ hasText: 'stock' }).waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('another window under the pointer shows its own failures', async () => {
  const page = await opened('');
  await page.locator('.failure').first().waitFor();
  await page.locator('#failures-title').hover();
  await page.evaluate(() => { location.hash = '#/?from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z'; });
  await page.locator('.failure').first().waitFor({ state: 'detached' });
  await page.close();
});

journey('keys work without a press of the mouse', async () => {
  const page = await opened('#/chain/' + failingOrder(now).id);
  await page.locator('.treegrid:focus').waitFor();
  await page.keyboard.press('Home');
  await page.locator('#row-0[aria-selected=true]').waitFor();
  await page.goto(collector.url + '#/focus?service=web');
  await page.locator('.node.focused:focus').waitFor();
  await page.goto(collector.url + '#/');
  await page.locator('#map-title').waitFor(); // the page before had a graph too
  await page.locator('.graph .node').first().waitFor();
  await page.keyboard.press('ArrowRight');
  await page.locator('.graph a.node:focus').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('nothing=here');
  await page.getByText('No span has nothing=here in the last 15 minutes').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.getByLabel('Search', { exact: true }).inputValue(), '');
  await page.close();
});

journey('Enter on the node in focus changes nothing', async () => {
  const page = await opened('#/focus?service=web&up=0&down=2');
  await page.locator('.node.focused:focus').waitFor();
  const before = page.url();
  await page.keyboard.press('Enter');
  await page.locator('.stepper', { hasText: '2 hops of callees' }).waitFor();
  assert.equal(page.url(), before);
  await page.close();
});

journey('a node’s environment is not what the page is narrowed to', async () => {
  const page = await opened('');
  await page.locator('.graph a.node', { hasText: 'stock' }).click();
  await page.locator('.node.focused').waitFor();
  assert.match(page.url(), /nodeEnvironment=test/);
  assert.equal(await page.getByLabel('Environment').inputValue(), '');
  await page.getByRole('link', { name: 'JCallGraph' }).click();
  await page.locator('.failure').first().waitFor();
  assert.match(page.url(), /#\/$/);
  await page.close();
});

journey('a press anywhere in a row chooses its edge; the failing share leads to its chains', async () => {
  const page = await opened('#/focus?service=stock');
  await page.locator('.edges tbody tr', { hasText: 'web' }).locator('td').last().click();
  await page.getByRole('heading', { name: /^Edge/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#operations-title').waitFor();
  await page.locator('.overview a.bad').click();
  await page.waitForURL(/search\?.*outcome=failed/);
  await page.locator('.chain-row').first().waitFor();
  await page.close();
});

journey('the chains of an edge between services can be searched', async () => {
  const page = await opened('#/focus?service=web');
  await page.locator('.edges tbody tr').filter({ hasText: 'stock' }).locator('td').last().click();
  await page.getByText('search them').click();
  await page.locator('.chain-row').first().waitFor();
  assert.doesNotMatch(page.url(), /undefined/);
  await page.close();
});

journey('rows of a chain follow a window that becomes narrow', async () => {
  const page = await opened('#/chain/' + (await ask(collector, 'failures?from=-1h')).failures[0].latest.traceId);
  const rows = page.locator('[role=treegrid] .rows [role=row]');
  await rows.nth(1).waitFor();
  await page.setViewportSize(narrow);
  await until(async () => {
    const [first, second] = await Promise.all([rows.nth(0).boundingBox(), rows.nth(1).boundingBox()]);
    return second.y >= first.y + first.height;
  }, 'rows that do not overlap');
  await page.close();
});

journey('an unknown page says so', async () => {
  const page = await opened('#/nosuch');
  await page.getByText('No such page').last().waitFor();
  await page.getByRole('link', { name: 'the start' }).click();
  await page.locator('.failure').first().waitFor();
  await page.goto(collector.url + '#/focus?service=nobody');
  await page.getByText('No calls of it').waitFor();
  assert.equal(await page.getByRole('link', { name: 'its chains' }).count(), 0);
  await page.close();
});

journey('every bad field is marked', async () => {
  const page = await opened('#/search');
  await page.getByLabel('At least').fill('soon');
  await page.getByLabel('Attributes').fill('no sign');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await until(async () => (await page.locator('.field.wrong').count()) === 2, 'two fields');
  await requireSound(page, 'wrong fields');
  await page.close();
});

journey('attempts are numbered, and who ran still when its caller gave up is walked to', async () => {
  const page = await opened('#/chain/' + patience(now).id);
  await page.getByRole('row', { name: /attempt 2\/2/ }).waitFor();
  assert.equal(await page.getByText(/attempt \d\/2/).count(), 2);
  await page.getByRole('button', { name: /was still running when order gave up after 401.ms/ }).first().click();
  await page.locator('.waiter').getByText(/Still running when order POST \/pick gave up after 401.ms/).waitFor();
  await page.locator('.waiter').getByText('TimeoutException').waitFor();
  await requireSound(page, 'who was waited for');
  await page.keyboard.press('Shift+E');
  await page.locator('[role=row][aria-selected=true]', { hasText: 'client' }).waitFor();
  await page.keyboard.press('e');
  await page.locator('[role=row][aria-selected=true]', { hasText: 'origin' }).waitFor();
  await page.locator('.side.span').getByText('http.response.status_code = 499').waitFor();
  await page.locator('.waiter button.link').click();
  await page.locator('[role=row][aria-selected=true]', { hasText: 'attempt' }).waitFor();
  await page.close();
});

journey('figures of nodes fit', async () => {
  for (const viewport of [narrow, { width: 1440, height: 900 }]) {
    const page = await opened('#/?from=-1h', { viewport });
    await page.locator('.graph .node').first().waitFor();
    const cut = await page.locator('.node .figures > *, .node .figures').evaluateAll((all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).map((e) => e.textContent));
    assert.deepEqual(cut, []);
    await page.close();
  }
});
