// Takes the pictures of the README: make pictures, with the shop running a while.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { ask, built, start, until } from './collector.mjs';

const folder = fileURLToPath(new URL('../../docs/images', import.meta.url));
const chains = 400; // of orders, so that figures have settled
await mkdir(folder, { recursive: true });
const [collector, browser] = await Promise.all([start(), launch()]);
const shop = spawn(built('shop'), ['up', '--collector', collector.compact], { stdio: 'ignore' });
try {
  await until(async () => (await ask(collector, 'entrances')).operations[0]?.calls > chains, `${chains} orders`, 300_000);
  const page = await browser.page({ viewport: { width: 1280, height: 860 } });
  const take = async (name) => {
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: join(folder, name + '.png') });
  };
  await page.goto(collector.url + '#/?from=-5m');
  await page.locator('.failure').first().waitFor();
  await page.locator('.graph .node').first().waitFor();
  await take('home');
  const { failures } = await ask(collector, 'failures?service=warehouse');
  const { chains: ended } = await ask(collector, 'chains?service=gateway&outcome=failed&operation=' + encodeURIComponent('POST /orders'));
  const chain = ended.find((c) => c.origin?.service === 'warehouse') ?? failures[0].latest;
  await page.goto(collector.url + '#/chain/' + chain.traceId);
  await page.locator('.side.span .stack').waitFor();
  await take('chain');
  await page.goto(collector.url + '#/focus?from=-5m&service=order');
  await page.locator('.node.focused').waitFor();
  await page.getByRole('button', { name: /Edge from order to loyalty/ }).click();
  await page.locator('.side .chain-row').first().waitFor();
  await take('focus');
  const { chains: refused } = await ask(collector, 'chains?service=gateway&outcome=failed&operation=' + encodeURIComponent('DELETE /orders/{number}'));
  const orders = await Promise.all(refused.map(async ({ traceId }) => {
    const { kind, value } = (await ask(collector, 'chains/' + traceId)).chain.keys.find((k) => k.kind === 'order');
    return ask(collector, `logical-chains/${kind}/${encodeURIComponent(value)}`);
  }));
  const { key } = orders.sort((a, b) => b.sections.length - a.sections.length)[0];
  await page.goto(collector.url + `#/key/${key.kind}/${encodeURIComponent(key.value)}`);
  await page.locator('.section').nth(1).waitFor();
  await take('logical-chain');
  await page.goto(collector.url + '#/dependencies?from=-5m');
  await page.locator('.dependency-link').nth(5).waitFor();
  await take('dependencies');
} finally {
  await browser.close();
  shop.kill('SIGTERM');
  await collector.stop();
}
