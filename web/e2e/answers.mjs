// A server of the pages with answers that are made up, in the shapes of the
// OpenAPI document: chains of thousands, hubs, every class of failure, names
// that try to be markup. What a real collector says is tested elsewhere.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { endless, markup } from './traces.mjs';

const ui = new URL('../../extension/query/ui/', import.meta.url);
const types = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
const day = 86_400_000;

/** serveAnswers until stop; asked holds the addresses of all questions. */
export async function serveAnswers(answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://x');
    const api = url.pathname.match(/^\/api\/jcg\/v1\/(.*)$/)?.[1];
    if (api === undefined) {
      const name = url.pathname.replace(/^\/(assets\/)?/, '') || 'index.html';
      const text = await readFile(new URL(name, ui)).catch(() => undefined);
      response.writeHead(text ? 200 : 404, { 'Content-Type': types[name.split('.').pop()] ?? 'text/plain' }).end(text);
      return;
    }
    asked.push(decodeURIComponent(api) + url.search);
    const [, answer] = answers.find(([path]) => (typeof path === 'string' ? path === api : path.test(api))) ?? [];
    const body = answer ? (typeof answer === 'function' ? answer(url, api) : answer) : { title: 'Not Found', status: 404, detail: 'nothing is here' };
    response.writeHead(body.status > 399 ? body.status : 200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, asked, stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}

const place = (service, operation) => ({ environment: 'test', namespace: 'shop', service, operation });
export const key = (kind, value, environment = 'test') => ({ environment, kind, value });

const failure = (service, operation, outcome, errorType, message) => ({
  ...place(service, operation), spanId: '00000000000000aa', spanKind: 'server', outcome, source: 'exception', errorType, message, peer: '', handled: false, waiterSpanId: '',
});

function summary(i, start, { service = 'gateway', operation = 'POST /orders', outcome = 'ok', duration = 0.3, origin = null, soft = 0 } = {}) {
  const traceId = (0xabc0000000 + i).toString(16).padStart(32, '0');
  return {
    traceId, shortId: traceId.slice(16, 24), start: new Date(start).toISOString(), duration, entrance: place(service, operation), outcome, spans: 7 + (i % 9), failedSpans: outcome === 'error' ? 2 : 0, softErrors: soft,
    services: [], serviceCount: 3 + (i % 3), partial: i % 11 === 5, origin, weight: 1, weightUnknown: false,
  };
}

function sections(summaries, keysOf = () => [], statesOf = () => []) {
  let end = -Infinity;
  return summaries.map((chain, i) => {
    const start = Date.parse(chain.start);
    const wait = i === 0 ? null : (start - end) / 1000;
    end = Math.max(end, start + 1000 * chain.duration);
    return { traceId: chain.traceId, shortId: chain.shortId, start: chain.start, keys: keysOf(i), states: statesOf(i), wait, missing: false, chain };
  });
}

/** cancelled is the paper's Fig. 12: an order that is cancelled hours later, and why. */
export function cancelled(now) {
  const t = now - 5 * 3_600_000;
  const rows = [
    summary(1, t, { duration: 1.2 }),
    summary(2, t + 600, { service: 'payment', operation: 'POST /charge', duration: 0.4 }),
    summary(3, t + 3 * 3_600_000, { service: 'picking', operation: 'picks process', duration: 62, outcome: 'ok', soft: 1, origin: failure('warehouse', 'Warehouse/Reserve', 'soft_error', '', 'only 1 of 3 left') }),
    summary(4, t + 3 * 3_600_000 + 70_000, { service: 'delivery', operation: 'shipped process', duration: 3, outcome: 'error', origin: failure('carrier', 'POST /shipments', 'error', 'CarrierError', 'address is not served') }),
    summary(5, t + 5 * 3_600_000 - 60_000, { operation: 'DELETE /orders/{number}', duration: 0.2 }),
  ];
  const own = key('order', '4711');
  return {
    key: own, others: [], traces: 6, tracesExact: true, first: rows[0].start, last: rows[4].start, cursor: '', notes: [],
    sections: [...sections(rows, (i) => (i === 1 ? [own, key('payment', 'P-99')] : i >= 2 ? [own, key('waybill', 'W-2026-000123')] : [own]), (i) => ({ 1: [{ kind: 'order', state: 'paid' }, { kind: 'payment', state: 'booked' }], 4: [{ kind: 'order', state: 'cancelled' }] })[i] ?? []),
      { traceId: 'f'.repeat(32), shortId: 'ffffffff', start: new Date(now - 30_000).toISOString(), keys: [own], states: [], wait: null, missing: true, chain: null }],
    linked: [
      { key: key('payment', 'P-99'), traceId: rows[1].traceId, depth: 1, followed: true, links: 2, whyNot: '' },
      { key: key('waybill', 'W-2026-000123'), traceId: rows[2].traceId, depth: 1, followed: true, links: 1, whyNot: '' },
      { key: key('customer', 'C-1'), traceId: rows[0].traceId, depth: 1, followed: false, links: 21, whyNot: 'hub' },
    ],
  };
}

/** growing is an order that goes on: each time it is asked for it has one chain more, up to its end; the one before has more spans then. */
export function growing(now) {
  const whole = cancelled(now);
  let asked = 0;
  return () => {
    const shown = Math.min(whole.sections.length - 1, ++asked);
    const last = whole.sections[shown - 1];
    const open = { ...last, chain: { ...last.chain, spans: 1 } };
    return { ...whole, key: key('order', 'growing'), traces: shown, last: new Date(now).toISOString(), linked: [], sections: [...whole.sections.slice(0, shown - 1), open] };
  };
}

/** month is a logical chain of 5,000 chains over 30 days, in pages. */
export const month = (now) => (url) => {
  const total = 5000;
  const limit = Number(url.searchParams.get('limit') ?? 50);
  const from = Number(url.searchParams.get('cursor') || 0);
  const start = (i) => now - 30 * day + Math.floor(i / 10) * ((30 * day) / 500) + (i % 10) * 40_000;
  const rows = Array.from({ length: Math.min(limit, total - from) }, (_, k) => {
    const i = from + k;
    return summary(i, start(i), i % 17 === 3 ? { outcome: 'error', origin: failure('stock', 'POST /reserve', 'error', 'StockError', 'sold out'), duration: 12 } : { duration: 0.2 + (i % 7) * 9 });
  });
  const next = from + rows.length;
  return {
    key: key('customer', 'C-1'), others: [key('customer', 'C-1', 'staging')], traces: total, tracesExact: false, first: new Date(start(0)).toISOString(), last: new Date(start(total - 1)).toISOString(),
    sections: sections(rows), linked: [], cursor: next < total ? String(next) : '', notes: ['Links of more than 16 keys are not followed.'],
  };
};

/** strange is one chain whose every name is hostile. */
export function strange(now) {
  const own = key(markup, `../${endless}%2F?#שלום`);
  const chain = { ...summary(1, now - 60_000, { outcome: 'error', origin: failure(markup, endless, 'error', markup, endless) }), entrance: { ...place(endless, markup), environment: markup } };
  return {
    key: own, others: [], traces: 1, tracesExact: true, first: chain.start, last: chain.start, sections: sections([chain], () => [own, key(endless, markup)], () => [{ kind: endless, state: markup }]), cursor: '', notes: [markup],
    linked: [{ key: key(endless, markup), traceId: chain.traceId, depth: 1, followed: false, links: 0, whyNot: 'limit' }],
  };
}

const ratio = (estimate, low, high) => ({ estimate, low, high });
const verdict = (name, strength, failures, wentOn, r) => ({ class: name, strength, failures, wentOn, ratio: r });
const tally = (seen, wentOn, survived = wentOn, wentOnAndFailed = 0) => ({ seen, wentOn, survived, wentOnAndFailed });

const reached = (service, operation, chains, failed, entranceFailed) => ({ ...place(service, operation), chains, failed, entranceFailed });

export function dependencies(now) {
  const base = {
    caller: place('order', 'POST /orders'), source: 'observed', basis: 'successors', successes: 1204, rateFrom: 'edge', stopShare: 1, stopFrom: 'entrance', last: new Date(now - 95_000).toISOString(),
    entrances: [reached('gateway', 'POST /orders', 320, 41, 41), reached('gateway', 'POST /orders/{number}/retry', 12, 1, 1)],
  };
  const callee = (peer, operation, connection = 'http') => ({ peer, operation, connection, resolved: place(peer, operation) });
  return [
    { ...base, id: '00000000000000a1', callee: callee('stock', 'POST /reserve'), strength: 'strong', classes: [verdict('error', 'strong', 333, 0, ratio(0.001, 0, 0.01))], rate: 14.2, canStop: 14.2, words: 'After 333 of 333 errors the caller did not go on to payment POST /charge (strong).' },
    { ...base, id: '00000000000000a2', callee: callee('payment', 'POST /charge'), strength: 'conditional', classes: [verdict('timeout', 'strong', 333, 0, ratio(0.001, 0, 0.012)), verdict('error', 'weak', 250, 250, ratio(1.0, 0.98, 1.02)), verdict('soft_error', 'unknown', 4, 2, ratio(0.52, 0.16, 0.91)), verdict('rejected', 'conditional', 90, 31, ratio(0.34, 0.25, 0.45))], rate: 13.1, canStop: 7.4, stopShare: 0.57, stopFrom: 'caller', words: 'After 250 of 250 errors the caller went on to orders publish (weak). After 333 of 333 timeouts it did not (strong).' },
    { ...base, id: '00000000000000a3', callee: callee('loyalty', 'GET /points'), strength: 'weak', classes: [verdict('error', 'weak', 37, 37, ratio(1, 0.93, 1.05))], rate: 14.2, canStop: 0, stopShare: 0, words: 'After 37 of 37 errors the caller went on to stock POST /reserve (weak); 11 of them failed later.', source: 'injected' },
    { ...base, id: '00000000000000a4', callee: { peer: 'redis', operation: 'GET', connection: 'database', resolved: null }, caller: place('stock', 'POST /reserve'), strength: 'strong', basis: 'propagation', source: 'declared', classes: [], rate: 42, canStop: 12, entrances: [], last: null, words: 'Declared strong by configuration.' },
    { ...base, id: '00000000000000a5', callee: { peer: markup, operation: endless, connection: 'rpc', resolved: null }, caller: { ...place(endless, markup), environment: markup }, strength: 'unknown', basis: 'none', classes: [], rate: 0, rateFrom: '', canStop: 0, stopShare: null, stopFrom: '', entrances: [], last: null, words: markup },
  ];
}

const successor = (id, peer, operation, afterOk, afterFailed) => ({ id, peer, operation, connection: 'http', afterOk, afterFailed, together: 1200, after: 1190 });

export function dependency(now, id) {
  const d = dependencies(now).find((one) => one.id === id);
  if (!d) return { title: 'Not Found', status: 404, detail: `no dependency ${id}` };
  const failed = d.classes.map((c) => ({ class: c.class, ...tally(c.failures, c.wentOn, c.wentOn, c.failures === 37 ? 11 : 0) }));
  const known = failed.length > 0;
  const observed = { strength: 'strong', source: 'observed', basis: 'propagation', classes: [verdict('error', 'strong', 12, 0, ratio(0.02, 0, 0.15))], successes: 980, words: 'After 12 of 12 errors the caller failed too (strong).' };
  const example = (i, name, wentOn, stored) => ({
    traceId: (0xabc + i).toString(16).padStart(32, '0'), shortId: '00000abc', spanId: '00000000000000aa', class: name, wentOn, at: new Date(now - i * 3_600_000).toISOString(), stored,
    serviceInstance: stored ? 'order-7d9f' : '', host: stored ? 'node-3' : '', code: stored ? 'order.Place order.go:118' : '', stack: i === 0 && stored ? 'PaymentError: declined\n    at Payment.charge (/app/payment.js:41:11)\n    at Order.place (/app/order.js:118:5)' : '',
  });
  return {
    asOf: new Date(now - 2000).toISOString(), days: 7, window: { from: '', to: '' }, dependency: d, observed: d.source === 'declared' ? observed : null, ok: tally(d.successes, d.successes - 4), failed,
    chainOk: tally(known ? 310 : 0, 309), chainFailed: failed.slice(0, 2).map((f) => ({ ...f, seen: 40, wentOn: f.wentOn > 0 ? 40 : 0, survived: f.survived > 0 ? 38 : 0 })),
    successors: known ? [successor('00000000000000b1', 'orders', 'orders publish', 0.98, 0.43), successor('00000000000000b2', endless, markup, 0.31, 0.12)] : [],
    fallbacks: known ? [successor('00000000000000b3', 'payment-eu', 'POST /charge', 0, 0.91)] : [], passed: known ? { incomplete: 12, biased: 4400, aborted: 3, mixed: 1 } : { unstated: 5210 },
    first: null, examples: known ? failed.flatMap((f, k) => [example(k, f.class, f.wentOn > 0, true), example(k + 5, f.class, false, k > 0)]) : [],
    perDay: known ? Array.from({ length: 5 }, (_, i) => ({ day: `2026-11-2${2 + i}`, ok: tally(200 + 17 * i, 199), failed: failed.map((f) => ({ ...f, seen: Math.round((f.seen * (i + 1)) / 15), wentOn: Math.round((f.wentOn * (i + 1)) / 15) })) })) : [],
  };
}

export const list = (now) => (url) => {
  const q = (url.searchParams.get('q') ?? '').toLowerCase();
  const strength = url.searchParams.get('strength');
  const found = dependencies(now).filter((d) => (!strength || d.strength === strength) && `${d.caller.service} ${d.callee.peer} ${d.callee.operation}`.toLowerCase().includes(q));
  return { asOf: new Date(now).toISOString(), days: 7, window: { from: '', to: '' }, dependencies: found, total: found.length, cursor: '' };
};

/** chain is one request of order 4711 with calls of every strength. */
export function chain(now) {
  const services = ['gateway', 'order', 'stock', 'payment', 'loyalty', 'redis'].map((service) => ({ environment: 'test', namespace: 'shop', service }));
  const span = (i, parent, depth, service, operation, spanKind, start, duration, strength = '', dependency = '', outcome = 'ok') => ({
    id: (0x10 + i).toString(16).padStart(16, '0'), parent, depth, service, operation, spanKind, start, duration, outcome, source: outcome === 'ok' ? '' : 'status', problems: [], events: 0, links: 0,
    strength, strengthSource: strength ? 'observed' : '', dependency,
  });
  const spans = [
    span(0, -1, 0, 0, 'POST /orders', 'server', 0, 0.2, '', '', 'error'), span(1, 0, 1, 0, 'POST /orders', 'client', 0.01, 0.18, 'strong', '00000000000000a1', 'error'),
    span(2, 1, 2, 1, 'POST /orders', 'server', 0.011, 0.17, '', '', 'error'), span(3, 2, 3, 1, 'GET /points', 'client', 0.02, 0.01, 'weak', '00000000000000a3', 'error'),
    span(4, 2, 3, 1, 'POST /charge', 'client', 0.04, 0.03, 'conditional', '00000000000000a2'), span(5, 4, 4, 3, 'POST /charge', 'server', 0.041, 0.02),
    span(6, 2, 3, 1, 'POST /reserve', 'client', 0.09, 0.05, 'strong', '00000000000000a1', 'error'), span(7, 6, 4, 2, 'POST /reserve', 'server', 0.091, 0.045, '', '', 'error'),
    span(8, 7, 5, 2, 'GET', 'client', 0.1, 0.01, 'unknown', '00000000000000a5'),
  ];
  const origin = { ...failure('stock', 'POST /reserve', 'error', 'StockError', 'sold out'), spanId: spans[7].id };
  return {
    chain: {
      summary: { ...summary(1, now - 60_000, { outcome: 'error', origin }), spans: spans.length }, keys: [key('order', '4711'), key('payment', 'P-99')], states: [{ kind: 'order', state: 'cancelled' }], services, spans,
      origins: [{ span: 7, failure: origin }], truncated: false,
    },
    others: [],
  };
}

export function spanDetail(now) {
  return { spans: [{ ...place('order', 'POST /charge'), id: '', parentId: '', spanKind: 'client', start: new Date(now).toISOString(), duration: 0.03, outcome: 'ok', source: '', status: '', statusMessage: '', exceptions: [], logs: [], attributes: [{ key: 'server.address', type: 'string', value: 'payment' }], resource: [], scope: '', scopeVersion: '', scopeAttributes: [], events: [], links: [], traceState: '', flags: 0, droppedAttributes: 0, droppedEvents: 0, droppedLinks: 0 }] };
}

/** everything that the pages ask for. */
export const everything = (now) => [
  ['environments', { environments: [{ environment: 'test', services: 5 }] }],
  ['map', { asOf: null, window: { from: '', to: '' }, nodes: [], edges: [], limit: 500, total: 0, truncated: false }],
  ['logical-chains/order/4711', cancelled(now)], ['logical-chains/order/growing', growing(now)], ['logical-chains/order/growing-on', growing(now)], ['logical-chains/customer/C-1', month(now)], [/^logical-chains\/%3Cimg/, strange(now)],
  ['logical-chains/order/one', { ...cancelled(now), key: key('order', 'one'), traces: 1, sections: cancelled(now).sections.slice(0, 1), linked: [] }],
  ['dependencies', list(now)], [/^dependencies\/./, (url, api) => dependency(now, api.split('/')[1])],
  [/^chains\/[0-9a-f]+$/, chain(now)], [/^chains\/[0-9a-f]+\/spans\//, spanDetail(now)],
  ['search', (url) => ({ window: { from: '', to: '' }, services: [], operations: [], chains: [], keys: /4711/.test(url.searchParams.get('q')) ? [{ key: key('order', '4711'), traces: 6, first: new Date(now - day).toISOString(), last: new Date(now).toISOString() }] : [] })],
];
