// Measures the pages in Debian's Chromium and prints "name value unit" lines:
// when the landing page and a chain of 2,000 spans are drawn, after an empty
// page's first paint in the same run; the size of the bundle; the heap.
//
//   node bench/ui/main.mjs [build/jcallgraph]
//
// starts that collector by itself. Every figure is the median of the rounds.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

if (process.argv[2]) process.env.JCG_BINARY = resolve(process.argv[2]);
const rounds = Number(process.env.ROUNDS ?? 9);
const { launch } = await import('../../web/e2e/browser.mjs');
const { ask, post, start, until } = await import('../../web/e2e/collector.mjs');
const { big, shop } = await import('../../web/e2e/traces.mjs');

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const print = (name, value, unit) => console.log(name, Number(value.toFixed(1)), unit);

/** empty is a server of a page with one word. */
async function empty() {
  const server = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end('<!doctype html><html lang="en"><title>empty</title><p>empty</p>'));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** drawn is when a page of its own, with nothing cached, painted first, and when the awaited element was painted. */
async function drawn(browser, url, element) {
  const page = await browser.page();
  await page.addInitScript((wanted) => {
    new MutationObserver((_, observer) => {
      if (globalThis.drawnAt !== undefined || !document.querySelector(wanted)) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => { globalThis.drawnAt = performance.now(); })); // after that frame was painted
    }).observe(document, { childList: true, subtree: true, attributes: true });
  }, element);
  await page.goto(url);
  await page.waitForFunction(() => globalThis.drawnAt !== undefined && performance.getEntriesByName('first-contentful-paint').length > 0);
  const times = await page.evaluate(() => ({ first: performance.getEntriesByName('first-contentful-paint')[0].startTime, whole: globalThis.drawnAt }));
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.collectGarbage');
  times.heap = (await cdp.send('Runtime.getHeapUsage')).usedSize;
  await page.context().close();
  return times;
}

const [collector, browser, blank] = await Promise.all([start(), launch(), empty()]);
try {
  const now = Date.now();
  const { trace, request } = big(now - 120_000, 2000);
  const huge = big(now - 120_000, 40_000, 'huge');
  await post(collector, shop(now));
  await post(collector, request);
  for (const part of split(huge.request)) await post(collector, part);
  await until(async () => (await ask(collector, 'failures?from=-1h')).failures.length > 1, 'failures');
  await until(async () => (await ask(collector, 'chains/' + huge.trace.id)).chain.summary.spans > 9999, 'the huge chain');
  const pages = {
    empty: [blank.url, 'p'],
    home: [collector.url, '.failures li'],
    chain_2000: [`${collector.url}#/chain/${trace.id}`, '[role=row][aria-selected=true]'],
    chain_40000: [`${collector.url}#/chain/${huge.trace.id}`, '[role=row][aria-selected=true]'],
  };
  const seen = Object.fromEntries(Object.keys(pages).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, [url, element]] of Object.entries(pages)) seen[name].push(await drawn(browser, url, element));
  }
  const of = (name, figure) => median(seen[name].map((times) => times[figure]));
  print('ui_empty_first_paint', of('empty', 'first'), 'ms');
  print('ui_home_first_paint_after_empty', of('home', 'first') - of('empty', 'first'), 'ms');
  print('ui_home_drawn_after_empty', of('home', 'whole') - of('empty', 'first'), 'ms');
  print('ui_chain_2000_drawn_after_empty', of('chain_2000', 'whole') - of('empty', 'first'), 'ms');
  print('ui_chain_40000_drawn_after_empty', of('chain_40000', 'whole') - of('empty', 'first'), 'ms');
  for (const name of ['home', 'chain_2000', 'chain_40000']) print(`ui_${name}_heap`, of(name, 'heap') / 2 ** 20, 'MiB');
} finally {
  await browser.close();
  blank.close();
  await collector.stop();
}

const files = ['index.html', 'app.js', 'app.css'].map((file) => readFileSync(fileURLToPath(new URL('../../extension/query/ui/' + file, import.meta.url))));
print('ui_bundle_gzipped', files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0) / 1000, 'kB');

/** split sends a request's spans in parts, because receivers bound what they take at once. */
function* split({ resourceSpans }, most = 2000) {
  for (const { resource, scopeSpans } of resourceSpans) {
    for (const { scope, spans } of scopeSpans) {
      for (let i = 0; i < spans.length; i += most) yield { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spans.slice(i, i + most) }] }] };
    }
  }
}
