// The same pages with traces of a real system, Train-Ticket under injected faults.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { journeyTime, launch, narrow, requireSound, shot, wide } from './browser.mjs';
import { ask, missing, start, until } from './collector.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const traces = process.env.JCG_TRACES && join(process.env.JCG_TRACES, 'trainticket/fault');
const skip = missing || (traces ? false : 'JCG_TRACES is not set: no real traces here');
let collector;
let browser;

before(async () => {
  if (skip) return;
  [collector, browser] = await Promise.all([start(), launch()]);
  const files = readdirSync(traces).filter((f) => f.endsWith('.gz')).sort().slice(0, 4).map((f) => join(traces, f));
  execFileSync('go', ['run', './cmd/jcg', 'replay', '--shift', '--endpoint', collector.grpc, ...files], { cwd: root, stdio: 'ignore' });
  await until(async () => (await ask(collector, 'failures?from=-1h')).failures.length > 0 && (await ask(collector, 'map?from=-1h')).nodes.length > 20, 'graph and failures');
});
after(async () => {
  await browser?.close();
  await collector?.stop();
});

const journey = (name, steps) => test(name, { skip, ...journeyTime }, steps);

journey('the map shows every service once, and a failure leads to its origin', async () => {
  for (const [size, viewport] of Object.entries({ wide, narrow })) {
    for (const dark of [false, true]) {
      const page = await browser.page({ viewport, dark });
      const theme = dark ? 'dark' : 'light';
      await page.goto(collector.url + '#/?from=-1h');
      await page.locator('.graph .node').first().waitFor();
      await page.locator('.failure').first().waitFor();
      const names = await page.locator('.graph .node .title').allTextContents();
      assert.ok(names.length > 20 && new Set(names).size === names.length, names.join());
      await shot(page, `trainticket-home-${size}-${theme}`);
      await requireSound(page, 'home');
      await page.locator('.failure', { hasText: 'error' }).first().click();
      await page.locator('.side.span .part').first().waitFor();
      await page.locator('[role=row][aria-selected=true] .tag', { hasText: 'origin' }).waitFor();
      await shot(page, `trainticket-chain-${size}-${theme}`);
      await requireSound(page, 'chain');
      await page.close();
    }
  }
});

journey('search, neighbourhood, edge, chain', async () => {
  const page = await browser.page();
  await page.goto(collector.url + '#/?from=-1h');
  await page.keyboard.press('/');
  await page.keyboard.type('ts-order-service');
  await page.getByRole('option', { name: /Service ts-order-service/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.node.focused').waitFor();
  await shot(page, 'trainticket-focus');
  await requireSound(page, 'focus');
  await page.locator('.edges tbody button').first().click();
  await page.locator('.side .chain-row').first().waitFor();
  await shot(page, 'trainticket-edge');
  await page.locator('.side .chain-row').first().click();
  await page.locator('[role=row][aria-selected=true]').waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});
