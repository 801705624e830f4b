import test from 'node:test';
import assert from 'node:assert/strict';
import { type Route, chain, dependencies, dependency, focus, format, home, key, keyOf, parse, search } from '../src/route.ts';
import { Random } from './random.ts';

const blanks: Route[] = [home, search, focus, chain, key, dependencies, dependency];

function randomRoute(random: Random): Route {
  const base = random.pick(blanks);
  const entries = Object.entries(base).map(([key, usual]) => {
    if (key === 'view' || random.below(3) === 0) return [key, usual];
    if (typeof usual === 'number') return [key, random.below(key === 'links' ? 4 : 11)];
    return [key, Array.isArray(usual) ? Array.from({ length: random.below(4) }, () => random.text()) : random.text()];
  });
  return Object.fromEntries(entries) as Route;
}

test('every route survives its URL', () => {
  const random = new Random(1);
  for (let i = 0; i < 5000; i++) {
    const route = randomRoute(random);
    const hash = format(route);
    assert.deepEqual(parse(hash), route, hash);
    assert.deepEqual(parse(new URL('http://x/base/' + hash).hash), route, 'as a browser writes it: ' + hash);
  }
});

test('any text is some route, and its own URL leads to it', () => {
  const random = new Random(2);
  const words = ['#', '/', 'focus', 'chain', 'search', 'key', 'dependency', '?', 'service=', 'up=', '99', '-1', 'x', '&', '%', 'constructor', '__proto__', 'toString'];
  for (let i = 0; i < 5000; i++) {
    const hash = '#/' + Array.from({ length: random.below(8) }, () => random.pick(words)).join('') + random.text();
    const route = parse(hash);
    assert.deepEqual(parse(format(route)), route, hash);
  }
});

test('what has its default is not in the URL', () => {
  assert.equal(format(home), '#/');
  assert.equal(format({ ...focus, service: 'cart', up: 2 }), '#/focus?service=cart&up=2');
  assert.equal(format({ ...chain, id: '1f', span: '2e' }), '#/chain/1f?span=2e');
  assert.equal(format({ ...search, attribute: ['a=b', 'c=&'] }), '#/search?attribute=a%3Db&attribute=c%3D%26');
});

test('a business key is in the path, whatever it holds', () => {
  assert.equal(format({ ...key, kind: 'order', value: '4711' }), '#/key/order/4711');
  assert.equal(format({ ...key, kind: 'a/b', value: '../ö?#%2F', links: 0 }), '#/key/a%2Fb/..%2F%C3%B6%3F%23%252F?links=0');
  assert.deepEqual(parse('#/key/a%2Fb/..%2F%C3%B6%3F%23%252F?links=0'), { ...key, kind: 'a/b', value: '../ö?#%2F', links: 0 });
  assert.deepEqual(parse('#/key/order'), { ...key, kind: 'order' }, 'half a link');
  assert.equal((parse('#/key/order/1?links=9') as typeof key).links, 3);
  assert.equal((parse('#/key/order/1?pages=999') as typeof key).pages, 100);
});

test('an unknown page is nowhere, not home', () => {
  assert.equal(parse('#/nosuch?from=-1h').view, 'nowhere');
  assert.equal(format(parse('#/nosuch/x?from=-1h')), '#/nosuch/x?from=-1h');
  assert.equal(parse('#/').view, 'home');
  assert.equal(parse('').view, 'home');
});

test('relative windows stay relative', () => {
  assert.equal(parse('#/?from=-2h').from, '-2h');
  assert.equal(parse('').from, '-15m');
});

test('hops are whole numbers up to ten', () => {
  for (const [text, up] of [['3', 3], ['99', 10], ['-1', 1], ['x', 1], ['1e9', 1], ['', 1]] as const) {
    assert.equal((parse(`#/focus?service=a&up=${text}`) as typeof focus).up, up, text);
  }
});

test('keys of nodes can not be confused', () => {
  assert.notEqual(keyOf('a,b', 'c'), keyOf('a', 'b,c'));
  assert.notEqual(keyOf('a', ''), keyOf('', 'a'));
});

test('what a link does not say is not in it', () => {
  const half = { ...search, service: 'web', operation: undefined, calleeService: 'cart', calleeOperation: undefined } as unknown as Parameters<typeof format>[0];
  assert.equal(format(half), '#/search?service=web&calleeService=cart');
});
