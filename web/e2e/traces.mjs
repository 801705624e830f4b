// Traces of a small shop, always the same but for their time: calls that go
// well, one that fails in the stock, one whose payment is declined, a database
// that sends no spans, and names that try to be markup.
import { createHash } from 'node:crypto';

export const markup = '<img src=x onerror=alert(1)>';
export const endless = 'a-service-' + 'with-a-name-that-does-not-end-'.repeat(8);
export const stack = [
  'StockError: 3 of umbrella wanted, 1 left',
  '    at Stock.reserve (/app/stock.js:41:11)', '    at Server.handle (/app/server.js:17:5)', '    at async Router.dispatch (/app/router.js:88:9)',
].join('\n');

const hex = (text, digits) => createHash('sha256').update(text).digest('hex').slice(0, digits);
const attribute = (key, value) => ({
  key, value: typeof value === 'boolean' ? { boolValue: value } : typeof value === 'number' ? { intValue: value } : { stringValue: value },
});
const attributes = (all) => Object.entries(all).map(([key, value]) => attribute(key, value));
const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

/** Trace collects spans; times are milliseconds after begin. */
export class Trace {
  constructor(name, begin) {
    this.id = hex('trace ' + name, 32);
    this.begin = begin;
    this.services = new Map();
    this.count = 0;
  }

  span(service, name, kind, start, end, { parent = '', status = 0, message = '', events = [], links = [], ...rest } = {}) {
    const id = hex(`${this.id} ${this.count++}`, 16);
    const nano = (ms) => String(BigInt(Math.round((this.begin + ms) * 1000)) * 1000n);
    const span = {
      traceId: this.id, spanId: id, parentSpanId: parent, name, kind: kinds[kind], startTimeUnixNano: nano(start), endTimeUnixNano: nano(end),
      attributes: attributes(rest), status: { code: status, message },
      events: events.map((e) => ({ name: e.name, timeUnixNano: nano(e.at), attributes: attributes(e.attributes) })), links,
    };
    if (!this.services.has(service)) this.services.set(service, []);
    this.services.get(service).push(span);
    return id;
  }

  /** call is a client span and the server span it caused; the answer is the server's ID. */
  call(parent, from, to, name, start, end, server = {}, client = {}) {
    const out = this.span(from, name, 'client', start, end, { parent, 'http.request.method': name.split(' ')[0], 'server.address': to, ...client });
    return this.span(to, name, 'server', start + 1, end - 1, { parent: out, 'http.request.method': name.split(' ')[0], 'http.route': name.split(' ')[1] ?? name, ...server });
  }

  resourceSpans() {
    return [...this.services].map(([service, spans]) => ({
      resource: { attributes: attributes({ 'service.name': service, 'service.namespace': 'shop', 'deployment.environment.name': 'test', 'service.version': '1.4.2', 'host.name': 'node-1' }) },
      scopeSpans: [{ scope: { name: 'shop', version: '1.0' }, spans }],
    }));
  }
}

export const requests = (traces) => ({ resourceSpans: traces.flatMap((t) => t.resourceSpans()) });

function checkout(name, begin, fate) {
  const t = new Trace(name, begin);
  const failing = fate === 'stock' ? { status: 2, 'http.response.status_code': 500 } : { 'http.response.status_code': 200 };
  const root = t.span('web', 'GET /checkout', 'server', 0, 120, { 'http.request.method': 'GET', 'http.route': '/checkout', 'order.number': name, ...failing });
  const cart = t.call(root, 'web', 'cart', 'GET /cart', 4, 28);
  t.span('cart', 'SELECT cart', 'client', 8, 21, { parent: cart, 'db.system.name': 'postgresql', 'db.query.text': 'SELECT * FROM cart WHERE id = ?', 'server.address': 'cart-db' });
  const broken = fate === 'stock' ? { status: 2, message: 'reserve failed' } : {};
  t.call(root, 'web', 'stock', 'POST /reserve', 30, 52, {
    ...broken, 'order.number': name, 'stock.item': 'umbrella', 'http.response.status_code': fate === 'stock' ? 500 : 200,
    ...(fate === 'stock' && { events: [
      { name: 'log', at: 40, attributes: { 'log.severity': 'ERROR', 'log.message': 'umbrella: 3 wanted, 1 left' } },
      { name: 'exception', at: 44, attributes: { 'exception.type': 'StockError', 'exception.message': '3 of umbrella wanted, 1 left', 'exception.stacktrace': stack } },
    ] }),
  }, fate === 'stock' ? { status: 2, 'http.response.status_code': 500 } : {});
  if (fate !== 'stock') {
    const soft = fate === 'payment' ? { 'jcg.soft_error': true, 'payment.declined': 'card expired' } : {};
    t.call(root, 'web', 'payment', 'POST /charge', 56, 108, { 'http.response.status_code': 200, ...soft });
  }
  return t;
}

/** shop is a minute of traffic that ended at now. */
export function shop(now) {
  const fates = (i) => (i % 10 === 3 ? 'stock' : i % 10 === 7 ? 'payment' : 'fine');
  const checkouts = Array.from({ length: 40 }, (_, i) => checkout(`order-${i}`, now - 60_000 + i * 1400, fates(i)));
  const browsing = Array.from({ length: 60 }, (_, i) => {
    const t = new Trace(`browse-${i}`, now - 60_000 + i * 900);
    const root = t.span('web', 'GET /', 'server', 0, 14 + (i % 7), { 'http.request.method': 'GET', 'http.route': '/' });
    t.call(root, 'web', 'stock', 'GET /items', 2, 10 + (i % 5));
    return t;
  });
  return requests([...checkouts, ...browsing]);
}

export const failingOrder = (now) => checkout('order-33', now - 60_000 + 33 * 1400, 'stock');

/** patience is an order that gives up twice on a warehouse, which works on. */
export function patience(now) {
  const t = new Trace('patience', now - 30_000);
  const root = t.span('order', 'POST /order', 'server', 0, 900, { status: 2, message: 'no answer', 'http.route': '/order', 'http.response.status_code': 504 });
  for (const from of [5, 450]) {
    const out = t.span('order', 'POST /pick', 'client', from, from + 401, { parent: root, status: 2, message: 'timed out', 'error.type': 'timeout', events: [
      { name: 'exception', at: from + 400, attributes: { 'exception.type': 'TimeoutException', 'exception.message': 'no answer in 400 ms' } },
    ] });
    t.span('warehouse', 'POST /pick', 'server', from + 3, from + 1200, { parent: out, 'http.route': '/pick', 'http.response.status_code': 499 });
  }
  return t;
}

/** hostile names are text and nothing else. */
export function hostile(now) {
  const t = new Trace('hostile', now - 20_000);
  const root = t.span(markup, `GET /${markup}`, 'server', 0, 50, { status: 2, message: markup, [markup]: markup, events: [
    { name: 'exception', at: 30, attributes: { 'exception.type': `<b>${markup}</b>`, 'exception.message': 'javascript:alert(1) ' + markup, 'exception.stacktrace': markup + '\n' + endless } },
  ] });
  t.call(root, markup, endless, 'POST /' + 'long/'.repeat(60), 5, 40);
  t.call(root, markup, 'שירות-‮evil', 'GET /עברית', 41, 48);
  return requests([t]);
}

/** big is one chain of n spans, as deep and wide as real ones. */
export function big(now, n = 2000, name = 'big') {
  const t = new Trace(name, now - 10_000);
  const ids = [t.span('svc-0', 'GET /big', 'server', 0, n, { 'http.route': '/big' })];
  for (let i = 1; i < n; i++) {
    const parent = ids[Math.floor((i - 1) / 3)];
    const error = i === n - 5 ? { status: 2, message: 'deep down', 'error.type': 'DeepError' } : {};
    ids.push(t.span(`svc-${i % 40}`, `operation ${i}`, i % 2 ? 'client' : 'server', i * 0.4, i * 0.4 + 20, { parent, 'http.response.status_code': 200, ...error }));
  }
  return { trace: t, request: requests([t]) };
}

const hour = 3_600_000;

/** story of an order over hours, after the paper's Fig. 12: ordered, paid, not delivered, cancelled. Payment and waybill are keys of their own that link. */
export function story(now, number = '4711') {
  const t = (name, begin) => new Trace(`${number} ${name}`, now - begin);
  const ordered = t('ordered', 5 * hour);
  const place = ordered.span('gateway', 'POST /orders', 'server', 0, 180, { 'http.request.method': 'POST', 'http.route': '/orders', 'order.number': number });
  ordered.call(place, 'gateway', 'payment', 'POST /charge', 20, 140, { 'order.number': number, 'payment.number': `P-${number}` });
  const paid = t('paid', 5 * hour - 90_000);
  paid.span('payment', 'POST /settled', 'server', 0, 40, { 'http.route': '/settled', 'payment.number': `P-${number}` });
  const shipped = t('shipped', 2 * hour);
  const ship = shipped.span('delivery', 'POST /shipments', 'server', 0, 900, { status: 2, 'http.route': '/shipments', 'http.response.status_code': 500, 'order.number': number, 'waybill.number': `W-${number}` });
  shipped.call(ship, 'delivery', 'carrier', 'POST /book', 10, 850, { status: 2, 'http.response.status_code': 500, events: [
    { name: 'exception', at: 800, attributes: { 'exception.type': 'CarrierError', 'exception.message': 'this address is not served' } },
  ] }, { status: 2, 'http.response.status_code': 500 });
  const cancelled = t('cancelled', 60_000);
  cancelled.span('gateway', 'DELETE /orders/{number}', 'server', 0, 30, { 'http.route': '/orders/{number}', 'order.number': number });
  return requests([ordered, paid, shipped, cancelled]);
}

/** many small chains of one order over thirty days, from..to of them. */
export function many(now, number, from, to, of) {
  return requests(Array.from({ length: to - from }, (_, k) => {
    const i = from + k;
    const t = new Trace(`${number} ${i}`, now - 30 * 24 * hour + Math.floor((i * 30 * 24 * hour) / of));
    const root = t.span('gateway', 'GET /orders/{number}', 'server', 0, 20 + (i % 50), { 'http.route': '/orders/{number}', 'order.number': number, ...(i % 97 === 5 && { status: 2, 'error.type': 'LookupError' }) });
    t.call(root, 'gateway', 'order', 'GET /orders/{number}', 2, 15);
    return t;
  }));
}
