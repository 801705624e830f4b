// The pages while the example shop runs: figures move, nodes don't.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { journeyTime, launch, narrow, requireSound, shot, wide } from './browser.mjs';
import { ask, built, missing, start, until } from './collector.mjs';

const skip = missing || (existsSync(built('shop')) ? false : 'no shop at build/shop: make build/shop');
let collector;
let browser;
let shop;

before(async () => {
  if (skip) return;
  [collector, browser] = await Promise.all([start(), launch()]);
  shop = spawn(built('shop'), ['up', '--collector', collector.compact], { stdio: 'ignore' });
  await until(async () => {
    const { failures } = await ask(collector, 'failures?from=-1h');
    return ['error', 'soft_error', 'timeout'].every((outcome) => failures.some((f) => f.failure.outcome === outcome))
      && failures.some((f) => f.failure.service === 'warehouse');
  }, 'failures of every kind, and the warehouse’s', 300_000);
  await until(async () => (await ask(collector, 'chains?service=payment&outcome=soft_error&from=-1h')).chains.length > 0, 'a soft error of payment', 300_000);
  await until(async () => (await ask(collector, 'map?from=-1h')).nodes.some((n) => n.kind === 'virtual'), 'peers that send no spans');
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

const journey = (name, steps) => test(name, { skip, ...journeyTime }, steps);

journey('a live graph moves its figures and not its nodes', async () => {
  const page = await browser.page();
  await page.goto(collector.url);
  const answer = () => page.waitForResponse((a) => a.url().includes('/map?'));
  await page.locator('.graph .node').first().waitFor();
  await answer(); // by now it knows the width of the window
  const places = () => page.locator('.graph .node').evaluateAll((all) => Object.fromEntries(all.map((n) => [n.querySelector('.title').textContent, n.style.left + ' ' + n.style.top])));
  const shape = async () => [Object.keys(await places()).sort().join(), await page.locator('.graph .edge').count()].join(' ');
  for (let compared = false; !compared;) { // a graph that grows meanwhile may move
    const [of, early] = [await shape(), await places()];
    for (let i = 0; i < 2; i++) await answer();
    const late = await places();
    compared = of === (await shape());
    if (compared) assert.deepEqual(late, early);
  }
  await page.close();
});

journey('home, in both themes, on wide and narrow screens', async () => {
  for (const [size, viewport] of Object.entries({ wide, narrow })) {
    for (const dark of [false, true]) {
      const page = await browser.page({ viewport, dark });
      await page.goto(collector.url);
      await page.locator('.failure').first().waitFor();
      await page.locator('.graph .node').first().waitFor();
      const where = `shop-home-${size}-${dark ? 'dark' : 'light'}`;
      await shot(page, where);
      await requireSound(page, where);
      await page.close();
    }
  }
});

journey('from the warehouse’s failure to its stack and log line', async () => {
  const page = await browser.page();
  await page.goto(collector.url);
  const more = page.getByRole('button', { name: /more kinds? of failure/ });
  await page.locator('.failure').first().waitFor();
  if (await more.isVisible()) await more.click();
  await page.locator('.failure', { hasText: 'warehouse' }).first().click();
  await page.locator('[role=row][aria-selected=true] .tag', { hasText: 'origin' }).waitFor();
  await page.locator('.side.span .stack').waitFor();
  await page.locator('.side.span .logs li').first().waitFor();
  await shot(page, 'shop-chain');
  await requireSound(page, 'chain');
  await page.close();
});

journey('a soft error is amber and says so', async () => {
  const page = await browser.page();
  await page.goto(collector.url + '#/search?service=payment&outcome=soft_error');
  await page.locator('.chain-row').first().click();
  await page.locator('.origin.soft').first().waitFor();
  await shot(page, 'shop-soft');
  await page.close();
});

journey('a soft error that only the callee saw is found from the edge', async () => {
  const page = await browser.page();
  await page.goto(collector.url + '#/focus?service=order');
  await page.getByRole('button', { name: /Edge from order to payment/ }).click();
  await page.getByRole('button', { name: 'Soft errors' }).click();
  await page.locator('.side .chain-row').first().click();
  await page.locator('.origin.soft').first().waitFor();
  await page.close();
});

journey('messages show how long they waited', async () => {
  const page = await browser.page();
  await page.goto(collector.url + '#/focus?service=delivery');
  await page.locator('.node.focused').waitFor();
  await page.getByRole('button', { name: /Edge from order to delivery/ }).click();
  await page.getByText('In the queue').waitFor();
  await page.locator('.side .chain-row').first().waitFor();
  await shot(page, 'shop-focus');
  await requireSound(page, 'focus');
  await page.close();
});
