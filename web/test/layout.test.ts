import test from 'node:test';
import assert from 'node:assert/strict';
import { type Box, along, backbone, columns, curve, depths, labels, overlap } from '../src/layout.ts';
import { Random } from './random.ts';

const links = (text: string, names: string[]) => text.split(' ').filter(Boolean).map((l) => {
  const [caller, callee] = l.split('>');
  return { caller: names.indexOf(caller!), callee: names.indexOf(callee!) };
});

function depthsOf(text: string): Record<string, number> {
  const names = [...new Set(text.split(/[ >]/).filter(Boolean))].sort();
  const found = depths(names, links(text, names));
  return Object.fromEntries(names.map((n, i) => [n, found[i]!]));
}

test('columns follow the longest way from the entrance', () => {
  assert.deepEqual(depthsOf('web>cart web>stock cart>stock stock>db'), { web: 0, cart: 1, stock: 2, db: 3 });
});

test('a circle is cut where it closes', () => {
  assert.deepEqual(depthsOf('out>a a>b b>c c>a'), { out: 0, a: 1, b: 2, c: 3 });
  assert.deepEqual(depthsOf('a>b b>a'), { a: 0, b: 1 });
  assert.deepEqual(depthsOf('a>a'), { a: 0 });
});

test('what is drawn leads to every node that is', () => {
  const names = ['out', 'web', 'cart', 'db', 'job'];
  const all = links('cart>db job>db out>web web>cart', names);
  assert.deepEqual(backbone(all, 1), links('cart>db out>web web>cart', names));
  assert.deepEqual(backbone(all, 9), all);
  assert.deepEqual(backbone(links('a>b b>a', ['a', 'b']), 1), links('a>b b>a', ['a', 'b']), 'a circle has an end');
});

function randomGraph(random: Random) {
  const names = Array.from({ length: 1 + random.below(30) }, (_, i) => `n${i}`);
  const edges = Array.from({ length: random.below(60) }, () => ({ caller: random.below(names.length), callee: random.below(names.length) }));
  return { names, edges };
}

/** shuffled is the same graph with its nodes and edges in another order. */
function shuffled(random: Random, names: string[], edges: { caller: number; callee: number }[]) {
  const order = names.map((_, i) => [random.next(), i] as const).sort((a, b) => a[0] - b[0]).map(([, i]) => i);
  const at = new Map(order.map((old, now) => [old, now]));
  const moved = edges.map((e) => ({ caller: at.get(e.caller)!, callee: at.get(e.callee)! })).sort(() => random.next() - 0.5);
  return { names: order.map((i) => names[i]!), edges: moved };
}

test('the same graph in another order looks the same', () => {
  const random = new Random(4);
  for (let i = 0; i < 300; i++) {
    const { names, edges } = randomGraph(random);
    const other = shuffled(random, names, edges);
    assert.deepEqual(columns(other.names, depths(other.names, other.edges), other.edges), columns(names, depths(names, edges), edges));
  }
});

test('every node stands in one place', () => {
  const random = new Random(5);
  for (let i = 0; i < 300; i++) {
    const { names, edges } = randomGraph(random);
    assert.deepEqual(columns(names, depths(names, edges), edges).flat().sort(), [...names].sort());
  }
});

test('what was there stays where it was when more comes', () => {
  const before = columns(['a', 'b', 'c'], [0, 1, 1], [{ caller: 0, callee: 1 }, { caller: 0, callee: 2 }]);
  const after = columns(['a', 'aa', 'b', 'c', 'd'], [0, 1, 1, 1, 2], [], before);
  assert.deepEqual(after, [['a'], ['b', 'c', 'aa'], ['d']]);
  assert.deepEqual(columns(['a', 'c'], [0, 1], [], after), after, 'what left keeps its room');
});

test('a node that changes its column is laid out anew', () => {
  assert.deepEqual(columns(['a', 'b'], [1, 0], [], [['a'], ['b']]), [['b'], ['a']]);
});

test('labels never cover one another or a node', () => {
  const random = new Random(6);
  const box = (): Box => ({ x: random.below(900), y: random.below(500), width: 120, height: 40 });
  for (let i = 0; i < 200; i++) {
    const boxes = Array.from({ length: 12 }, box);
    const curves = Array.from({ length: 20 }, () => curve(random.pick(boxes), random.pick(boxes)));
    const placed = labels(curves, curves.map(() => 90), boxes).filter((p) => p !== null).map((p) => ({ x: p.x - 45, y: p.y - 8, width: 90, height: 16 }));
    placed.forEach((a, k) => {
      assert.ok(boxes.every((b) => !overlap(a, b)));
      assert.ok(placed.every((b, j) => j === k || !overlap(a, b)));
    });
  }
});

test('curves begin at the caller and end at the callee', () => {
  const left = { x: 0, y: 0, width: 100, height: 40 };
  const right = { x: 300, y: 200, width: 100, height: 40 };
  assert.deepEqual(along(curve(left, right), 0), { x: 100, y: 20 });
  assert.deepEqual(along(curve(left, right), 1), { x: 300, y: 220 });
  assert.deepEqual(along(curve(right, left), 0), { x: 300, y: 220 });
  assert.deepEqual(along(curve(right, left), 1), { x: 100, y: 20 });
});
