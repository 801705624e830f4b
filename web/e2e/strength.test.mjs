// Logical chains and strengths on made-up answers: all that can be seen, sound
// in both themes, on wide and narrow screens; and that the keyboard is enough.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { executablePath, journeyTime, launch, narrow, requireSound, shot, wide } from './browser.mjs';
import { until } from './collector.mjs';
import { dependencies, everything, serveAnswers, strange } from './answers.mjs';

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

const journey = (name, steps) => test(name, { skip, ...journeyTime }, steps);
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

journey('from a business key to the chain that failed and back; all of it is in the URL', async () => {
  const page = await opened('#/');
  await page.keyboard.press('/');
  await page.keyboard.insertText('4711');
  await page.getByRole('option', { name: /Key order 4711/ }).waitFor();
  await page.keyboard.press('Enter');
  await heading(page, 'order 4711');
  assert.match(page.url(), /#\/key\/order\/4711\?/);
  assert.deepEqual(await page.locator('.sections > .wait').allTextContents().then((all) => all.map((t) => t.replaceAll('\u00a0', ' '))), ['waited 2 h 59 min', 'waited 1 h 57 min']);
  await page.getByText('not followed: more than 20 links').waitFor();
  await page.getByText(/its spans are not kept any more/).waitFor();
  await page.getByText(/Root cause carrier POST \/shipments failed: CarrierError: address is not served/).waitFor();
  assert.equal(await page.title(), 'order 4711 – JCallGraph');
  await page.locator('.sections .caret-of').nth(3).click();
  await page.locator('.section-body [role=row][aria-selected=true]', { hasText: 'origin' }).waitFor();
  await page.locator('.section-body .treegrid').press('ArrowUp');
  const chosen = await page.locator('.section-body [role=row][aria-selected=true]').getAttribute('id');
  await page.reload();
  assert.equal(await page.locator('.section-body [role=row][aria-selected=true]').getAttribute('id'), chosen, 'a reload keeps section and span');
  await page.getByRole('link', { name: 'open the chain there' }).click();
  await page.locator('.side.span').waitFor();
  await page.getByRole('link', { name: 'payment P-99' }).waitFor();
  await page.goBack();
  await page.locator('.section-body').waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('keys alone are enough for a logical chain', async () => {
  const page = await opened('#/key/order/4711');
  await page.locator('.section-link').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /payment.*POST \/charge/);
  await page.keyboard.press('ArrowUp');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /gateway.*POST \/orders/);
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.locator('.section-body [role=treegrid]').waitFor();
  await page.keyboard.press('Shift+L');
  await page.waitForURL(/links=1/);
  await until(() => server.asked.some((q) => /^logical-chains\/order\/4711\?.*links=1/.test(q)), 'the question for fewer links');
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('five thousand chains come page by page, and a reload brings as many', async () => {
  const page = await opened('#/key/customer/C-1');
  await page.locator('.section').nth(49).waitFor();
  assert.equal(await page.locator('.section').count(), 50);
  await page.getByRole('button', { name: 'Later chains' }).click();
  await page.locator('.section').nth(99).waitFor();
  assert.match(page.url(), /pages=2/);
  await page.getByText('100 of at most 5,000').waitFor();
  await page.reload();
  await page.locator('.section').nth(99).waitFor();
  assert.equal(await page.locator('.section').count(), 100);
  await page.locator('.run i').nth(60).dispatchEvent('click'); // where many lie close one covers another
  assert.equal(await page.evaluate(() => document.activeElement.className), 'section-link', 'a press on the strip leads to the chain');
  await page.close();
});

journey('what became of an order is told in the head of its chain and in its sections', async () => {
  const page = await opened('#/key/order/4711');
  await page.locator('.facts', { hasText: /State\s*cancelled/ }).waitFor();
  assert.deepEqual(await page.locator('.section .state').allTextContents(), [' paid', 'payment booked', ' cancelled'], 'the kind is named where it is not the page’s own');
  await page.goto(server.url + '#/chain/' + chainID);
  await page.locator('h1 .state', { hasText: 'order cancelled' }).waitFor();
  await page.goto(server.url + '#/key/customer/C-1');
  await page.locator('.section').nth(49).waitFor();
  assert.equal(await page.locator('.facts', { hasText: 'State' }).count(), 0, 'not before all of its chains are known');
  await page.close();
});

journey('colours of the line over time are told in words, and so is a chain that began while another ran', async () => {
  const page = await opened('#/key/order/4711');
  await page.locator('.marks-legend').waitFor();
  assert.deepEqual(await page.locator('.marks-legend span').allTextContents(), ['✕ failed', '▲ soft error, or ended well though something inside failed', '✓ ended well', 'spans not kept any more']);
  await page.goto(server.url + '#/key/order/one');
  await page.locator('.section').first().waitFor();
  assert.equal(await page.locator('.marks-legend').count(), 0, 'what is usual needs no legend');
  await page.goto(server.url + '#/key/customer/C-1');
  await page.getByText('began while one above ran').first().waitFor();
  await page.close();
});

journey('a logical chain that goes on is followed; the section that is open stays open and grows', async () => {
  const page = await browser.page();
  await page.clock.install({ time: now });
  await page.goto(server.url + `#/key/order/growing?open=${'abc0000001'.padStart(32, '0')}`);
  await page.locator('.section').first().waitFor();
  await page.locator('.section-body [role=row]').first().waitFor();
  await page.getByText('1 span in').waitFor();
  const before = await page.locator('.section').count();
  await page.clock.runFor(5100);
  await page.locator('.section').nth(before).waitFor();
  await page.locator('.section-body [role=row]').first().waitFor();
  for (let more = before + 2; more <= 5; more++) {
    await page.clock.runFor(5100);
    await page.locator('.section').nth(more - 1).waitFor();
  }
  await page.locator('.facts', { hasText: /Chains\s*5/ }).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('a section that is open stays what it is where its new spans cannot be had', async () => {
  const page = await browser.page();
  await page.clock.install({ time: now });
  await page.goto(server.url + `#/key/order/growing-on?open=${'abc0000001'.padStart(32, '0')}`);
  await page.locator('.section-body [role=row]').first().waitFor();
  const before = await page.locator('.section').count();
  await page.route('**/chains/*', (route) => route.abort());
  const asked = page.waitForEvent('requestfailed');
  await page.clock.runFor(5100);
  await page.locator('.section').nth(before).waitFor();
  await asked;
  await page.clock.runFor(100);
  assert.equal(await page.locator('.section-body .problem').count(), 0);
  assert.ok((await page.locator('.section-body [role=row]').count()) > 0);
  await page.close();
});

journey('what is asked of the API has the names as they are', async () => {
  const page = await opened(hostileHash);
  await page.locator('.section-link').waitFor();
  const { kind, value } = strange(now).key;
  assert.ok(server.asked.some((q) => q.startsWith(`logical-chains/${kind}/${value}?`)), server.asked.slice(-3).join('\n'));
  await page.close();
});

journey('the list is narrowed by name and strength, and leads to the evidence', async () => {
  const page = await opened('#/dependencies');
  await page.locator('tbody tr').nth(4).waitFor();
  await page.getByLabel('Strength').selectOption('strong');
  await page.waitForURL(/strength=strong/);
  await page.locator('tbody tr').nth(2).waitFor({ state: 'detached' });
  await page.getByLabel('Name').fill('stock');
  await page.waitForURL(/q=stock/);
  await page.reload();
  assert.equal(await page.getByLabel('Name').inputValue(), 'stock');
  await page.getByRole('link', { name: /order POST \/orders.*calls.*stock POST \/reserve/ }).click();
  await heading(page, /order POST \/orders.*stock POST \/reserve/);
  assert.match(page.url(), new RegExp('#/dependency/' + strong));
  await page.goBack();
  assert.equal(await page.getByLabel('Name').inputValue(), 'stock', 'a step back keeps what was typed');
  await page.getByLabel('Name').fill('nobody');
  await page.getByText('No dependency meets all of that.').waitFor();
  await page.goto(server.url + '#/dependencies');
  await page.reload();
  await page.locator('.dependency-link').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await heading(page, /payment POST \/charge/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('evidence is words first, then numbers', async () => {
  const page = await opened('#/dependency/' + conditional);
  await page.locator('.verdict-words').waitFor();
  assert.match(await page.locator('.verdict-words').textContent(), /conditional.*After 250 of 250 errors the caller went on .* After 333 of 333 timeouts it did not/);
  const row = page.getByRole('row', { name: /timeouts/ }).first();
  assert.match(await row.textContent(), /timeoutsTime ran out\.■strong33300\.00 \(0\.00–0\.01\)/);
  const bar = row.locator('.ratio');
  const [mark, interval] = [await bar.locator('.mark').first().boundingBox(), await bar.locator('.interval').boundingBox()];
  assert.ok(interval.x + interval.width < mark.x, 'the interval lies below the first mark');
  await page.getByText('went well and was kept for a failure elsewhere').waitFor();
  await page.getByText('order.Place order.go:118').first().waitFor();
  await page.getByText('Only after it failed').waitFor();
  await page.getByText('Conditional: Sometimes one, sometimes the other').waitFor();
  await page.locator('.classes').getByText('Time ran out.').waitFor();
  await page.getByText('Unknown: it may still lie on either side of a mark.').waitFor();
  assert.ok((await page.locator('.evidence .name').allTextContents()).includes('orderspublish'), 'a topic is named once');
  await page.getByText('What the words on this page mean').click();
  for (const term of ['basis', 'class', 'ratio', 'fallback', 'source']) await page.locator('.terms dt', { hasText: term }).first().waitFor();
  await requireSound(page, 'dependency with its terms');
  await page.goto(server.url + '#/dependency/' + declared);
  await page.getByText('Declared by the configuration, whatever was seen.').waitFor();
  await page.getByText(/After 12 of 12 errors the caller failed too/).waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

journey('a chain shows the strength of its calls; a press or s shows why, Escape closes', async () => {
  const page = await opened(`#/chain/${chainID}`);
  await page.locator('.tag.verdict', { hasText: 'weak' }).click();
  await page.locator('.evidence-panel').getByText(/11 of them failed later/).waitFor();
  assert.match(page.url(), new RegExp(`evidence=${injected}`));
  await page.reload();
  await page.locator('.evidence-panel .classes').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.evidence-panel').waitFor({ state: 'detached' });
  const tree = page.locator('.treegrid');
  await tree.press('ArrowDown');
  await tree.press('s');
  await page.locator('.evidence-panel').getByText(/After 250 of 250 errors/).waitFor();
  await page.getByRole('link', { name: 'All of the evidence' }).click();
  await heading(page, /payment POST \/charge/);
  await page.goBack();
  await page.locator('.evidence-panel').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.treegrid').press('End');
  assert.equal(await page.locator('[role=row][aria-selected=true] .verdict').count(), 0, 'unknown is quiet');
  await page.getByRole('button', { name: 'why?' }).click();
  await page.locator('.evidence-panel').waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});
